import { criticalPath, duration, waited, withReadiness, type Dependencies, type Timed } from "./critical-path";
import { averageUse, type ProcessorTime } from "./processors";
import { parseResourceName } from "../../config/resource-names";
import { alignColumns } from "../../lib/table";
import type { StateResource } from "../stack/pulumi-state";
import { stepsOf, type TimedLine } from "./steps";

/** One recorded `up`. Times are in milliseconds since the epoch. */
export interface Recording {
    /** When the launcher started. */
    start: number;
    /** When pulumi ended. */
    end: number;
    steps: Timed[];
    /** The steps of the critical path, in their order. */
    critical: Timed[];
    processors: ProcessorTime[];
    /** The names of the lab's machines. */
    machines: string[];
}

/**
 * Combines the event log of an `up` with the dependencies in the state after it. Components are left out: nothing is
 * done for them.
 */
export function record({
    lines,
    resources,
    ...seen
}: Pick<Recording, "start" | "end" | "processors" | "machines"> & {
    lines: TimedLine[];
    resources: Pick<StateResource, "urn" | "custom" | "dependencies">[];
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

/** The machine that a step belongs to. Undefined for a step of the whole lab, such as its network. */
export function machineOf({ machines }: Pick<Recording, "machines">, { name }: { name: string }): string | undefined {
    return parseResourceName(name, machines)?.machine;
}

/** The sums of a recording, in seconds. */
export function summary({ start, end, steps, critical, processors }: Recording) {
    const path = critical.reduce((sum, step) => sum + duration(step), 0) / 1000;
    const wall = (end - start) / 1000;
    return {
        wall,
        criticalPath: path,
        ratio: path > 0 ? wall / path : undefined,
        /** The time of the launcher, the engine and the plugins before the first step, and after the last one. */
        before: steps.length > 0 ? (Math.min(...steps.map((step) => step.start)) - start) / 1000 : wall,
        after: steps.length > 0 ? (end - Math.max(...steps.map((step) => step.end))) / 1000 : 0,
        use: averageUse(processors),
    };
}

const shownSteps = 8;
const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1);

/** A recording as text for a person. */
export function report(recording: Recording): string {
    const { steps, critical } = recording;
    const { wall, criticalPath: path, ratio, before, after, use } = summary(recording);
    if (ratio === undefined) return `up took ${wall.toFixed(1)} s and did nothing.\n`;
    const table = (head: string[], rows: string[][]) =>
        alignColumns([head, ...rows])
            .replaceAll(/^/gm, "  ")
            .trimEnd();
    const longest = (time: (step: Timed) => number) =>
        [...steps].sort((a, b) => time(b) - time(a)).slice(0, shownSteps);
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
    longest(duration).map((step) => [seconds(duration(step)), step.name]),
)}

Longest wait of each machine for a step of another machine:
${table(
    ["waited", "machine", "for"],
    waits(recording).map(({ milliseconds, machine, step, by }) => [
        seconds(milliseconds),
        machine,
        `${by}, before ${step}`,
    ]),
)}
`;
}

/**
 * For each machine the longest time between two of its steps without any of its steps. `by` is the step of another
 * machine that ended last before it.
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
