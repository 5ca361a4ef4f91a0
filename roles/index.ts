import { app } from "./app";
import { base } from "./base";
import { database } from "./database";
import { director } from "./director";
import { dumps } from "./dumps";
import { exporters } from "./exporters";
import { firewall } from "./firewall";
import { logs } from "./logs";
import { memcached } from "./memcached";
import { monitor } from "./monitor";
import { retired } from "./retired";
import { retiredAccounts } from "./retired-accounts";
import { sms } from "./sms";
import { time } from "./time";
import type { RoleDefinition } from "./role-definition";

/**
 * The registry of roles, back end before front end (article, row 8). A role waits only for roles that stand before it.
 * Everything that lists roles is derived from here.
 */
export const roles: readonly RoleDefinition[] = [
    base,
    firewall,
    time,
    logs,
    database,
    dumps,
    memcached,
    app,
    retiredAccounts,
    director,
    exporters,
    monitor,
    sms,
    retired,
];
