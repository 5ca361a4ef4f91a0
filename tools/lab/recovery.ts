/**
 * What a lab needs before pulumi can work on it again: after a pulumi that was killed, and after machines that were taken away behind its
 * back. Only for an isolated lab, whose every operation may be done twice: elsewhere it is a person's to decide.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import type { Site } from "../../config/site";
import { resumeMachines, type LocalNetwork } from "../network";
import { stackFolder } from "./places";
import { run } from "./run";
import { backendFolder, progress, stateFile, type Session } from "./session";

/** The part of `pulumi stack export` that is read here. */
interface Exported {
    deployment: {
        resources?: { urn: string; type: string }[];
        pending_operations?: { resource: { urn: string } }[];
    };
}

const exportState = async (session: Session) => JSON.parse(await session.ask(["stack", "export"])) as Exported;
const nameOf = (urn: string) => urn.split("::").at(-1) ?? urn;
const virsh = (network: LocalNetwork, ...words: string[]) => run(network.enter(["virsh", "-q", "-c", "lxc:///system", ...words]) as [string, ...string[]]);

/**
 * Frees the stack of the lock, and of the unfinished operations, that a pulumi that was killed has left behind. One that is at work is
 * left alone: pulumi itself says so where it matters.
 */
export async function recoverFromKill(session: Session, network: LocalNetwork): Promise<void> {
    const { stack } = session.file;
    const holders = lockHolders(stack);
    if (holders.some(isPulumi)) return;
    if (holders.length > 0) {
        progress.info(`The last run was killed (process ${holders.join(", ")}): its lock is taken away.`);
        await session.ask(["cancel", "--yes", "--stack", stack]);
    }
    if (holders.length > 0 || hasUnfinished(stack)) await forgetUnfinished(session, network);
}

/** The processes that hold a lock of the file backend. */
function lockHolders(stack: string): number[] {
    const folder = path.join(backendFolder(stack), ".pulumi", "locks");
    if (!fs.existsSync(folder)) return [];
    return fs.readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".json"))
        .map((name) => (JSON.parse(fs.readFileSync(path.join(folder, name), "utf8")) as { pid: number }).pid);
}

function isPulumi(pid: number): boolean {
    try {
        return fs.readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "pulumi";
    } catch {
        return false;
    }
}

/** A look into the state's file, as asking pulumi takes half a second on every run. */
const hasUnfinished = (stack: string) =>
    fs.existsSync(stateFile(stack)) && fs.readFileSync(stateFile(stack), "utf8").includes(`"pending_operations": [`);

/**
 * pulumi would warn of them for ever. All of ours can simply be done again, but for the network: libvirt may have one that the state has
 * not, and its provider would not take that over.
 */
async function forgetUnfinished(session: Session, network: LocalNetwork): Promise<void> {
    const exported = await exportState(session);
    const { resources = [], pending_operations: pending = [] } = exported.deployment;
    if (!resources.some(({ type }) => type === "libvirt:index/network:Network")) {
        for (const name of (await virsh(network, "net-list", "--all", "--name")).split("\n").filter(Boolean)) {
            await virsh(network, "net-destroy", name).catch(() => undefined);       // defined, but not started
            await virsh(network, "net-undefine", name);
        }
    }
    if (pending.length === 0) return;
    progress.info(`It was in the middle of ${pending.map(({ resource }) => nameOf(resource.urn)).join(", ")}: done again as far as needed.`);
    delete exported.deployment.pending_operations;
    await session.ask(["stack", "import", "--stack", session.file.stack], JSON.stringify(exported));
}

/**
 * Starts the machines that are there but stand still. Gives the words that have pulumi make anew those that it knows and libvirt does not
 * any more.
 */
export async function recoverMachines(session: Session, network: LocalNetwork, site: Site): Promise<string[]> {
    const missing = async () => {
        const running = (await virsh(network, "list", "--name")).split("\n");
        return site.machines.map(({ name }) => name).filter((name) => !running.includes(name));
    };
    if ((await missing()).length === 0) return [];
    await resumeMachines(network, stackFolder(session.file.stack), () => undefined);
    const lost = await missing();
    if (lost.length === 0) return [];
    const { resources = [] } = (await exportState(session)).deployment;
    const urns = lost.flatMap((name) => resources.filter(({ urn, type }) => type === "command:local:Command" && nameOf(urn) === `${name}-domain`).map(({ urn }) => urn));
    if (urns.length > 0) progress.info(`libvirt has lost ${urns.map((urn) => nameOf(urn).replace(/-domain$/, "")).join(", ")}: made anew.`);
    return urns.flatMap((urn) => ["--replace", urn]);
}
