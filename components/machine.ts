import * as pulumi from "@pulumi/pulumi";
import { packagesOf, repositoriesOf, stepConfigurations } from "../roles/of-machine";
import type { RoleContext } from "../roles/role-definition";
import type { BareMachine, BareMachineArgs } from "./bare-machine";
import { Host } from "./host";
import { SystemContainer } from "./system-container";
import { VirtualMachine } from "./virtual-machine";

export interface MachineArgs extends Pick<BareMachineArgs, "hostKey" | "loginKey" | "hypervisor" | "stage"> {
    context: RoleContext;
}

/** A machine of either kind. Its `host` brings the roles' steps to it. */
export class Machine extends pulumi.ComponentResource {
    readonly host: Host;

    constructor(name: string, { context, ...birth }: MachineArgs, opts: pulumi.ComponentResourceOptions) {
        super("lab:Machine", name, {}, opts);
        const { description, machine, platform } = context;
        const Kind = description.machineKind === "container" ? SystemContainer : VirtualMachine;
        const bare: BareMachine = new Kind(name, { description, machine, ...birth }, { parent: this });
        this.host = new Host(
            `${name}-host`,
            {
                machineName: machine.name,
                platform,
                connection: {
                    address: machine.address,
                    privateKey: birth.loginKey.privateKey,
                    hostKey: birth.hostKey.publicKey,
                    proxy: birth.hypervisor.proxy,
                },
                identity: bare.identity,
                start: bare.start,
                machine: bare,
                stage: birth.stage,
                packages: packagesOf(machine, description),
                repositories: repositoriesOf(machine, description),
                steps: stepConfigurations(context),
            },
            { parent: this, dependsOn: [bare] },
        );
        this.registerOutputs({ address: machine.address });
    }
}
