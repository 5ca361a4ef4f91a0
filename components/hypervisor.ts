import type { types } from "@pulumi/command";
import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";
import type { DiskImage } from "../artifacts/disk-image";
import { poolFolder, type LabDescription } from "../config/description";
import type { Acceleration } from "../hypervisors/acceleration";
import type { JumpHost } from "../hypervisors/jump-host";
import { render } from "../roles/template";

/** What virtual machines start from, and how they run. */
export interface Virtualization {
    image: DiskImage;
    acceleration: Acceleration;
    /** Disk of the package layer that a machine starts from, by the machine's name. */
    layers?: Record<string, string>;
}

/** What cannot be read from the stack file, only found out at the hypervisor. */
export interface HypervisorFacts {
    /** Undefined for containers. */
    virtualization?: Virtualization;
    /** Undefined where machines are reached without it. */
    jumpHost?: JumpHost;
}

export interface HypervisorArgs extends HypervisorFacts {
    description: LabDescription;
    /** libvirt's connection URI. */
    uri: string;
}

/**
 * A hypervisor: libvirt's connection, the lab's network unless it exists already, and the disk that virtual machines
 * start from. The disk is uploaded once, through libvirt's connection.
 */
export class Hypervisor extends pulumi.ComponentResource {
    /** libvirt's connection URI. */
    readonly uri: string;
    readonly provider: libvirt.Provider;
    /** Undefined where machines are on an existing bridge. */
    readonly network?: libvirt.Network;
    readonly pool?: libvirt.Pool;
    readonly baseVolume?: libvirt.Volume;
    /** Identity of the image in the base volume (DiskImage.identity). */
    readonly image?: string;
    readonly acceleration?: Acceleration;
    readonly layers?: Record<string, string>;
    /** What ssh to the machines goes through. */
    readonly proxy?: types.input.remote.ProxyConnectionArgs;

    constructor(
        name: string,
        { description, uri, virtualization, jumpHost }: HypervisorArgs,
        opts: pulumi.ComponentResourceOptions,
    ) {
        super("lab:Hypervisor", name, {}, opts);
        this.uri = uri;
        this.provider = new libvirt.Provider(`${name}-libvirt`, { uri }, { parent: this });
        // Names are fixed, so the old resource has to go before the new one comes.
        const child = { parent: this, provider: this.provider, deleteBeforeReplace: true };
        this.proxy = jumpHost && {
            ...jumpHost,
            privateKey: jumpHost.privateKey === undefined ? undefined : pulumi.secret(jumpHost.privateKey),
        };
        const { network } = description;
        if (network.mode === "nat")
            this.network = new libvirt.Network(
                `${name}-network`,
                {
                    name: network.name,
                    // An isolated lab has no way out. Its packages come through the proxy at the gateway.
                    mode: description.isolated ? "none" : "nat",
                    bridge: network.bridge,
                    addresses: [network.cidr],
                    autostart: true,
                    // Addresses are static, and /etc/hosts has the machines' names. Other names need a way out.
                    dhcp: { enabled: false },
                    dns: { enabled: !description.isolated },
                    // Turns spanning tree off: with it the bridge forwards nothing for seconds. The provider has no
                    // argument.
                    xml: { xslt: render("libvirt/network.xslt", { gateway: network.gateway }) },
                },
                child,
            );
        if (virtualization) {
            const { image } = virtualization;
            this.image = image.identity;
            this.acceleration = virtualization.acceleration;
            this.layers = virtualization.layers;
            this.pool = new libvirt.Pool(
                `${name}-pool`,
                { name: network.name, type: "dir", target: { path: poolFolder(description) } },
                child,
            );
            this.baseVolume = new libvirt.Volume(
                `${name}-base`,
                {
                    name: `${description.platform}-${image.identity}.qcow2`,
                    pool: this.pool.name,
                    source: image.path,
                    format: "qcow2",
                },
                { ...child, ignoreChanges: ["source"] },
            ); // its name says what it is; where that lies on the control machine is no part of it
        }
        this.registerOutputs({});
    }
}
