import * as fs from "node:fs";
import * as path from "node:path";
import { stackFolder } from "../../../lib/environment";
import type { Progress } from "../../../lib/progress";
import { BenchLab, timed, withoutLayers, type Needs } from "./bench-lab";
import { summary, type Recording } from "../../timeline/recording";

/** The measurements of a whole lab. Times are in seconds. */
export interface Limits {
    /** The time from nothing to a working site, with full caches and package layers. */
    up: number;
    /** The same without package layers. Undefined for `--short`. */
    upWithoutLayers?: number;
    /** The summary that `--timeline` shows of that `up`. */
    recording: ReturnType<typeof summary>;
    preview: number;
    nothing: number;
    /** The program in a preview: it loads modules, reads the description and makes resources. */
    program: Needs;
    /** The launcher in the same preview, without what it starts. */
    launcher: Needs;
    machines: number;
    state: { bytes: number; resources: number };
}

/** The result with the least cost. The additional cost of the other results comes from other work on the machine. */
async function leastBy<T>(cost: (result: T) => number, times: number, work: () => Promise<T>): Promise<T> {
    let least = await work();
    for (let time = 1; time < times; time++) {
        const next = await work();
        if (cost(next) < cost(least)) least = next;
    }
    return least;
}

/** The shortest of several times. */
export const best = (times: number, work: () => Promise<number>): Promise<number> =>
    leastBy((seconds) => seconds, times, work);

/** `up` of a new lab without package layers. */
export const measureWithoutLayers = (like: string, progress: Progress): Promise<number> =>
    BenchLab.with(like, true, (lab) =>
        progress.step("up from nothing, without package layers", () =>
            timed(async () => {
                await lab.lab("up", withoutLayers);
                await lab.check();
            }),
        ),
    );

/** Builds the lab, and then runs preview and `up` with nothing to do, `times` times each. */
export async function measureLimits(lab: BenchLab, progress: Progress, times: number): Promise<Limits> {
    await progress.step("package layers", () => lab.lab("bake"));
    const file = path.join(stackFolder(lab.stack), "up.svg");
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const up = await progress.step("up from nothing", () =>
        timed(async () => {
            await lab.lab("up", "--timeline", file);
            await lab.check();
        }),
    );
    const recording = summary(JSON.parse(fs.readFileSync(`${file}.json`, "utf8")) as Recording);
    return progress.step("nothing to do", async () => ({
        up,
        recording,
        preview: await best(times, () => timed(() => lab.lab("preview"))),
        nothing: await best(times, () => timed(() => lab.lab("up"))),
        ...(await leastBy(
            ({ program }) => program.computing,
            times,
            () => lab.programNeeds(),
        )),
        machines: lab.description.machines.length,
        state: lab.state,
    }));
}
