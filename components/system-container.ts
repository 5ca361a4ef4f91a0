import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { prefixLength } from "../config/description";
import type { ContainerDescription } from "../hypervisors/container-spec";
import type { BareMachine, BareMachineArgs } from "./bare-machine";

/**
 * A libvirt LXC domain with a whole system in it. terraform-provider-libvirt knows no LXC domain (it looks for an `hvm` guest), so a
 * tool of ours drives libvirt.
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
            // Which others there are changes while it lives: that is the role base's business.
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
                // Its output, the domain's UUID, is not for the screen.
                logging: local.Logging.Stderr,
                // What is on its disk, and so makes it another one. More memory, say, is an update: another domain with the same disk.
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
        // Pulumi's own, as it is known in the preview of an update too.
        this.identity = domain.id;
        this.registerOutputs({ identity: this.identity });
    }
}
