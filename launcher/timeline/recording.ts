import { criticalPath, duration, waited, withReadiness, type Dependencies, type Timed } from "./critical-path";
import { averageUse, type ProcessorTime } from "./processors";
import { nameOf, stepsOf, type TimedLine } from "./steps";
import { alignColumns } from "../commands/verify/report";

/** One `up` as it was seen. Times are in milliseconds since the epoch. */
export interface Recording {
    /** When the launcher was started, and when pulumi had ended. */
    start: number;
    end: number;
    steps: Timed[];
    /** Of `steps`, in their order. */
    critical: Timed[];
    processors: ProcessorTime[];
    /** Names of the site's machines. */
    machines: string[];
}

/** The part of a resource in pulumi's state that is read here. */
export interface StateResource {
    urn: string;
    custom: boolean;
    dependencies?: string[];
}

/** Puts together what was seen of an `up` and what the state says afterwards. Components are no steps: nothing is done for them. */
export function record({
    lines,
    resources,
    ...seen
}: Pick<Recording, "start" | "end" | "processors" | "machines"> & {
    lines: TimedLine[];
    resources: StateResource[];
}): Recording {
    const custom = new Set(resources.filter((resource) => resource.custom).map(({ urn }) => urn));
    const dependencies: Dependencies = new Map(resources.map(({ urn, dependencies: before = [] }) => [urn, before]));
    const all = stepsOf(lines).filter(({ urn, op }) => custom.has(urn) && op !== "same");
    const steps = withReadiness(all, dependencies, Math.min(...all.map(({ start }) => start)));
    const onPath = new Set(criticalPath(all, dependencies).map((step) => `${step.op} ${step.urn}`));
    return {
        ...seen,
        steps,
        critical: steps.filter((step) => onPath.has(`${step.op} ${step.urn}`)).sort((a, b) => a.start - b.start),
    };
}

/** The machine that a step is for, by its name's first part; undefined for what belongs to all. */
export function machineOf({ machines }: Pick<Recording, "machines">, { name }: { name: string }): string | undefined {
    return machines.find((machine) => name.startsWith(`${machine}-`));
}

/** The sums of a recording, in seconds. */
export function summary({ start, end, steps, critical, processors }: Recording) {
    const path = critical.reduce((sum, step) => sum + duration(step), 0) / 1000;
    const wall = (end - start) / 1000;
    return {
        wall,
        criticalPath: path,
        ratio: path > 0 ? wall / path : undefined,
        /** Launcher, engine and plugins, before anything was done; and after the last step. */
        before: steps.length > 0 ? (Math.min(...steps.map((step) => step.start)) - start) / 1000 : wall,
        after: steps.length > 0 ? (end - Math.max(...steps.map((step) => step.end))) / 1000 : 0,
        use: averageUse(processors),
    };
}

const shown = 8;
const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1);

/** What a recording tells, for a person. */
export function report(recording: Recording): string {
    const { steps, critical } = recording;
    const { wall, criticalPath: path, ratio, before, after, use } = summary(recording);
    if (ratio === undefined) return `up took ${wall.toFixed(1)} s and did nothing.\n`;
    const table = (head: string[], rows: string[][]) =>
        alignColumns([head, ...rows])
            .replaceAll(/^/gm, "  ")
            .trimEnd();
    const worst = (of: (step: Timed) => number) => [...steps].sort((a, b) => of(b) - of(a)).slice(0, shown);
    return `up took ${wall.toFixed(1)} s: ${ratio.toFixed(2)} times its critical path of ${path.toFixed(1)} s.
Before the first step ${before.toFixed(1)} s, after the last ${after.toFixed(1)} s.
${use.machine.toFixed(1)} of ${use.processors} processors were busy, ${use.lab.toFixed(1)} of them with the lab.

Critical path:
${table(
    ["took", "began late by", "step"],
    critical.map((step) => [seconds(duration(step)), seconds(waited(step)), step.name]),
)}

Slowest steps:
${table(
    ["took", "step"],
    worst(duration).map((step) => [seconds(duration(step)), step.name]),
)}

Longest waits of each machine for another's step:
${table(
    ["waited", "machine", "for"],
    waits(recording).map(({ milliseconds, machine, step, by }) => [
        seconds(milliseconds),
        machine,
        `${nameOf(by)}, before ${step}`,
    ]),
)}
`;
}

/**
 * The longest time of each machine in which nothing was done for it, between two of its steps, and the step of another machine that ended last before it went on.
 */
export function waits(recording: Recording): { machine: string; milliseconds: number; step: string; by: string }[] {
    return recording.machines
        .flatMap((machine) => {
            const own = recording.steps
                .filter((step) => machineOf(recording, step) === machine)
                .sort((a, b) => a.start - b.start);
            let busyUntil = own[0]?.end ?? 0;
            const gaps = own.slice(1).flatMap((step) => {
                const gap = { milliseconds: step.start - busyUntil, machine, step: step.name, at: step.start };
                busyUntil = Math.max(busyUntil, step.end);
                return gap.milliseconds > 0 ? [gap] : [];
            });
            const longest = gaps.sort((a, b) => b.milliseconds - a.milliseconds)[0];
            const last =
                longest &&
                recording.steps
                    .filter((step) => step.end <= longest.at && machineOf(recording, step) !== machine)
                    .sort((a, b) => b.end - a.end)[0];
            return longest && last
                ? [{ machine, milliseconds: longest.milliseconds, step: longest.step, by: last.name }]
                : [];
        })
        .sort((a, b) => b.milliseconds - a.milliseconds);
}
