import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { run } from "../lib/run";

/** What cloud-init finds on a disk that is called "cidata" (its documentation, datasource NoCloud), by name of file. */
export type CloudInitFiles = Record<"user-data" | "meta-data" | "network-config", string>;

/**
 * Hooks that have `file` hold a disk with `files` while a resource is made of it, and only then: one of them is a key.
 *
 * libvirt.CloudinitDisk would be less code. The provider reads such a disk back each time it makes or looks at one, through a client that stands
 * still for ever when the end of what it reads comes in two messages one right after the other (go-libvirt's issue 241): over ssh, here, one time
 * in some sixty. A volume is only written.
 */
export function whileMade(file: string, files: CloudInitFiles): pulumi.ResourceHookBinding {
    // A preview makes nothing, and mocks (setMocks) know of no hooks.
    if (pulumi.runtime.isDryRun()) return {};
    const remove = () => {
        fs.rmSync(file, { force: true });
    };
    remove(); // what a run that was killed has left
    removals.push(remove);
    return { beforeCreate: [() => makeCloudInitDisk(file, files)], afterCreate: [remove] };
}

/** Done again when the program ends: nothing comes after a resource that could not be made. */
const removals: (() => void)[] = [];
process.once("exit", () => {
    for (const remove of removals) remove();
});

/** Writes an ISO 9660 file system to `file`, which nobody else may read. Fails with a ProgramError where mkisofs does. */
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
