import * as pulumi from "@pulumi/pulumi";
import type { Configuration } from "../config/configuration";
import { hostKeyOf } from "../lib/ssh-keys";
import { machinesWith, type LabDescription } from "../config/description";
import { platforms } from "../catalog/platforms/index";
import { databaseOf } from "../config/chosen-database";

/** A machine as `./lab` has to know it. */
export interface MachineAccess {
    name: string;
    address: string;
    roles: string[];
    /** systemd units of its roles. */
    services: string[];
    /** OpenSSH public key. */
    hostKey: string;
}

/** All that `./lab` needs to get in and to know what to look for. */
export interface Access {
    url: string;
    siteName: string;
    virtualAddress: string;
    loginUser: string;
    /** Private key in OpenSSH format. */
    loginKey: string;
    /** What the directors' server was compiled from. */
    directorSource: string;
    /** What the lab is meant to be; without it nobody could tell whether it is. */
    description: LabDescription;
    machines: MachineAccess[];
}

/** The stack's outputs: a few lines for a person, and `access`, whole and secret, for tools. */
export function outputsOf(configuration: Configuration) {
    const access = accessOf(configuration);
    return {
        url: access.url,
        machines: Object.fromEntries(
            access.machines.map(({ name, address, roles, services }) => [
                name,
                `${address}  ${roles.join(", ")}: ${services.map((unit) => unit.replace(/\.service$/, "")).join(", ")}`,
            ]),
        ),
        access: pulumi.secret(access),
    };
}

export function accessOf({ description, secrets }: Configuration): Access {
    return {
        url: `http://${description.virtualAddress}/`,
        siteName: description.site.hostName,
        virtualAddress: description.virtualAddress,
        loginUser: platforms[description.platform].loginUser,
        loginKey: secrets.loginKey,
        directorSource: description.director.source,
        description,
        machines: description.machines.map(({ name, address, roles }) => ({
            name,
            address,
            roles,
            services: servicesOf(description, name),
            hostKey: hostKeyOf(secrets.hostKeySeed, name).publicKey,
        })),
    };
}

function servicesOf(description: LabDescription, machineName: string): string[] {
    const { memcached, httpd, keepalived } = platforms[description.platform];
    const units = {
        database: [databaseOf(description).unit],
        memcached: [memcached.unit],
        app: ["tomcat.service", httpd.unit],
        director: ["tengine.service", keepalived.unit],
    } as const;
    return (Object.keys(units) as (keyof typeof units)[])
        .filter((role) => machinesWith(description, role).some(({ name }) => name === machineName))
        .flatMap((role) => units[role]);
}
