import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { prefixLength, type LabDescription, type MachineDescription } from "../config/description";
import type { ContainerDescription } from "../hypervisors/container-spec";
import type { BareMachine, BareMachineArgs } from "./bare-machine";

/**
 * A libvirt LXC domain with a whole system in it. terraform-provider-libvirt makes no LXC domains (it looks for an
 * `hvm` guest), so a program of ours does (launcher/isolated-host/container.ts).
 */
export class SystemContainer extends pulumi.ComponentResource implements BareMachine {
    readonly identity: pulumi.Output<string>;

    constructor(
        name: string,
        { description, machine, hostKey, loginKey, hypervisor }: BareMachineArgs,
        opts: pulumi.ComponentResourceOptions,
    ) {
        super("lab:SystemContainer", name, {}, opts);
        const tool = (verb: "create" | "delete") =>
            `exec node launcher/bundle/run.cjs container ${verb} ${machine.name}`;
        const container: ContainerDescription = {
            name: machine.name,
            network: description.network.name,
            address: machine.address,
            prefix: prefixLength(description.network.cidr),
            gateway: description.network.gateway,
            mac: machine.mac,
            memoryMiB: machine.memoryMiB,
            vcpus: machine.vcpus,
            ...modemOf(description, machine),
            // The list of other machines changes over time, so role "base" writes /etc/hosts, not the image.
            hosts: [],
            hostKey: hostKey.privateKey,
            authorizedKey: loginKey.publicKey,
            proxyPort: Number(description.packageProxy),
        };
        const domain = new local.Command(
            `${name}-domain`,
            {
                create: tool("create"),
                delete: tool("delete"),
                stdin: pulumi.secret(JSON.stringify(container)),
                addPreviousOutputInEnv: false,
                // The program's output is the domain's UUID, which nobody has to read.
                logging: local.Logging.Stderr,
                // Everything that stands on the disk. Another change, of memory for example, keeps the disk.
                triggers: [
                    description.platform,
                    machine.address,
                    machine.mac,
                    prefixLength(description.network.cidr),
                    description.network.gateway,
                    Number(description.packageProxy),
                    hostKey.publicKey,
                    loginKey.publicKey,
                ],
            },
            { parent: this, deleteBeforeReplace: true, protect: machine.protect, dependsOn: hypervisor.network },
        );
        // Pulumi's id of the command: unlike an output, it is known in the preview of an update.
        this.identity = domain.id;
        this.registerOutputs({ identity: this.identity });
    }
}

/** The modem of the machine with the role `sms`. Other machines have no field, so their command stays as it was. */
export function modemOf({ sms: { device } }: LabDescription, { roles }: MachineDescription): { devices?: string[] } {
    return roles.includes("sms") && device !== undefined && device !== "dummy" ? { devices: [device] } : {};
}
