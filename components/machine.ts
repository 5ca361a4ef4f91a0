import * as pulumi from "@pulumi/pulumi";
import type { KeyPair } from "../lib/ssh-keys";
import type { MachineDescription, LabDescription } from "../config/description";
import { platforms } from "../catalog/platforms/index";
import { Host } from "./host";
import type { Hypervisor } from "./hypervisor";
import { SystemContainer } from "./system-container";
import { VirtualMachine } from "./virtual-machine";

export interface MachineArgs {
    description: LabDescription;
    machine: MachineDescription;
    hostKey: KeyPair;
    loginKey: { privateKey: pulumi.Output<string>; publicKey: string };
    hypervisor: Hypervisor;
}

/** What both kinds of machine give: role components cannot tell them apart. */
export interface BareMachine extends pulumi.Resource {
    /** Changes with the machine's disk; all that is on it is then done again. */
    identity: pulumi.Output<string>;
    /** Changes when a machine is made anew that keeps its disk. Undefined where none does. */
    start?: pulumi.Output<string>;
}

/** A machine of either kind, with `host` for what is done on it. */
export class Machine extends pulumi.ComponentResource {
    readonly host: Host;

    constructor(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions) {
        super("lab:Machine", name, {}, opts);
        const { description, machine, hostKey, loginKey, hypervisor } = args;
        const Kind = description.machineKind === "container" ? SystemContainer : VirtualMachine;
        const bare: BareMachine = new Kind(name, args, { parent: this });
        this.host = new Host(
            `${name}-host`,
            {
                machineName: machine.name,
                platform: platforms[description.platform],
                connection: {
                    address: machine.address,
                    privateKey: loginKey.privateKey,
                    hostKey: hostKey.publicKey,
                    proxy: hypervisor.proxy,
                },
                identity: bare.identity,
                start: bare.start,
                machine: bare,
            },
            { parent: this, dependsOn: [bare] },
        );
        this.registerOutputs({ address: machine.address });
    }
}
