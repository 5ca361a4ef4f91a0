import * as pulumi from "@pulumi/pulumi";
import { packagesOf, repositoriesOf, stepConfigurations } from "../roles/of-machine";
import type { RoleContext } from "../roles/role-definition";
import type { BareMachine, BareMachineArgs } from "./bare-machine";
import { Host } from "./host";
import { SystemContainer } from "./system-container";
import { VirtualMachine } from "./virtual-machine";

export interface MachineArgs extends Pick<BareMachineArgs, "hostKey" | "loginKey" | "hypervisor"> {
    context: RoleContext;
}

/** A machine of either kind. Its `host` brings the roles' steps to it. */
export class Machine extends pulumi.ComponentResource {
    readonly host: Host;

    constructor(name: string, { context, ...keys }: MachineArgs, opts: pulumi.ComponentResourceOptions) {
        super("lab:Machine", name, {}, opts);
        const { description, machine, platform } = context;
        const Kind = description.machineKind === "container" ? SystemContainer : VirtualMachine;
        const bare: BareMachine = new Kind(name, { description, machine, ...keys }, { parent: this });
        this.host = new Host(
            `${name}-host`,
            {
                machineName: machine.name,
                platform,
                connection: {
                    address: machine.address,
                    privateKey: keys.loginKey.privateKey,
                    hostKey: keys.hostKey.publicKey,
                    proxy: keys.hypervisor.proxy,
                },
                identity: bare.identity,
                start: bare.start,
                machine: bare,
                packages: packagesOf(machine, description),
                repositories: repositoriesOf(machine, description),
                steps: stepConfigurations(context),
            },
            { parent: this, dependsOn: [bare] },
        );
        this.registerOutputs({ address: machine.address });
    }
}
