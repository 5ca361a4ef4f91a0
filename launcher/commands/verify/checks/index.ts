import type { Check } from "../check";
import { appServers, pages } from "./pages";
import { logs } from "./logs";
import { monitoring } from "./monitoring";
import { banners, hardening, logins, tomcat, users } from "./privileges";
import { ports, stranger } from "./ports";
import { database, memcached, sessions } from "./state";
import { restarts, services, virtualAddress } from "./services";

/** The checks of `./lab verify` by name, in the order in which they run and are reported. */
export const checks: Record<string, Check> = {
    services,
    restarts,
    logs,
    "virtual-address": virtualAddress,
    pages,
    "app-servers": appServers,
    sessions,
    memcached,
    database,
    ports,
    stranger,
    users,
    hardening,
    logins,
    banners,
    tomcat,
    monitoring,
};
