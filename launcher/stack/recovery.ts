/**
 * What a lab needs before pulumi can work on it again: after a pulumi that was killed, and after machines that were taken away behind its
 * back. Only for an isolated lab, whose every operation may be done twice: elsewhere it is a person's to decide.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import type { LabDescription } from "../../config/description";
import { resumeMachines, virsh, type IsolatedHost } from "../isolated-host/index";
import { stackFolder } from "../../lib/environment";
import { backendFolder, progress, stateFile, type Session } from "./session";

interface StateResource {
    urn: string;
    type: string;
    inputs?: { name?: string };
}

/** The part of `pulumi stack export` that is read here. */
interface Exported {
    deployment: {
        resources?: StateResource[];
        pending_operations?: { resource: { urn: string } }[];
    };
}

const exportState = async (session: Session) => JSON.parse(await session.ask(["stack", "export"])) as Exported;
const nameOf = (urn: string) => urn.split("::").at(-1) ?? urn;

/**
 * Frees the stack of the lock, and of the unfinished operations, that a pulumi that was killed has left behind. One that is at work is
 * left alone: pulumi itself says so where it matters.
 */
export async function recoverFromKill(session: Session, isolatedHost: IsolatedHost): Promise<void> {
    const { stack } = session.file;
    const holders = lockHolders(stack);
    if (isAtWork(stack)) return;
    if (holders.length > 0) {
        progress.info(`The last run was killed (process ${holders.join(", ")}): its lock is taken away.`);
        await session.ask(["cancel", "--yes", "--stack", stack]);
    }
    if (holders.length > 0 || hasUnfinished(stack)) await forgetUnfinished(session, isolatedHost);
}

/** Whether a pulumi is at work on the stack. */
export const isAtWork = (stack: string) => lockHolders(stack).some(isPulumi);

/** The processes that hold a lock of the file backend. */
function lockHolders(stack: string): number[] {
    const folder = path.join(backendFolder(stack), ".pulumi", "locks");
    if (!fs.existsSync(folder)) return [];
    return fs
        .readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".json"))
        .map((name) => (JSON.parse(fs.readFileSync(path.join(folder, name), "utf8")) as { pid: number }).pid);
}

/** Alive, that is: one that was killed keeps its name until its parent has asked for it (proc_pid_stat(5)). */
function isPulumi(pid: number): boolean {
    try {
        return /^\d+ \(pulumi\) [^ZX]/.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
        return false;
    }
}

/** A look into the state's file, as asking pulumi takes half a second on every run. */
const hasUnfinished = (stack: string) =>
    fs.existsSync(stateFile(stack)) && fs.readFileSync(stateFile(stack), "utf8").includes(`"pending_operations": [`);

/** pulumi would warn of them for ever. All of ours can simply be done again, once libvirt has nothing more than the state has. */
async function forgetUnfinished(session: Session, isolatedHost: IsolatedHost): Promise<void> {
    const exported = await exportState(session);
    const { resources = [], pending_operations: pending = [] } = exported.deployment;
    await removeUnknown(session, isolatedHost, resources);
    if (pending.length === 0) return;
    progress.info(
        `It was in the middle of ${pending.map(({ resource }) => nameOf(resource.urn)).join(", ")}: done again as far as needed.`,
    );
    delete exported.deployment.pending_operations;
    await session.ask(["stack", "import", "--stack", session.file.stack], JSON.stringify(exported));
}

/**
 * Takes away what libvirt has and the state has not: a killed pulumi had it made, and the provider would not take it over, or, a disk, would
 * take it for a good one. Containers are a tool's of our own, which needs no such help.
 */
async function removeUnknown({ file }: Session, isolatedHost: IsolatedHost, resources: StateResource[]): Promise<void> {
    const ask = (...words: string[]) => virsh(isolatedHost, file.machineKind, ...words);
    /** The names in virsh's list (the first column) that no resource of these types has. */
    const unknown = async (types: string[], ...list: string[]) => {
        const known = resources.filter(({ type }) => types.includes(type)).map(({ inputs }) => inputs?.name);
        return (await ask(...list))
            .split("\n")
            .map((line) => line.trim().split(/\s+/)[0] ?? "")
            .filter((name) => name !== "" && !known.includes(name));
    };
    const quietly = (...words: string[]) => ask(...words).catch(() => undefined); // what is defined need not run
    if (file.machineKind === "vm") {
        for (const name of await unknown(["libvirt:index/domain:Domain"], "list", "--all", "--name")) {
            await quietly("destroy", name);
            await ask("undefine", "--snapshots-metadata", name);
        }
        const pools = (await ask("pool-list", "--name"))
            .split("\n")
            .map((name) => name.trim())
            .filter(Boolean);
        for (const pool of pools) {
            await ask("pool-refresh", pool);
            for (const volume of await unknown(["libvirt:index/volume:Volume"], "vol-list", pool))
                await ask("vol-delete", volume, "--pool", pool);
        }
        for (const name of await unknown(["libvirt:index/pool:Pool"], "pool-list", "--all", "--name")) {
            await quietly("pool-destroy", name);
            await ask("pool-undefine", name);
        }
    }
    for (const name of await unknown(["libvirt:index/network:Network"], "net-list", "--all", "--name")) {
        await quietly("net-destroy", name);
        await ask("net-undefine", name);
    }
}

/**
 * Starts the machines that are there but stand still. Gives the words that have pulumi make anew those that it knows and libvirt does not
 * any more.
 */
export async function recoverMachines(
    session: Session,
    isolatedHost: IsolatedHost,
    description: LabDescription,
): Promise<string[]> {
    const kind = description.machineKind;
    const missing = async () => {
        const running = (await virsh(isolatedHost, kind, "list", "--name")).split("\n");
        return description.machines.map(({ name }) => name).filter((name) => !running.includes(name));
    };
    // A snapshot that was killed has left them so.
    for (const name of (await virsh(isolatedHost, kind, "list", "--name", "--state-paused"))
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean))
        await virsh(isolatedHost, kind, "resume", name);
    if ((await missing()).length === 0) return [];
    await resumeMachines(isolatedHost, kind, stackFolder(session.file.stack), () => undefined);
    const lost = await missing();
    if (lost.length === 0) return [];
    const { resources = [] } = (await exportState(session)).deployment;
    const urns = lost.flatMap((name) =>
        resources
            .filter(({ urn, type }) => type === "command:local:Command" && nameOf(urn) === `${name}-domain`)
            .map(({ urn }) => urn),
    );
    if (urns.length > 0)
        progress.info(
            `libvirt has lost ${urns.map((urn) => nameOf(urn).replace(/-domain$/, "")).join(", ")}: made anew.`,
        );
    return urns.flatMap((urn) => ["--replace", urn]);
}
