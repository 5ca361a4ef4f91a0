import { setTimeout as wait } from "node:timers/promises";
import { progress } from "../../progress";
import { isWell } from "../verify/check";
import { problemsIn, quickChecks, thoroughChecks, untilWell } from "../verify/until-well";
import { markChange } from "../../stack/changes";
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
        await markChange(lab, `drill ${name}: begins`);
        const result = await progress.step(`${name}: ${drill.help}`, (say) =>
            runDrill(lab, name, drill, {
                say: (text) => {
                    say(text);
                    if (!process.stderr.isTTY) progress.info(`  ${text}`);
                },
                signal: abort.signal,
                rounds,
                random: seeded(seed, (text) => progress.info(`  ${text}`)),
            }),
        );
        results.push(result);
        await markChange(lab, `drill ${name}: ${result.result}`);
    }
    process.off("SIGINT", stop).off("SIGTERM", stop);
    return results;
}
