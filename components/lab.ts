import * as pulumi from "@pulumi/pulumi";
import type { Artifacts } from "../artifacts/needed";
import type { Configuration } from "../config/configuration";
import { hostKeyOf, publicKeyOf } from "../lib/ssh-keys";
import { hypervisorOf, machinesWith, type MachineDescription, type LabDescription } from "../config/description";
import type { Role } from "../config/schema";
import { platforms, type Platform } from "../catalog/platforms/index";
import { databaseOf } from "../config/chosen-database";
import { jdkOf } from "../config/chosen-jdk";
import type { Repository } from "../catalog/platforms/platform";
import { AppServer } from "./app-server";
import { Base } from "../roles/base";
import { Database, RetiredAccounts } from "../roles/database";
import { Director } from "./director";
import { Firewall } from "../roles/firewall";
import { Hypervisor, type HypervisorFacts } from "./hypervisor";
import { Machine } from "./machine";
import { Memcached } from "../roles/memcached";

export interface LabArgs extends Configuration {
    artifacts: Artifacts;
    /** By libvirt URI. */
    facts?: Record<string, HypervisorFacts>;
    /** None of its app servers is there yet: nobody is served, so that they need not take turns. */
    firstTime?: boolean;
}

/**
 * The whole lab: machines, then their roles in tiers, back end before front end (seed row 8). A tier waits for the components of the
 * tier behind it, which are there only when they work. The order is `dependsOn` and not an output that the next tier reads: during a
 * preview the outputs of a command that will change are unknown, and every tier in front of it would look as if it changed too.
 */
export class Lab extends pulumi.ComponentResource {
    constructor(
        name: string,
        { description, secrets, artifacts, facts, firstTime = false }: LabArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("lab:Lab", name, {}, opts);
        const platform = platforms[description.platform];
        const loginKey = { privateKey: pulumi.secret(secrets.loginKey), publicKey: publicKeyOf(secrets.loginKey) };
        const hypervisors = new Map(
            description.hypervisors.map((its) => [
                its,
                new Hypervisor(
                    `${name}-hypervisor${its.name === undefined ? "" : `-${its.name}`}`,
                    { description, uri: its.uri, ...facts?.[its.uri] },
                    { parent: this },
                ),
            ]),
        );

        const machines = new Map(
            description.machines.map((its) => {
                const machine = new Machine(
                    its.name,
                    {
                        description,
                        machine: its,
                        hostKey: hostKeyOf(secrets.hostKeySeed, its.name),
                        loginKey,
                        hypervisor: hypervisors.get(hypervisorOf(description, its)) as Hypervisor,
                    },
                    { parent: this },
                );
                machine.host.install(packagesOf(its, description), repositoriesOf(its, description));
                new Base(
                    `${its.name}-base`,
                    { description, platform, machine: its, host: machine.host },
                    { parent: machine },
                );
                new Firewall(
                    `${its.name}-firewall`,
                    { description, platform, machine: its, host: machine.host },
                    { parent: machine },
                );
                return [its.name, machine];
            }),
        );
        /** One component for each machine with `role`. */
        const tier = <T>(
            role: Role,
            make: (
                componentName: string,
                context: {
                    description: LabDescription;
                    platform: Platform;
                    machine: MachineDescription;
                    host: Machine["host"];
                },
                opts: pulumi.ComponentResourceOptions,
            ) => T,
        ) =>
            machinesWith(description, role).map((its) => {
                const machine = machines.get(its.name) as Machine;
                return make(
                    `${its.name}-${role}`,
                    { description, platform, machine: its, host: machine.host },
                    { parent: machine },
                );
            });

        const databasePassword = pulumi.secret(secrets.databasePassword);
        const backEnd = [
            ...tier(
                "database",
                (component, context, options) =>
                    new Database(component, { ...context, password: databasePassword }, options),
            ),
            ...tier("memcached", (component, context, options) => new Memcached(component, context, options)),
        ];
        // One Tomcat after the other: whatever makes them restart, one of them works.
        let previous: pulumi.Resource[] = [];
        const appServers = tier("app", (component, context, options) => {
            const { ready } = new AppServer(
                component,
                { ...context, password: databasePassword, artifacts, after: [...backEnd, ...previous] },
                options,
            );
            if (!firstTime) previous = [ready];
            return ready;
        });
        tier(
            "database",
            (component, context, options) =>
                new RetiredAccounts(
                    `${component}-retired-accounts`,
                    { ...context, password: databasePassword, after: appServers },
                    options,
                ),
        );
        tier(
            "director",
            (component, context, options) =>
                new Director(
                    component,
                    { ...context, password: pulumi.secret(secrets.vrrpPassword), artifacts, after: appServers },
                    options,
                ),
        );
        for (const { host } of machines.values()) host.uploadRoles();
        this.registerOutputs({});
    }
}

/** All that the machine's roles need, so that its package manager runs once. */
export function packagesOf(machine: MachineDescription, description: LabDescription): string[] {
    const { packages } = platforms[description.platform];
    const byRole: Record<Role, string[]> = {
        app: [...jdkOf(description).packages, ...packages.httpd],
        memcached: packages.memcached,
        database: databaseOf(description).packages,
        director: [...packages.directorRuntime, ...packages.keepalived],
    };
    return [...packages.base, ...machine.roles.flatMap((role) => byRole[role])];
}

/** Publishers' own repositories that some of these packages come from. */
export function repositoriesOf(machine: MachineDescription, description: LabDescription): Repository[] {
    const { repository } = databaseOf(description);
    return machine.roles.includes("database") && repository ? [repository] : [];
}
