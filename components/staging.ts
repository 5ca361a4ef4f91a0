import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";

const sha256 = (content: string | Buffer) => crypto.createHash("sha256").update(content).digest("hex");

/** Folder for staged files. It is relative to the checkout, so that a checkout may be moved. */
const defaultStage = ".stage";

/** Folder for the staged files of this stack's machine, in the folder `stage`. */
export const machineStage = (machineName: string, stage = defaultStage) =>
    path.join(stage, pulumi.getStack(), machineName);

/** A folder on the control machine that is uploaded whole, and the sha256 of each file in it, by relative path. */
export interface StagedFolder {
    folder: string;
    digests: Record<string, string>;
}

/**
 * Makes `folder` hold exactly `files`, which map relative paths to contents. CopyToRemote uploads from paths, and a
 * path keeps the content out of Pulumi's state. Unchanged files are not written, so a preview does not disturb an `up`
 * beside it.
 */
export function stageTexts(folder: string, files: Record<string, string | Buffer>): StagedFolder {
    return stage(
        folder,
        Object.entries(files).map(([name, content]) => ({
            name,
            sha256: sha256(content),
            isThere: (target) =>
                fs.existsSync(target) && fs.readFileSync(target).equals(Buffer.from(content as string)),
            put: (target) => fs.writeFileSync(target, content),
        })),
    );
}

/** The same with files of the cache. They are hard links where the file system allows that, else copies. */
export function stageFiles(folder: string, files: { name: string; source: string; sha256: string }[]): StagedFolder {
    return stage(
        folder,
        files.map((file) => ({
            ...file,
            isThere: (target) => {
                const [there, source] = [fs.statSync(target, { throwIfNoEntry: false }), fs.statSync(file.source)];
                return there !== undefined && there.size === source.size && there.mtimeMs === source.mtimeMs;
            },
            put: (target) => {
                try {
                    fs.linkSync(file.source, target);
                } catch {
                    fs.copyFileSync(file.source, target);
                    const { atime, mtime } = fs.statSync(file.source);
                    fs.utimesSync(target, atime, mtime);
                }
            },
        })),
    );
}

function stage(
    folder: string,
    entries: { name: string; sha256: string; isThere: (target: string) => boolean; put: (target: string) => void }[],
): StagedFolder {
    fs.mkdirSync(folder, { recursive: true });
    const wanted = new Set(entries.map(({ name }) => path.normalize(name)));
    for (const found of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
        const full = path.join(found.parentPath, found.name);
        if (!found.isDirectory() && !wanted.has(path.relative(folder, full))) fs.rmSync(full);
    }
    for (const { name, isThere, put } of entries) {
        const target = path.join(folder, name);
        if (isThere(target)) continue;
        fs.mkdirSync(path.dirname(target), { recursive: true });
        const fresh = `${target}.new-${process.pid}`;
        fs.rmSync(fresh, { force: true });
        put(fresh);
        fs.renameSync(fresh, target);
    }
    return { folder, digests: Object.fromEntries(entries.map(({ name, sha256: digest }) => [name, digest])) };
}

/** Removes everything but `names` from `folder`, which is uploaded whole. */
export function keepOnly(folder: string, names: string[]): void {
    for (const name of fs.readdirSync(folder))
        if (!names.includes(name)) fs.rmSync(path.join(folder, name), { recursive: true });
}
