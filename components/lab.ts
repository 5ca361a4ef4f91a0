import * as pulumi from "@pulumi/pulumi";
import type { Artifacts } from "../artifacts/local-artifacts";
import type { Configuration } from "../config/configuration";
import { hypervisorOf, type HypervisorDescription } from "../config/description";
import { hypervisorResource, machineResource } from "../config/resource-names";
import { hostKeyOf, publicKeyOf } from "../lib/ssh-keys";
import { roles } from "../roles/index";
import { contextOf, hasRole } from "../roles/of-machine";
import type { RoleContext, RoleDefinition } from "../roles/role-definition";
import { hasNoSecrets } from "../roles/application-secrets";
import { Hypervisor, type HypervisorFacts } from "./hypervisor";
import { Machine } from "./machine";
import { createRole } from "./role";
import { siteTimes } from "./site-times";
import { machineStage } from "./staging";

export interface LabArgs extends Configuration {
    artifacts: Artifacts;
    /** By libvirt URI. */
    facts?: Record<string, HypervisorFacts>;
    /** Whether no app server exists yet. Nobody is served then, so no machine has to take turns. */
    firstTime?: boolean;
    /** Folder for staged files. Default: `.stage` in the checkout. */
    stage?: string;
}

interface MachineInLab {
    machine: Machine;
    context: RoleContext;
}

/**
 * A whole lab: hypervisors, machines, then roles, back end before front end (article, row 8). A role waits for the
 * resources of the roles behind it, which exist only when they work.
 *
 * The order is `dependsOn`, not an output that the next role reads. In a preview the outputs of a changed command are
 * unknown, so every role in front of it would look changed, too.
 */
export class Lab extends pulumi.ComponentResource {
    constructor(
        name: string,
        private readonly args: LabArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("lab:Lab", name, {}, opts);
        this.createRoles(this.createMachines(this.createHypervisors()));
        this.registerOutputs({});
    }

    private createHypervisors(): Map<HypervisorDescription, Hypervisor> {
        const { description, facts } = this.args;
        return new Map(
            description.hypervisors.map((hypervisor) => {
                const args = { description, uri: hypervisor.uri, ...facts?.[hypervisor.uri] };
                return [hypervisor, new Hypervisor(hypervisorResource(hypervisor.name), args, { parent: this })];
            }),
        );
    }

    private createMachines(hypervisors: Map<HypervisorDescription, Hypervisor>): MachineInLab[] {
        const { description, secrets, artifacts, stage } = this.args;
        const loginKey = { privateKey: pulumi.secret(secrets.loginKey), publicKey: publicKeyOf(secrets.loginKey) };
        const passwords = {
            database: pulumi.secret(secrets.databasePassword),
            vrrp: pulumi.secret(secrets.vrrpPassword),
            application: hasNoSecrets(secrets.applicationSecrets)
                ? undefined
                : pulumi.secret(secrets.applicationSecrets),
        };
        const times = siteTimes(description, { parent: this });
        return description.machines.map((machine) => {
            const context = contextOf(machine, { description, artifacts, passwords, siteTimes: times });
            const hypervisor = hypervisors.get(hypervisorOf(description, machine)) as Hypervisor;
            const hostKey = hostKeyOf(secrets.hostKeySeed, machine.name);
            const args = { context, hostKey, loginKey, hypervisor, stage: machineStage(machine.name, stage) };
            return { context, machine: new Machine(machineResource(machine.name), args, { parent: this }) };
        });
    }

    private createRoles(machines: MachineInLab[]) {
        const working = new Map<string, pulumi.Resource[]>();
        for (const role of roles) {
            // What waits for all roles ends what was before. The first time nothing was.
            const all = this.args.firstTime ? [] : [...working.keys()];
            const awaited = role.steps
                .flatMap(({ after }) => (after?.roles === "all" ? all : (after?.roles ?? [])))
                .flatMap((name) => working.get(name) ?? []);
            const made: pulumi.Resource[] = [];
            for (const { machine, context } of inTurns(
                role,
                machines.filter(({ context }) => hasRole(context.machine, context.description, role)),
            )) {
                const previous = role.takesTurns && !this.args.firstTime ? made.slice(-1) : [];
                made.push(createRole(role, machine, context, [...awaited, ...previous]));
            }
            working.set(role.name, made);
        }
    }
}

/** The machines with a role in the order in which they are changed. */
function inTurns({ takesTurns }: RoleDefinition, machines: MachineInLab[]): MachineInLab[] {
    if (typeof takesTurns !== "function") return machines;
    return [...machines].sort((one, other) => takesTurns(one.context.machine) - takesTurns(other.context.machine));
}
