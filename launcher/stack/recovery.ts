/**
 * Repairs an isolated lab before pulumi works on it: after a pulumi that was killed, and after machines that
 * disappeared without Pulumi. Labs on other hypervisors are not repaired, because their hypervisors may have other
 * users.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import type { LabDescription } from "../../config/description";
import { domainResource, parseUrn } from "../../config/resource-names";
import { stackFolder } from "../../lib/environment";
import { resumeMachines, virsh, type IsolatedHost } from "../isolated-host/index";
import { progress } from "../progress";
import { backendFolder, stateFile } from "./folders";
import { exportStack, readStateFile, type StateResource } from "./pulumi-state";
import type { Session } from "./session";

/**
 * Removes the lock and the unfinished operations that a killed pulumi has left. Does nothing while another pulumi works
 * on the stack: pulumi itself reports that lock.
 */
export async function recoverFromKill(session: Session, isolatedHost: IsolatedHost): Promise<void> {
    const { stack } = session.file;
    const holders = lockHolders(stack);
    if (isAtWork(stack)) return;
    if (holders.length > 0) {
        progress.info(`The last run was killed (process ${holders.join(", ")}). Its lock is removed.`);
        await session.ask(["cancel", "--yes", "--stack", stack]);
    }
    const pending = readStateFile(stateFile(stack)).pending_operations ?? [];
    if (holders.length > 0 || pending.length > 0) await forgetUnfinished(session, isolatedHost);
}

/** Whether a pulumi is at work on the stack. */
export const isAtWork = (stack: string) => lockHolders(stack).some(isPulumi);

/** The ids of the processes that hold a lock of the file backend. */
function lockHolders(stack: string): number[] {
    const folder = path.join(backendFolder(stack), ".pulumi", "locks");
    if (!fs.existsSync(folder)) return [];
    return fs
        .readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".json"))
        .map((name) => (JSON.parse(fs.readFileSync(path.join(folder, name), "utf8")) as { pid: number }).pid);
}

/**
 * Whether the process is a pulumi that lives. A killed process keeps its name, in state Z or X, until its parent waits
 * for it: proc_pid_stat(5).
 */
function isPulumi(pid: number): boolean {
    try {
        return /^\d+ \(pulumi\) [^ZX]/.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
        return false;
    }
}

/**
 * Removes unfinished operations from the state, as pulumi would warn of them in every run. The next `up` can repeat all
 * of them.
 */
async function forgetUnfinished(session: Session, isolatedHost: IsolatedHost): Promise<void> {
    const exported = await exportStack(session);
    const { resources = [], pending_operations: pending = [] } = exported.deployment;
    await removeUnknown(session, isolatedHost, resources);
    if (pending.length === 0) return;
    const names = pending.map(({ resource }) => parseUrn(resource.urn).name).join(", ");
    progress.info(`The last run was interrupted at ${names}. This run continues there.`);
    delete exported.deployment.pending_operations;
    await session.ask(["stack", "import", "--stack", session.file.stack], JSON.stringify(exported));
}

/**
 * Removes what libvirt has and the state has not: a killed pulumi had it made. The provider would fail over an existing
 * domain, and take a half-written disk for a good one.
 */
async function removeUnknown({ file }: Session, isolatedHost: IsolatedHost, resources: StateResource[]): Promise<void> {
    const ask = (...words: string[]) => virsh(isolatedHost, file.machineKind, ...words);
    /** The names in virsh's list (the first column) that no resource of this type has. */
    const unknown = async (type: string, ...list: string[]) => {
        const known = resources.filter((resource) => resource.type === type).map(({ inputs }) => inputs?.name);
        return (await ask(...list))
            .split("\n")
            .map((line) => line.trim().split(/\s+/)[0] ?? "")
            .filter((name) => name !== "" && !known.includes(name));
    };
    const tryTo = (...words: string[]) => ask(...words).catch(() => undefined); // a defined object need not run
    // Containers need none of this: the tool that makes them repairs them itself.
    if (file.machineKind === "vm") {
        for (const name of await unknown("libvirt:index/domain:Domain", "list", "--all", "--name")) {
            await tryTo("destroy", name);
            await ask("undefine", "--snapshots-metadata", name);
        }
        const pools = (await ask("pool-list", "--name"))
            .split("\n")
            .map((name) => name.trim())
            .filter(Boolean);
        for (const pool of pools) {
            await ask("pool-refresh", pool);
            for (const volume of await unknown("libvirt:index/volume:Volume", "vol-list", pool))
                await ask("vol-delete", volume, "--pool", pool);
        }
        for (const name of await unknown("libvirt:index/pool:Pool", "pool-list", "--all", "--name")) {
            await tryTo("pool-destroy", name);
            await ask("pool-undefine", name);
        }
    }
    for (const name of await unknown("libvirt:index/network:Network", "net-list", "--all", "--name")) {
        await tryTo("net-destroy", name);
        await ask("net-undefine", name);
    }
}

/**
 * Starts the machines that are defined but do not run. Returns the words for pulumi that replace the machines that are
 * in the state but not in libvirt.
 */
export async function recoverMachines(
    session: Session,
    isolatedHost: IsolatedHost,
    description: LabDescription,
): Promise<string[]> {
    const kind = description.machineKind;
    const domains = async (...which: string[]) =>
        (await virsh(isolatedHost, kind, "list", "--name", ...which)).split("\n").filter(Boolean);
    const notRunning = async () => {
        const running = await domains();
        return description.machines.map(({ name }) => name).filter((name) => !running.includes(name));
    };
    // Paused machines are running ones to libvirt. A snapshot that was killed leaves them.
    const [paused, off] = await Promise.all([domains("--state-paused"), notRunning()]);
    for (const name of paused) await virsh(isolatedHost, kind, "resume", name);
    if (off.length === 0) return [];
    await resumeMachines(isolatedHost, kind, stackFolder(session.file.stack), () => undefined);
    const lost = await notRunning();
    if (lost.length === 0) return [];
    const { resources = [] } = (await exportStack(session)).deployment;
    // The resource of a container is a local command. Pulumi sees by itself that a virtual machine's domain is gone.
    const commands = resources.filter(({ type }) => type === "command:local:Command");
    const found = lost.flatMap((machine) =>
        commands
            .filter(({ urn }) => parseUrn(urn).name === domainResource(machine))
            .map(({ urn }) => ({ machine, urn })),
    );
    if (found.length > 0)
        progress.info(`libvirt has lost ${found.map(({ machine }) => machine).join(", ")}. They are made again.`);
    return found.flatMap(({ urn }) => ["--replace", urn]);
}
