import { setTimeout as wait } from "node:timers/promises";
import { inTime } from "../../../lib/until";
import { progress } from "../../progress";
import { isWell, verifyLab, type Check, type CheckResult } from "../verify/check";
import { checks } from "../verify/checks/index";
import { CannotRun, type RunningLab } from "../../stack/running-lab";
import { watchAlarm } from "./alarms";
import type { Drill, Measured, Stage } from "./drill";
import { startLoad } from "./load-client";
import { defaultLoad } from "./load";
import { seeded } from "./random";

export interface DrillResult {
    drill: string;
    result: "passed" | "failed" | "not run";
    /** Missed goals and failed checks, or why the drill was not run. */
    problems: string[];
    measured?: Measured;
}

/** The quick checks, which have to pass before a drill begins and again after each fault. */
const quickChecks = pickChecks("services", "virtual-address", "pages");
/** The checks after the load has ended. */
const thoroughChecks = pickChecks(
    "services",
    "virtual-address",
    "pages",
    "app-servers",
    "sessions",
    "memcached",
    "database",
);

function pickChecks(...names: string[]) {
    return Object.fromEntries(Object.entries(checks).filter(([name]) => names.includes(name)));
}

const problemsIn = (results: CheckResult[]) =>
    results
        .filter(({ result }) => result !== "passed")
        .map(({ check, subject, result, seen }) => `${check}, ${subject}: ${result}: ${seen}`);

/**
 * How long a healed lab may take until the quick checks pass. It is enough for a machine to boot and Tomcat to start.
 */
const recoverySeconds = 120;
/**
 * How long after the load the checks may still fail: a director leaves out an app server until two health checks in a
 * row have succeeded.
 */
const settleSeconds = 20;

/**
 * Runs one drill: checks the lab, starts the load, runs the drill, ends the load, and checks the lab again. A fault is
 * healed in any case, also when `signal` is aborted.
 */
async function runDrill(
    lab: RunningLab,
    name: string,
    drill: Drill,
    options: { say: (text: string) => void; signal: AbortSignal; rounds: number; random: () => number },
): Promise<DrillResult> {
    const { say, signal } = options;
    const reason = drill.cannot?.(lab.description);
    if (reason) return { drill: name, result: "not run", problems: [reason] };
    const before = problemsIn(await untilWell(lab, quickChecks, 20));
    if (before.length > 0)
        return { drill: name, result: "not run", problems: ["the lab was not well before the drill", ...before] };
    const load = await startLoad(lab, drill.load);
    const recovery: number[] = [];
    const pause = (seconds: number) => wait(seconds * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
    const stage: Stage = {
        lab,
        say,
        signal,
        rounds: options.rounds,
        random: options.random,
        wait: pause,
        withFault: async (fault, seconds, meanwhile) => {
            const alarm = watchAlarm(lab, drill.alarm);
            try {
                signal.throwIfAborted();
                say(fault.what);
                await fault.inject();
                await Promise.all([pause(seconds), meanwhile?.(), alarm.fires()]);
            } finally {
                say(`healing: ${fault.what}`);
                await fault.heal();
            }
            const start = Date.now();
            const results = await untilWell(lab, quickChecks, recoverySeconds);
            if (!isWell(results))
                throw new Error(
                    `the lab is not well ${recoverySeconds} s after the fault was healed: ` +
                        `${problemsIn(results).join("; ")}`,
                );
            recovery.push((Date.now() - start) / 1000);
            await alarm.ends();
        },
    };
    const problems: string[] = [];
    let cannot = false;
    try {
        await pause(2);
        await drill.run(stage);
        await pause(2);
    } catch (error) {
        cannot = error instanceof CannotRun;
        problems.push(error instanceof Error ? error.message : String(error));
    }
    const measured: Measured = { ...(await load.end()), clients: drill.load?.clients ?? defaultLoad.clients, recovery };
    if (!cannot && problems.length === 0) {
        problems.push(
            ...drill.goals.flatMap((goal) => goal(measured) ?? []),
            ...problemsIn(await untilWell(lab, thoroughChecks, settleSeconds)),
        );
    }
    return {
        drill: name,
        result: cannot ? "not run" : problems.length === 0 ? "passed" : "failed",
        problems,
        measured,
    };
}

/** Runs the named drills one after the other. SIGINT and SIGTERM end them early, after the current fault is healed. */
export async function runDrills(
    lab: RunningLab,
    names: string[],
    drills: Record<string, Drill>,
    { rounds, seed }: { rounds: number; seed: number },
): Promise<DrillResult[]> {
    const abort = new AbortController();
    const stop = () => {
        progress.info("Ending. The current fault is healed first.");
        abort.abort(new Error("ended early"));
    };
    process.on("SIGINT", stop).on("SIGTERM", stop);
    const results: DrillResult[] = [];
    for (const name of names) {
        const drill = drills[name];
        if (!drill || abort.signal.aborted) break;
        results.push(
            await progress.step(`${name}: ${drill.help}`, (say) =>
                runDrill(lab, name, drill, {
                    say: (text) => {
                        say(text);
                        if (!process.stderr.isTTY) progress.info(`  ${text}`);
                    },
                    signal: abort.signal,
                    rounds,
                    random: seeded(seed, (text) => progress.info(`  ${text}`)),
                }),
            ),
        );
    }
    process.off("SIGINT", stop).off("SIGTERM", stop);
    return results;
}

/** Repeats the checks until all pass, for up to `seconds`. Returns the last results. */
async function untilWell(lab: RunningLab, checks: Record<string, Check>, seconds: number): Promise<CheckResult[]> {
    let results: CheckResult[] = [];
    await inTime(
        async () => {
            results = await verifyLab(lab, checks);
            return isWell(results);
        },
        { seconds, everyMs: 500 },
    );
    return results;
}
