import { createHash } from "node:crypto";
import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";
import type { KeyPair } from "../config/keys";
import type { MachineDescription, Site } from "../config/site";
import { networkConfig, userData } from "./cloud-init";
import type { BareMachine, MachineArgs } from "./machine";

/**
 * A libvirt QEMU domain: a thin volume over the platform's image, a cloud-init disk, a card in the lab's network. cloud-init does its work once
 * on a disk, so another address or key takes another disk, as another image or size does. A domain made anew for anything else keeps its disk.
 */
export class VirtualMachine extends pulumi.ComponentResource implements BareMachine {
    readonly identity: pulumi.Output<string>;
    readonly start: pulumi.Output<string>;

    constructor(name: string, { site, machine, hostKey, loginKey, hypervisor }: MachineArgs, opts: pulumi.ComponentResourceOptions) {
        super("lab:VirtualMachine", name, {}, opts);
        const { provider, network, pool, baseVolume, acceleration } = hypervisor;
        if (!pool || !baseVolume) throw new Error("a hypervisor for virtual machines has a pool and a base volume");
        const emulated = acceleration === "emulation";
        // Names are the machine's, so there cannot be an old one beside a new one.
        const child = { parent: this, provider, deleteBeforeReplace: true };
        const instance = instanceOf(site, machine, { authorizedKey: loginKey.publicKey, hostKey });
        const volume = new libvirt.Volume(`${name}-volume`, {
            name: `${instance}.qcow2`, pool: pool.name, baseVolumeId: baseVolume.id, size: machine.diskGiB * 1024 ** 3,
        }, { ...child, protect: machine.protect });
        const cloudInit = new libvirt.CloudinitDisk(`${name}-cloud-init`, {
            name: `${instance}-cloud-init.iso`,
            pool: pool.name,
            userData: pulumi.secret(userData(site, machine, { authorizedKey: loginKey.publicKey, hostKey })),
            networkConfig: networkConfig(site, machine),
            // An instance is what cloud-init takes a disk for: it does its work where it finds another one than before, so another disk is another one.
            metaData: pulumi.jsonStringify({
                "instance-id": pulumi.interpolate`${volume.baseVolumeId} ${volume.size}`.apply((disk) => `${instance}-${shortHash(disk)}`),
                "local-hostname": machine.name,
            }),
        }, child);
        const domain = new libvirt.Domain(`${name}-domain`, {
            name: machine.name,
            memory: machine.memoryMiB,
            vcpu: machine.vcpus,
            autostart: true,
            cloudinit: cloudInit.id,
            type: emulated ? "qemu" : "kvm",
            // All that the one who runs it has to offer.
            cpu: { mode: emulated ? "maximum" : "host-passthrough" },
            disks: [{ volumeId: volume.id }],
            // Its address is cloud-init's to give; the provider's `addresses` are those of DHCP leases, and of a machine without one it would see a change each time.
            networkInterfaces: [{ ...network ? { networkId: network.id } : { bridge: site.network.bridge }, mac: machine.mac.toUpperCase(), waitForLease: false }],
            // Cloud images write what happens to a serial console: `virsh console`.
            consoles: [{ type: "pty", targetPort: "0", targetType: "serial" }],
            // Not the provider's default, which QEMU has only with its desktop packages.
            graphics: { type: "vnc", listenType: "none" },
        }, {
            ...child,
            // What was found out when a machine was made is not found out again for it: a try that failed once would make all of them anew.
            ignoreChanges: site.acceleration ? [] : ["type", "cpu"],
        });
        // The provider gives each cloud-init disk that it makes an id of its own, be its name and content the same; a volume's is its path.
        this.identity = cloudInit.id;
        this.start = domain.id;
        this.registerOutputs({ identity: this.identity });
    }
}

/** A name for a machine with what cloud-init makes of it: another one where that is another. No secret goes into it. */
function instanceOf(site: Site, machine: MachineDescription, { authorizedKey, hostKey }: { authorizedKey: string; hostKey: KeyPair }): string {
    const shown = userData(site, machine, { authorizedKey, hostKey: { ...hostKey, privateKey: "" } });
    return `${machine.name}-${shortHash(shown + networkConfig(site, machine))}`;
}

const shortHash = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 8);
