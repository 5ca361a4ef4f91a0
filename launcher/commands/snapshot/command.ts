import * as fs from "node:fs";
import type { Command } from "commander";
import { stackFolder } from "../../../lib/environment";
import { UserError } from "../../../lib/errors";
import { withLock } from "../../../lib/lock";
import { alignColumns } from "../../../lib/table";
import { inTime } from "../../../lib/until";
import { labCommand } from "../../command";
import { progress } from "../../progress";
import { prepareStack } from "../../stack/prepare";
import { exportStack, type ExportedStack } from "../../stack/pulumi-state";
import { isAtWork } from "../../stack/recovery";
import { RunningLab } from "../../stack/running-lab";
import { Session } from "../../stack/session";
import { refuseHalfReverted, revertMark, standstillLock } from "../../stack/standstill";
import { areWell, readStatus } from "../status";
import {
    checkName,
    findSnapshot,
    listSnapshots,
    newFolder,
    removeSnapshot,
    snapshotFolder,
    stateCopy,
    writeRecord,
    type Snapshot,
} from "./archive";
import {
    checkRestorable,
    deleteLibvirtSnapshots,
    loadSessions,
    readSessions,
    restore,
    resumeAll,
    roomsFor,
    save,
    setClocks,
    suspend,
} from "./machines";

export const snapshotCommand = (): Command =>
    labCommand({
        name: "snapshot",
        group: "snapshot",
        help: "keep the whole lab as it is at this moment: disks, sessions, Pulumi's state",
        run: async ({ stack, words: [name = ""] }) => {
            checkName(name);
            refuseHalfReverted(stack);
            const { still } = await withoutPulumi(stack, async (session) =>
                take(session, await RunningLab.open(stack), name),
            );
            progress.info(
                `The machines stood still for ${still.toFixed(1)} s. ` +
                    `./lab revert ${name} brings the lab back to this moment.`,
            );
            return 0;
        },
    }).argument("<NAME>", "name of the new snapshot");

export const revertCommand = (): Command =>
    labCommand({
        name: "revert",
        group: "snapshot",
        help: "bring the whole lab back to a snapshot",
        run: async ({ stack, words: [name = ""] }) => {
            const snapshot = findSnapshot(stack, name);
            await withoutPulumi(stack, (session) => revert(session, snapshot));
            progress.info(
                `The lab is what it was at ${snapshot.taken}. ` +
                    "./lab preview shows what the stack file has changed since then.",
            );
            return 0;
        },
    }).argument("<NAME>", "name of the snapshot");

export const snapshotsCommand = (): Command =>
    labCommand<{ remove?: string }>({
        name: "snapshots",
        group: "snapshot",
        help: "list the snapshots, or remove one",
        run: async ({ stack, options: { remove } }) => {
            if (remove !== undefined) {
                findSnapshot(stack, remove);
                await deleteLibvirtSnapshots(await RunningLab.open(stack), remove);
                removeSnapshot(stack, remove);
            }
            process.stdout.write(
                alignColumns([
                    ["snapshot", "taken", "machines"],
                    ...listSnapshots(stack).map(({ name, taken, machines }) => [name, taken, machines.join(", ")]),
                ]),
            );
            return 0;
        },
    }).option("--remove <NAME>", "remove this snapshot first");

/** Runs `work` while no pulumi works on the stack. Commands of the launcher that would start one wait meanwhile. */
async function withoutPulumi<T>(stack: string, work: (session: Session) => Promise<T>): Promise<T> {
    const session = await Session.open(stack);
    await prepareStack(session);
    return withLock(standstillLock(stackFolder(stack)), () => {
        if (isAtWork(stack))
            throw new UserError(`pulumi is at work on the lab '${stack}'.`, "Call again when it has ended.");
        return work(session);
    });
}

/**
 * Runs `work` and ignores Ctrl-C and SIGTERM meanwhile: they may end the programs that it runs, but paused machines
 * have to be resumed.
 */
async function uninterrupted<T>(work: () => Promise<T>): Promise<T> {
    const ignore = () => undefined;
    process.on("SIGINT", ignore).on("SIGTERM", ignore);
    return work().finally(() => process.off("SIGINT", ignore).off("SIGTERM", ignore));
}

/**
 * Takes a snapshot. The directors are paused first: then no request is under way, and the contents of memcached and the
 * database fit together. The sessions are read next, and then all machines are paused until they are saved.
 */
