import type { types } from "@pulumi/command";
import * as libvirt from "@pulumi/libvirt";
import * as pulumi from "@pulumi/pulumi";
import type { DiskImage } from "../artifacts/disk-image";
import { poolFolder, type LabDescription } from "../config/description";
import type { Acceleration } from "../hypervisors/acceleration";
import type { JumpHost } from "../hypervisors/jump-host";
import { render } from "../roles/template";

/** What virtual machines are made of, and what runs them. */
export interface Virtualization {
    image: DiskImage;
    acceleration: Acceleration;
}

/** What only looking tells of a hypervisor. */
export interface HypervisorFacts {
    /** For virtual machines. */
    virtualization?: Virtualization;
    /** Where machines are reached through it. */
    jumpHost?: JumpHost;
}

export interface HypervisorArgs extends HypervisorFacts {
    description: LabDescription;
    /** libvirt's. */
    uri: string;
}

/**
 * libvirt, with the lab's network, unless that is there already, and, for virtual machines, the disk that all of theirs start from: it is
 * uploaded once, through libvirt's own connection.
 */
export class Hypervisor extends pulumi.ComponentResource {
    readonly provider: libvirt.Provider;
    /** Undefined where machines are on a bridge that is there. */
    readonly network?: libvirt.Network;
    readonly pool?: libvirt.Pool;
    readonly baseVolume?: libvirt.Volume;
    /** What the base volume is made of (DiskImage.identity). */
    readonly image?: string;
    readonly acceleration?: Acceleration;
    /** Through which ssh to the machines goes. */
    readonly proxy?: types.input.remote.ProxyConnectionArgs;

    constructor(
        name: string,
        { description, uri, virtualization, jumpHost }: HypervisorArgs,
        opts: pulumi.ComponentResourceOptions,
    ) {
        super("lab:Hypervisor", name, {}, opts);
        this.provider = new libvirt.Provider(`${name}-libvirt`, { uri }, { parent: this });
        // Names are fixed, so there cannot be an old one beside a new one.
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
                    // An isolated lab has no way out; its packages come through the proxy at the gateway.
                    mode: description.isolated ? "none" : "nat",
                    bridge: network.bridge,
                    addresses: [network.cidr],
                    autostart: true,
                    // Addresses are static and the machines' own names stand in /etc/hosts; other names are only to be had with a way out.
                    dhcp: { enabled: false },
                    dns: { enabled: !description.isolated },
                    // Without it the bridge forwards nothing for its first seconds (spanning tree), and the provider has no argument for it.
                    xml: { xslt: render("libvirt/network.xslt", { gateway: network.gateway }) },
                },
                child,
            );
        if (virtualization) {
            const { image } = virtualization;
            this.image = image.identity;
            this.acceleration = virtualization.acceleration;
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
