import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { run } from "../lib/run";

/** The files on a cloud-init disk, by name (cloud-init's documentation, datasource NoCloud). */
export type CloudInitFiles = Record<"user-data" | "meta-data" | "network-config", string>;

/**
 * Resource hooks by which `file` holds a cloud-init disk with `files` while a resource uploads it. The file is deleted
 * afterwards, because the disk holds the host key.
 *
 * libvirt.CloudinitDisk would be less code. But the provider reads such a disk back, and its client then deadlocks
 * about once in sixty times over ssh (go-libvirt issue 241). A volume is only written.
 */
export function cloudInitDiskHooks(file: string, files: CloudInitFiles): pulumi.ResourceHookBinding {
    // A preview makes nothing, and Pulumi's mocks refuse hooks.
    if (pulumi.runtime.isDryRun()) return {};
    const remove = () => {
        fs.rmSync(file, { force: true });
    };
    // A killed run may have left its file.
    remove();
    removals.push(remove);
    return { beforeCreate: [() => makeCloudInitDisk(file, files)], afterCreate: [remove] };
}

/** Called once more when the program ends: no hook runs after a resource that could not be made. */
const removals: (() => void)[] = [];
process.once("exit", () => {
    for (const remove of removals) remove();
});

/** Writes an ISO 9660 file system to `file`, with mode 0600. Throws a ProgramError when mkisofs fails. */
async function makeCloudInitDisk(file: string, files: CloudInitFiles): Promise<void> {
    const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "cloud-init-"));
    try {
        for (const [name, content] of Object.entries(files))
            fs.writeFileSync(path.join(scratch, name), content, { mode: 0o600 });
        const disk = path.join(scratch, "disk.iso");
        await run([
            "mkisofs",
            "-quiet",
            "-output",
            disk,
            "-volid",
            "cidata",
            "-joliet",
            "-rock",
            ...Object.keys(files).map((name) => path.join(scratch, name)),
        ]);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, fs.readFileSync(disk), { mode: 0o600 });
    } finally {
        fs.rmSync(scratch, { recursive: true });
    }
}