async function take(session: Session, lab: RunningLab, name: string): Promise<Snapshot> {
    const { stack } = lab;
    await checkRoom(lab);
    const folder = newFolder(stack, name);
    return progress.step(`Taking the snapshot ${name}`, (say) =>
        uninterrupted(async () => {
            fs.writeFileSync(stateCopy(folder), await session.ask(["stack", "export", "--stack", stack]), {
                mode: 0o600,
            });
            const directors = lab.machinesWith("director").map((machine) => machine.name);
            const start = Date.now();
            let snapshot: Snapshot;
            try {
                await suspend(lab, directors);
                say("sessions");
                const sessions = await readSessions(lab);
                await suspend(
                    lab,
                    lab.machineNames.filter((machine) => !directors.includes(machine)),
                );
                say("machines");
                const taken = new Date().toISOString();
                await save(lab, folder, name);
                snapshot = { name, taken, still: 0, machines: lab.machineNames, sessions };
            } finally {
                await resumeAll(lab);
            }
            snapshot.still = (Date.now() - start) / 1000;
            say("clocks");
            await retry(60, () => setClocks(lab));
            writeRecord(folder, snapshot);
            return snapshot;
        }).catch(async (error: unknown) => {
            await deleteLibvirtSnapshots(lab, name);
            removeSnapshot(stack, name);
            throw error;
        }),
    );
}

async function checkRoom(lab: RunningLab): Promise<void> {
    const gibibytes = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
    for (const { needed, free, where } of await roomsFor(lab))
        if (free < needed * 1.1) {
            throw new UserError(
                `A snapshot takes ${gibibytes(needed)}, but ${where} has only ${gibibytes(free)} free.`,
                "Make room, or remove a snapshot: ./lab snapshots --remove NAME",
            );
        }
}

async function revert(session: Session, snapshot: Snapshot): Promise<void> {
    const { stack } = session.file;
    const folder = snapshotFolder(stack, snapshot.name);
    const state = fs.readFileSync(stateCopy(folder), "utf8");
    await progress.step(`Reverting to ${snapshot.name}`, (say) =>
        uninterrupted(async () => {
            const now = await exportStack(session, "--stack", stack);
            refuseOtherNetwork(now, JSON.parse(state) as ExportedStack, snapshot.name);
            // The state comes first: it says which machines the lab had at that moment.
            fs.writeFileSync(revertMark(stack), snapshot.name);
            await session.ask(["stack", "import", "--stack", stack], state);
            const lab = await RunningLab.open(stack);
            try {
                await checkRestorable(lab, snapshot.name);
            } catch (error) {
                await session.ask(["stack", "import", "--stack", stack], JSON.stringify(now));
                fs.rmSync(revertMark(stack));
                throw error;
            }
            await resumeAll(lab); // a paused machine cannot be stopped
            say("machines");
            await restore(lab, folder, snapshot.name);
            await resumeAll(lab);
            say("clocks and sessions");
            await retry(60, () => setClocks(lab));
            await retry(60, () => loadSessions(lab, snapshot.sessions));
            say("until all machines are well");
            await retry(300, async () => {
                if (!areWell(await readStatus(lab)))
                    throw new UserError(
                        `Not all machines of the lab '${stack}' are well.`,
                        "./lab status shows which are not.",
                    );
            });
            fs.rmSync(revertMark(stack));
        }),
    );
}

/**
 * A UserError if the lab's network is another one than at the time of the snapshot: the restored machines would not be
 * connected to it.
 */
function refuseOtherNetwork(now: ExportedStack, then: ExportedStack, name: string): void {
    const networkOf = ({ deployment: { resources = [] } }: ExportedStack) =>
        resources.find(({ type }) => type === "libvirt:index/network:Network")?.id;
    if (networkOf(now) !== networkOf(then)) {
        throw new UserError(
            `The lab's network was replaced after ${name} was taken, so the machines of ${name} would have no network.`,
            `Take another snapshot. This one can only be removed: ./lab snapshots --remove ${name}`,
        );
    }
}

/** Repeats `attempt` until it succeeds, for up to `seconds`. Then it throws the last error. */
async function retry(seconds: number, attempt: () => Promise<void>): Promise<void> {
    let lastError: unknown;
    const succeeded = await inTime(
        () =>
            attempt().then(
                () => true,
                (error: unknown) => {
                    lastError = error;
                    return false;
                },
            ),
        { seconds, everyMs: 500 },
    );
    if (!succeeded) throw lastError;
}
