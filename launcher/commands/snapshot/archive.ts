import * as fs from "node:fs";
import * as path from "node:path";
import { writeWholeFile } from "../../../lib/write-file";
import { UserError } from "../../../lib/errors";
import { stackFolder } from "../../../lib/environment";
import type { Item } from "./memcached";

/** A snapshot of a whole lab. It has a folder of its own in the stack's folder, which `./lab down` removes. */
export interface Snapshot {
    name: string;
    /** ISO 8601. */
    taken: string;
    /** How long the machines were paused, in seconds. */
    still: number;
    machines: string[];
    /**
     * The content of each memcached, by the machine's name. Empty for virtual machines, whose snapshots include their
     * memory.
     */
    sessions: Record<string, Item[]>;
}

const archive = (stack: string) => path.join(stackFolder(stack), "snapshots");
export const snapshotFolder = (stack: string, name: string) => path.join(archive(stack), name);
/** Written last. A folder without this file is an unfinished snapshot. */
const recordFile = (folder: string) => path.join(folder, "snapshot.json");
/** Pulumi's state at that moment, as `pulumi stack export` prints it. Its secrets are encrypted. */
export const stateCopy = (folder: string) => path.join(folder, "state.json");

export function checkName(name: string): void {
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$/.test(name))
        throw new UserError(`'${name}' is no name for a snapshot.`, "Use letters, digits, hyphens and underscores.");
}

/** The finished snapshots, the oldest first. */
export function listSnapshots(stack: string): Snapshot[] {
    const folder = archive(stack);
    const names = fs.existsSync(folder)
        ? fs.readdirSync(folder).filter((name) => fs.existsSync(recordFile(path.join(folder, name))))
        : [];
    return names
        .map((name) => JSON.parse(fs.readFileSync(recordFile(path.join(folder, name)), "utf8")) as Snapshot)
        .sort((a, b) => (a.taken < b.taken ? -1 : 1));
}

/** The snapshot with this name. A UserError that lists the existing ones if there is none. */
export function findSnapshot(stack: string, name: string): Snapshot {
    const all = listSnapshots(stack);
    const found = all.find((snapshot) => snapshot.name === name);
    if (!found)
        throw new UserError(
            `There is no snapshot ${name} of the lab '${stack}'.`,
            all.length > 0
                ? `Existing snapshots: ${all.map((snapshot) => snapshot.name).join(", ")}.`
                : "Take one: ./lab snapshot NAME",
        );
    return found;
}

/**
 * Makes an empty folder for a snapshot; an unfinished one of that name is removed. A UserError if a finished one
 * exists.
 */
export function newFolder(stack: string, name: string): string {
    checkName(name);
    const folder = snapshotFolder(stack, name);
    if (fs.existsSync(recordFile(folder)))
        throw new UserError(
            `A snapshot ${name} exists already.`,
            `Choose another name, or remove that one: ./lab snapshots --remove ${name}`,
        );
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    fs.chmodSync(archive(stack), 0o700);
    return folder;
}

export function writeRecord(folder: string, snapshot: Snapshot): void {
    writeWholeFile(recordFile(folder), JSON.stringify(snapshot), { mode: 0o600 });
}

export function removeSnapshot(stack: string, name: string): void {
    const folder = snapshotFolder(stack, name);
    fs.rmSync(recordFile(folder), { force: true }); // first: without its record it is no snapshot any more
    fs.rmSync(folder, { recursive: true, force: true });
}
