import { createHash } from "node:crypto";
import * as path from "node:path";
import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";
import type { KeyPair } from "../lib/ssh-keys";
import type { MachineDescription, LabDescription } from "../config/description";
import { networkConfig, userData } from "./cloud-init";
import { whileMade, type CloudInitFiles } from "./cloud-init-disk";
import type { BareMachine, BareMachineArgs } from "./bare-machine";
import { stagingFolder } from "./staging";

/**
 * A libvirt QEMU domain: a thin volume over the platform's image, a cloud-init disk, a card in the lab's network. cloud-init does its work once
 * on a disk, so another address or key takes another disk, as another image or size does. A domain made anew for anything else keeps its disk.
 */
export class VirtualMachine extends pulumi.ComponentResource implements BareMachine {
    readonly identity: pulumi.Output<string>;
    readonly start: pulumi.Output<string>;

    constructor(
        name: string,
        { description, machine, hostKey, loginKey, hypervisor }: BareMachineArgs,
        opts: pulumi.ComponentResourceOptions,
    ) {
        super("lab:VirtualMachine", name, {}, opts);
        const { provider, network, pool, baseVolume, image, acceleration } = hypervisor;
        if (!pool || !baseVolume || !image)
            throw new Error("a hypervisor for virtual machines has a pool and a base volume");
        const emulated = acceleration === "emulation";
        // Names are the machine's, so there cannot be an old one beside a new one.
        const child = { parent: this, provider, deleteBeforeReplace: true };
        const instance = instanceOf(description, machine, { authorizedKey: loginKey.publicKey, hostKey });
        const volume = new libvirt.Volume(
            `${name}-volume`,
            {
                name: `${instance}.qcow2`,
                pool: pool.name,
                baseVolumeId: baseVolume.id,
                size: machine.diskGiB * 1024 ** 3,
            },
            { ...child, protect: machine.protect },
        );
        // What cloud-init takes a disk for: it does its work where it finds another one than before, so another disk is another one.
        const instanceId = `${instance}-${shortHash(`${image} ${machine.diskGiB}`)}`;
        // Relative to the project's folder, which is also the provider's. Its name is all that the provider knows of what is in there.
        const source = path.join(stagingFolder(), machine.name, `${instanceId}.iso`);
        const files: CloudInitFiles = {
            "user-data": userData(description, machine, { authorizedKey: loginKey.publicKey, hostKey }),
            "meta-data": JSON.stringify({ "instance-id": instanceId, "local-hostname": machine.name }),
            "network-config": networkConfig(description, machine),
        };
        // Pulumi names it, each one that it makes otherwise, be its content the same. libvirt takes its format for raw at first, and later for iso.
        const cloudInit = new libvirt.Volume(
            `${name}-cloud-init`,
            { pool: pool.name, source },
            { ...child, hooks: whileMade(source, files) },
        );
        const domain = new libvirt.Domain(
            `${name}-domain`,
            {
                name: machine.name,
                memory: machine.memoryMiB,
                vcpu: machine.vcpus,
                autostart: true,
                // A volume's id, and after the semicolon what a CloudinitDisk's has there.
                cloudinit: pulumi.interpolate`${cloudInit.id};`,
                type: emulated ? "qemu" : "kvm",
                // All that the one who runs it has to offer.
                cpu: { mode: emulated ? "maximum" : "host-passthrough" },
                disks: [{ volumeId: volume.id }],
                // Its address is cloud-init's to give; the provider's `addresses` are those of DHCP leases, and of a machine without one it would see a change each time.
                networkInterfaces: [
                    {
                        ...(network ? { networkId: network.id } : { bridge: description.network.bridge }),
                        mac: machine.mac.toUpperCase(),
                        waitForLease: false,
                    },
                ],
                // Cloud images write what happens to a serial console: `virsh console`.
                consoles: [{ type: "pty", targetPort: "0", targetType: "serial" }],
                // Not the provider's default, which QEMU has only with its desktop packages.
                graphics: { type: "vnc", listenType: "none" },
            },
            {
                ...child,
                // What was found out when a machine was made is not found out again for it: a try that failed once would make all of them anew.
                ignoreChanges: description.acceleration ? [] : ["type", "cpu"],
            },
        );
        // A volume's id is its path, so with the name it is another one for each cloud-init disk that is made.
        this.identity = cloudInit.id;
        this.start = domain.id;
        this.registerOutputs({ identity: this.identity });
    }
}

/** A name for a machine with what cloud-init makes of it: another one where that is another. No secret goes into it. */
function instanceOf(
    description: LabDescription,
    machine: MachineDescription,
    { authorizedKey, hostKey }: { authorizedKey: string; hostKey: KeyPair },
): string {
    const shown = userData(description, machine, { authorizedKey, hostKey: { ...hostKey, privateKey: "" } });
    return `${machine.name}-${shortHash(shown + networkConfig(description, machine))}`;
}

const shortHash = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 8);
