import * as fs from "node:fs";
import * as path from "node:path";
import { UserError } from "../../../lib/errors";
import { stackFolder } from "../../../lib/environment";
import type { Item } from "./memcached";

/** One moment of a whole lab, in a folder of its own in the stack's. Gone with the lab: `./lab down`. */
export interface Snapshot {
    name: string;
    /** ISO 8601. */
    taken: string;
    /** For how long the machines stood still, in seconds. */
    still: number;
    machines: string[];
    /** What each memcached held, by the machine's name. Empty where the machines' own snapshots have their memory. */
    sessions: Record<string, Item[]>;
}

const archive = (stack: string) => path.join(stackFolder(stack), "snapshots");
export const snapshotFolder = (stack: string, name: string) => path.join(archive(stack), name);
/** Written last: what has none is half made. */
const recordFile = (folder: string) => path.join(folder, "snapshot.json");
/** Pulumi's state of that moment, as `pulumi stack export` gives it: secrets in it are encrypted. */
export const stateCopy = (folder: string) => path.join(folder, "state.json");

export function checkName(name: string): void {
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$/.test(name))
        throw new UserError(`'${name}' is no name for a snapshot.`, "Use letters, digits, hyphens and underscores.");
}

/** All that are whole, the oldest first. */
export function listSnapshots(stack: string): Snapshot[] {
    const folder = archive(stack);
    const names = fs.existsSync(folder)
        ? fs.readdirSync(folder).filter((name) => fs.existsSync(recordFile(path.join(folder, name))))
        : [];
    return names
        .map((name) => JSON.parse(fs.readFileSync(recordFile(path.join(folder, name)), "utf8")) as Snapshot)
        .sort((a, b) => (a.taken < b.taken ? -1 : 1));
}

/** The snapshot of that name; a UserError that lists those that are there where it is not. */
export function findSnapshot(stack: string, name: string): Snapshot {
    const all = listSnapshots(stack);
    const found = all.find((snapshot) => snapshot.name === name);
    if (!found)
        throw new UserError(
            `There is no snapshot ${name} of the lab '${stack}'.`,
            all.length > 0
                ? `There are ${all.map((snapshot) => snapshot.name).join(", ")}.`
                : "Take one: ./lab snapshot NAME",
        );
    return found;
}

/** A new folder for the snapshot `name`, empty: what a killed run left there is taken away. A UserError where there is a whole one. */
export function newFolder(stack: string, name: string): string {
    checkName(name);
    const folder = snapshotFolder(stack, name);
    if (fs.existsSync(recordFile(folder)))
        throw new UserError(
            `There is a snapshot ${name} already.`,
            `Take another name, or remove that one: ./lab snapshots --remove ${name}`,
        );
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    fs.chmodSync(archive(stack), 0o700);
    return folder;
}

export function writeRecord(folder: string, snapshot: Snapshot): void {
    fs.writeFileSync(`${recordFile(folder)}.new`, JSON.stringify(snapshot), { mode: 0o600 });
    fs.renameSync(`${recordFile(folder)}.new`, recordFile(folder));
}

export function removeSnapshot(stack: string, name: string): void {
    const folder = snapshotFolder(stack, name);
    fs.rmSync(recordFile(folder), { force: true }); // first: from here on it is none
    fs.rmSync(folder, { recursive: true, force: true });
}

/** The lock of whoever takes a snapshot or reverts to one: machines that stand still are to, and Pulumi's state may be about to be another. `home`: the stack's folder. */
export const standstill = (home: string) => `standstill of ${home}`;

/** There while a revert is under way, with the snapshot's name in it: a lab that was left half-way is neither what it was nor what it was to be. */
export const revertMark = (stack: string) => path.join(stackFolder(stack), "reverting");

/** A UserError while one is. */
export function refuseHalfReverted(stack: string): void {
    const mark = revertMark(stack);
    if (!fs.existsSync(mark)) return;
    const name = fs.readFileSync(mark, "utf8");
    throw new UserError(
        `A revert of the lab '${stack}' to ${name} did not come to its end.`,
        `Finish it: ./lab -s ${stack} revert ${name}`,
    );
}
