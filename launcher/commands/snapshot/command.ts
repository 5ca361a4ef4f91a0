import * as fs from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { alignColumns } from "../verify/report";
import type { Command } from "../../command";
import { UserError } from "../../../lib/errors";
import { withLock } from "../../../lib/lock";
import { stackFolder } from "../../../lib/environment";
import { isAtWork } from "../../stack/recovery";
import { progress, Session } from "../../stack/session";
import { areWell, askAll } from "../status";
import { LivingLab } from "../../stack/running-lab";
import {
    checkName,
    findSnapshot,
    listSnapshots,
    newFolder,
    refuseHalfReverted,
    removeSnapshot,
    revertMark,
    snapshotFolder,
    standstill,
    stateCopy,
    writeRecord,
    type Snapshot,
} from "./archive";
import {
    canRestore,
    forget,
    loadSessions,
    namesOf,
    readSessions,
    restore,
    resume,
    roomsFor,
    save,
    setClocks,
    suspend,
} from "./machines";

export const snapshots: Record<string, Command> = {
    snapshot: {
        usage: "snapshot NAME",
        help: "keep the whole lab as it is at this moment: disks, sessions, Pulumi's state",
        run: async ({ stack, rest: [name] }) => {
            checkName(name ?? "");
            refuseHalfReverted(stack);
            const { still } = await alone(stack, async (session) =>
                take(session, await LivingLab.open(stack), name ?? ""),
            );
            progress.info(
                `The machines stood still for ${still.toFixed(1)} s. ./lab revert ${name} brings the lab back to now.`,
            );
            return 0;
        },
    },
    revert: {
        usage: "revert NAME",
        help: "bring the whole lab back to a snapshot",
        run: async ({ stack, rest: [name = ""] }) => {
            const snapshot = findSnapshot(stack, name);
            await alone(stack, (session) => revert(session, snapshot));
            progress.info(
                `The lab is what it was at ${snapshot.taken}. ./lab preview tells what the stack file has changed since.`,
            );
            return 0;
        },
    },
    snapshots: {
        usage: "snapshots [--remove NAME]",
        help: "list what was kept, or remove one",
        run: async ({ stack, rest }) => {
            const { remove } = parseWords(rest);
            if (remove !== undefined) {
                findSnapshot(stack, remove);
                await forget(await LivingLab.open(stack), remove);
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
    },
};

function parseWords(words: string[]) {
    try {
        return parseArgs({ args: words, options: { remove: { type: "string" } } }).values;
    } catch (error) {
        throw new UserError(`snapshots: ${(error as Error).message}.`, "./lab snapshots [--remove NAME]");
    }
}

/** Does `work` on a stack on which no pulumi is at work, and, called by the launcher, none begins to be until it is done. */
async function alone<T>(stack: string, work: (session: Session) => Promise<T>): Promise<T> {
    const session = await Session.open(stack);
    await session.ensureStack();
    return withLock(standstill(stackFolder(stack)), () => {
        if (isAtWork(stack))
            throw new UserError(`pulumi is at work on the lab '${stack}'.`, "Call again when it has ended.");
        return work(session);
    });
}

/** While `work` lasts, Ctrl-C and SIGTERM end the programs that it runs and not this one, which has machines to set free. */
async function uninterrupted<T>(work: () => Promise<T>): Promise<T> {
    const ignore = () => undefined;
    process.on("SIGINT", ignore).on("SIGTERM", ignore);
    return work().finally(() => process.off("SIGINT", ignore).off("SIGTERM", ignore));
}

/**
 * Directors stop first: with no request under way any more, what memcached and the database hold belongs together. Then sessions are read
 * out of the memcacheds, and everything stands still until it is kept.
 */
async function take(session: Session, lab: LivingLab, name: string): Promise<Snapshot> {
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
                    namesOf(lab).filter((machine) => !directors.includes(machine)),
                );
                say("machines");
                const taken = new Date().toISOString();
                await save(lab, folder, name);
                snapshot = { name, taken, still: 0, machines: namesOf(lab), sessions };
            } finally {
                await resume(lab);
            }
            snapshot.still = (Date.now() - start) / 1000;
            say("clocks");
            await until(60, () => setClocks(lab));
            writeRecord(folder, snapshot);
            return snapshot;
        }).catch(async (error: unknown) => {
            await forget(lab, name);
            removeSnapshot(stack, name);
            throw error;
        }),
    );
}

async function checkRoom(lab: LivingLab): Promise<void> {
    const gibibytes = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
    for (const { needed, free, where } of await roomsFor(lab))
        if (free < needed * 1.1) {
            throw new UserError(
                `A snapshot takes ${gibibytes(needed)}, and ${where} has ${gibibytes(free)} free.`,
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
            const now = JSON.parse(await session.ask(["stack", "export", "--stack", stack])) as Exported;
            refuseOtherNetwork(now, JSON.parse(state) as Exported, snapshot.name);
            // First the state, so that who is asked for below are the machines of that moment.
            fs.writeFileSync(revertMark(stack), snapshot.name);
            await session.ask(["stack", "import", "--stack", stack], state);
            const lab = await LivingLab.open(stack);
            try {
                await canRestore(lab, snapshot.name);
            } catch (error) {
                await session.ask(["stack", "import", "--stack", stack], JSON.stringify(now));
                fs.rmSync(revertMark(stack));
                throw error;
            }
            await resume(lab); // what stands still cannot be ended
            say("machines");
            await restore(lab, folder, snapshot.name);
            await resume(lab);
            say("clocks and sessions");
            await until(60, () => setClocks(lab));
            await until(60, () => loadSessions(lab, snapshot.sessions));
            say("until all is well");
            await until(300, async () => {
                if (!areWell(await askAll(stack, lab.access)))
                    throw new UserError("Not all machines are well.", "./lab status tells which are not.");
            });
            fs.rmSync(revertMark(stack));
        }),
    );
}

interface Exported {
    deployment: { resources?: { type: string; id?: string }[] };
}

/** The network is no part of a snapshot: the machines that are brought back need the one that they were on. */
function refuseOtherNetwork(now: Exported, then: Exported, name: string): void {
    const networkOf = ({ deployment: { resources = [] } }: Exported) =>
        resources.find(({ type }) => type === "libvirt:index/network:Network")?.id;
    if (networkOf(now) !== networkOf(then)) {
        throw new UserError(
            `The lab's network was made anew since ${name} was taken, and its machines would not be on it.`,
            "Take another snapshot; this one can only be removed (./lab snapshots --remove).",
        );
    }
}

/** Tries until it goes well; what was wrong at last where it does not within `seconds`. */
async function until(seconds: number, attempt: () => Promise<void>): Promise<void> {
    for (const deadline = Date.now() + seconds * 1000; ; await wait(500)) {
        try {
            return await attempt();
        } catch (error) {
            if (Date.now() > deadline) throw error;
        }
    }
}
