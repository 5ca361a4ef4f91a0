import { createHash } from "node:crypto";
import * as path from "node:path";
import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";
import type { KeyPair } from "../lib/ssh-keys";
import type { MachineDescription, LabDescription } from "../config/description";
import { diskHooks } from "./disk-from-layer";
import { networkConfig, userData } from "./cloud-init";
import { cloudInitDiskHooks, type CloudInitFiles } from "./cloud-init-disk";
import type { BareMachine, BareMachineArgs } from "./bare-machine";

/**
 * A libvirt QEMU domain with a disk, a cloud-init disk, and a card in the lab's network. The disk is a thin volume over
 * the platform's image, or a copy of a package layer. cloud-init works once on a disk, so a changed address or key
 * takes another disk, as a changed image or size does. Other changes keep the disk.
 */
export class VirtualMachine extends pulumi.ComponentResource implements BareMachine {
    readonly identity: pulumi.Output<string>;
    readonly start: pulumi.Output<string>;

    constructor(
        name: string,
        { description, machine, hostKey, loginKey, hypervisor, stage }: BareMachineArgs,
        opts: pulumi.ComponentResourceOptions,
    ) {
        super("lab:VirtualMachine", name, {}, opts);
        const { uri, provider, network, pool, baseVolume, image, acceleration, layers } = hypervisor;
        if (!pool || !baseVolume || !image)
            throw new Error("a hypervisor for virtual machines has a pool and a base volume");
        const emulated = acceleration === "emulation";
        // Names are fixed, so the old resource has to go before the new one comes.
        const child = { parent: this, provider, deleteBeforeReplace: true };
        const instance = instanceOf(description, machine, { authorizedKey: loginKey.publicKey, hostKey });
        const disk = { name: `${instance}.qcow2`, size: machine.diskGiB * 1024 ** 3 };
        const place = { uri, pool: description.network.name, machine: machine.name };
        const volume = new libvirt.Volume(
            `${name}-volume`,
            { ...disk, pool: pool.name, baseVolumeId: baseVolume.id },
            { ...child, protect: machine.protect, hooks: diskHooks({ ...place, ...disk }, layers?.[machine.name]) },
        );
        // cloud-init works when it finds another instance id than before, so every disk has an id of its own.
        const instanceId = `${instance}-${shortHash(`${image} ${machine.diskGiB}`)}`;
        // Relative to the checkout, where the provider runs. The provider tells versions of the disk apart by this name
        // alone.
        const source = path.join(stage, `${instanceId}.iso`);
        const files: CloudInitFiles = {
            "user-data": userData(description, machine, { authorizedKey: loginKey.publicKey, hostKey }),
            "meta-data": JSON.stringify({ "instance-id": instanceId, "local-hostname": machine.name }),
            "network-config": networkConfig(description, machine),
        };
        // No fixed name: each replacement gets a new one, even with identical content. No format: libvirt reports it as
        // raw first, later as iso.
        const cloudInit = new libvirt.Volume(
            `${name}-cloud-init`,
            { pool: pool.name, source },
            { ...child, hooks: cloudInitDiskHooks(source, files) },
        );
        const domain = new libvirt.Domain(
            `${name}-domain`,
            {
                name: machine.name,
                memory: machine.memoryMiB,
                vcpu: machine.vcpus,
                autostart: true,
                // The provider expects "VOLUME_ID;" here.
                cloudinit: pulumi.interpolate`${cloudInit.id};`,
                type: emulated ? "qemu" : "kvm",
                // Everything that the hypervisor's processor offers.
                cpu: { mode: emulated ? "maximum" : "host-passthrough" },
                disks: [{ volumeId: volume.id }],
                // cloud-init sets the address. The provider's `addresses` are DHCP leases; without one it would show a
                // change each time.
                networkInterfaces: [
                    {
                        ...(network ? { networkId: network.id } : { bridge: description.network.bridge }),
                        mac: machine.mac.toUpperCase(),
                        waitForLease: false,
                    },
                ],
                // Cloud images log to a serial console (`virsh console`).
                consoles: [{ type: "pty", targetPort: "0", targetType: "serial" }],
                // QEMU has the provider's default, spice, only with its desktop packages.
                graphics: { type: "vnc", listenType: "none" },
            },
            {
                ...child,
                // Acceleration was found out when the machine was made. A failed try later must not make all machines
                // anew.
                ignoreChanges: description.acceleration ? [] : ["type", "cpu"],
            },
        );
        // A volume's id is its path, which changes with each cloud-init disk that is made.
        this.identity = cloudInit.id;
        this.start = domain.id;
        this.registerOutputs({ identity: this.identity });
    }
}

/** The machine's name with a hash of what cloud-init makes of it, without secrets. */
function instanceOf(
    description: LabDescription,
    machine: MachineDescription,
    { authorizedKey, hostKey }: { authorizedKey: string; hostKey: KeyPair },
): string {
    const shown = userData(description, machine, { authorizedKey, hostKey: { ...hostKey, privateKey: "" } });
    return `${machine.name}-${shortHash(shown + networkConfig(description, machine))}`;
}

const shortHash = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 8);
