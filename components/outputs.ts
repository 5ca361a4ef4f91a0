import * as pulumi from "@pulumi/pulumi";
import type { Configuration } from "../config/describe";
import { hostKeyOf } from "../config/keys";
import { machinesWith, type Site } from "../config/site";
import { platforms } from "../platforms";

/** A machine as the stack's output tells of it; `./lab` reads it to get in and to know what to look for. */
export interface MachineOutput {
    name: string;
    address: string;
    roles: string[];
    /** systemd units of its roles. */
    services: string[];
    /** OpenSSH public key. */
    hostKey: string;
}

export interface StackOutputs {
    url: string;
    siteName: string;
    virtualAddress: string;
    loginUser: string;
    /** What the directors' server was compiled from. */
    directorSource: string;
    machines: MachineOutput[];
    /** Secret: private key in OpenSSH format. */
    loginKey: pulumi.Output<string>;
}

export function outputsOf({ site, secrets }: Configuration): StackOutputs {
    return {
        url: `http://${site.virtualAddress}/`,
        siteName: site.site.hostName,
        virtualAddress: site.virtualAddress,
        loginUser: platforms[site.platform].loginUser,
        directorSource: site.director.source,
        machines: site.machines.map(({ name, address, roles }) => ({
            name, address, roles, services: servicesOf(site, name), hostKey: hostKeyOf(secrets.hostKeySeed, name).publicKey,
        })),
        loginKey: pulumi.secret(secrets.loginKey),
    };
}

function servicesOf(site: Site, machineName: string): string[] {
    const { database, memcached, httpd, keepalived } = platforms[site.platform];
    const units = {
        database: [database.unit],
        memcached: [memcached.unit],
        app: ["tomcat.service", httpd.unit],
        director: ["tengine.service", keepalived.unit],
    } as const;
    return (Object.keys(units) as (keyof typeof units)[])
        .filter((role) => machinesWith(site, role).some(({ name }) => name === machineName))
        .flatMap((role) => units[role]);
}
