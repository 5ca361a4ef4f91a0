import { dirname } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { sha256Of } from "../artifacts/disk-image";
import { requireDigest } from "../artifacts/package-layer";
import { uploadArgv, virshArgv } from "../hypervisors/virsh";
import { run } from "../lib/run";

/** The disk of a machine, as a volume. */
export interface Disk {
    /** libvirt's connection URI. */
    uri: string;
    pool: string;
    name: string;
    /** Size in bytes. */
    size: number;
    machine: string;
}

/**
 * Resource hooks that make a machine's disk a copy of `layer`. The provider leaves the content of a volume that exists
 * already ("found and left as-is", resource_libvirt_volume.go).
 *
 * The resource's inputs do not tell of layers, so no layer that appears, changes or goes replaces a machine. With input
 * `source`, `baseVolumeId` would have to be ignored, and a new image would replace no machine.
 */
export function diskHooks(disk: Disk, layer: string | undefined): pulumi.ResourceHookBinding {
    // A preview makes nothing, and Pulumi's mocks refuse hooks.
    if (pulumi.runtime.isDryRun()) return {};
    return { beforeCreate: [() => prepareDisk(disk, layer)] };
}

const virsh = ({ uri }: Disk, ...words: string[]) => run(virshArgv(uri, words));
const firstWords = (text: string) => text.split("\n").map((line) => line.trim().split(/\s+/)[0]);
const remove = (disk: Disk) => virsh(disk, "vol-delete", "--pool", disk.pool, "--vol", disk.name);

async function prepareDisk(disk: Disk, layer: string | undefined): Promise<void> {
    // Without virsh there are no layers, and no half-written disks.
    if (await isHalfWritten(disk).catch(() => false)) await remove(disk);
    if (layer === undefined) return;
    const fault = await makeDisk(disk, layer).catch(String);
    // The package run does the same work, and takes longer.
    if (fault !== undefined) await pulumi.log.warn(`${disk.machine} starts without a package layer: ${fault}`);
}

/** Whether a killed run has left the disk. A disk of a machine that is defined may be in use, and is none such. */
async function isHalfWritten(disk: Disk): Promise<boolean> {
    if (!firstWords(await virsh(disk, "vol-list", "--pool", disk.pool)).includes(disk.name)) return false;
    return !firstWords(await virsh(disk, "list", "--all", "--name")).includes(disk.machine);
}

/** Makes the volume. Fails where it must not be made from this layer, and leaves no volume then. */
async function makeDisk(disk: Disk, layer: string): Promise<undefined> {
    requireDigest(dirname(layer), await sha256Of(layer));
    const { uri, pool, name, size } = disk;
    await virsh(disk, "vol-create-as", pool, name, String(size), "--allocation", "0", "--format", "qcow2");
    await run(uploadArgv(uri, layer, name, pool)).catch(async (error: unknown) => {
        await remove(disk);
        throw error;
    });
}
