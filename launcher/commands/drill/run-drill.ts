import { setTimeout as wait } from "node:timers/promises";
import { progress } from "../../stack/session";
import { isWell, runChecks, type Check, type CheckResult } from "../verify/check";
import { checks } from "../verify/checks/index";
import { CannotRun, type LivingLab } from "../../stack/running-lab";
import type { Drill, Measured, Stage } from "./drill";
import { startLoad } from "./load-client";
import { defaultLoad } from "./load";
import { seeded } from "./random";

export interface DrillResult {
    drill: string;
    result: "passed" | "failed" | "not run";
    /** What the goals, or the checks afterwards, have against it; why it was not run. */
    problems: string[];
    measured?: Measured;
}

/** What has to be well before a drill begins, and again after each fault: quick to look at. */
const quick = pick("services", "virtual-address", "pages");
/** What is looked at when the load has ended. */
const thorough = pick("services", "virtual-address", "pages", "app-servers", "sessions", "memcached", "database");

function pick(...names: string[]) {
    return Object.fromEntries(Object.entries(checks).filter(([name]) => names.includes(name)));
}

const wrong = (results: CheckResult[]) =>
    results
        .filter(({ result }) => result !== "passed")
        .map(({ check, subject, result, detail }) => `${check}, ${subject}: ${result}: ${detail}`);

/** How long a healed lab may take until everything is well: a machine that boots, and Tomcat after it. */
const recoverySeconds = 120;
/** How long after the load something may still be on its way back: a director leaves an app server that failed out for ten seconds. */
const settleSeconds = 20;

/**
 * Runs one drill: looks whether the lab is well, starts the load, lets the drill break and heal, ends the load, looks again. What was
 * broken is healed in any case, also when `signal` asks to end early.
 */
async function runDrill(
    lab: LivingLab,
    name: string,
    drill: Drill,
    options: { say: (text: string) => void; signal: AbortSignal; rounds: number; random: () => number },
): Promise<DrillResult> {
    const { say, signal } = options;
    const reason = drill.cannot?.(lab.description);
    if (reason) return { drill: name, result: "not run", problems: [reason] };
    const before = wrong(await untilWell(lab, quick, 20));
    if (before.length > 0)
        return { drill: name, result: "not run", problems: ["the lab is not well to begin with", ...before] };
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
        suffer: async (fault, seconds, meanwhile) => {
            try {
                signal.throwIfAborted();
                say(fault.what);
                await fault.inject();
                await Promise.all([pause(seconds), meanwhile?.()]);
            } finally {
                say(`healing: ${fault.what}`);
                await fault.heal();
            }
            const start = Date.now();
            const results = await untilWell(lab, quick, recoverySeconds);
            if (!isWell(results))
                throw new Error(`not well ${recoverySeconds} s after it was healed: ${wrong(results).join("; ")}`);
            recovery.push((Date.now() - start) / 1000);
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
            ...wrong(await untilWell(lab, thorough, settleSeconds)),
        );
    }
    return {
        drill: name,
        result: cannot ? "not run" : problems.length === 0 ? "passed" : "failed",
        problems,
        measured,
    };
}

/** Those of `drills` that are named, one after the other; a signal ends them early, once what is broken is healed. */
export async function runDrills(
    lab: LivingLab,
    names: string[],
    drills: Record<string, Drill>,
    { rounds, seed }: { rounds: number; seed: number },
): Promise<DrillResult[]> {
    const abort = new AbortController();
    const stop = () => {
        progress.info("Ending: what is broken is healed first.");
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

/** The checks again and again until all is well; the last results when it is not within `seconds`. */
async function untilWell(lab: LivingLab, looks: Record<string, Check>, seconds: number): Promise<CheckResult[]> {
    for (const deadline = Date.now() + seconds * 1000; ; await wait(500)) {
        const results = await runChecks(lab, looks);
        if (isWell(results) || Date.now() > deadline) return results;
    }
}
