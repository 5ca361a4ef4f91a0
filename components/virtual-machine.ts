import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";
import { platforms } from "../platforms";
import { networkConfig, userData } from "./cloud-init";
import type { BareMachine, MachineArgs } from "./machine";

/** A libvirt QEMU domain: a thin volume over the platform's image, a cloud-init disk, a card in the lab's network. */
export class VirtualMachine extends pulumi.ComponentResource implements BareMachine {
    readonly identity: pulumi.Output<string>;

    constructor(name: string, { site, machine, hostKey, loginKey, hypervisor }: MachineArgs, opts: pulumi.ComponentResourceOptions) {
        super("lab:VirtualMachine", name, {}, opts);
        const { provider, network, pool, baseVolume } = hypervisor;
        if (!pool || !baseVolume) throw new Error("a hypervisor for virtual machines has a pool and a base volume");
        // Names are the machine's, so there cannot be an old one beside a new one.
        const child = { parent: this, provider, deleteBeforeReplace: true };
        const volume = new libvirt.Volume(`${name}-volume`, {
            name: `${machine.name}.qcow2`, pool: pool.name, baseVolumeId: baseVolume.id, size: machine.diskGiB * 1024 ** 3,
        }, child);
        const cloudInit = new libvirt.CloudinitDisk(`${name}-cloud-init`, {
            name: `${machine.name}-cloud-init.iso`,
            pool: pool.name,
            userData: pulumi.secret(userData(machine, { loginUser: platforms[site.platform].loginUser, authorizedKey: loginKey.publicKey, hostKey })),
            networkConfig: networkConfig(site, machine),
            metaData: JSON.stringify({ "instance-id": machine.name, "local-hostname": machine.name }),
        }, child);
        const domain = new libvirt.Domain(`${name}-domain`, {
            name: machine.name,
            memory: machine.memoryMiB,
            vcpu: machine.vcpus,
            autostart: true,
            cloudinit: cloudInit.id,
            cpu: { mode: "host-passthrough" },
            disks: [{ volumeId: volume.id }],
            networkInterfaces: [{ networkId: network.id, mac: machine.mac.toUpperCase(), addresses: [machine.address], waitForLease: false }],
            // Cloud images write what happens to a serial console: `virsh console`.
            consoles: [{ type: "pty", targetPort: "0", targetType: "serial" }],
        }, child);
        this.identity = domain.id;
        this.registerOutputs({ identity: this.identity });
    }
}
