import type { ProgramSize, Size } from "./measure-growth";
import type { Limits } from "./measure-limits";
import { markdownTable } from "../../../lib/table";
import { jobs, type Comparison, type Job } from "./jobs";
import type { Throughput } from "./measure-site";

/** All measurements of one call of the bench. */
export interface Results {
    /** Like 2026-11-25. */
    date: string;
    stack: string;
    short: boolean;
    limits?: Limits;
    growth?: Size[];
    program?: ProgramSize[];
    site?: Throughput[];
    ansible?: Comparison;
    ansibleWithLayers?: Comparison;
}

/** A goal, and the measurement for it. */
interface Goal {
    what: string;
    value: number;
    /** The goal is reached if the value is at most this. */
    limit: number;
    unit: string;
    /** Details that explain the value. */
    seen: string;
}

const fixed = (value: number, digits = 1) => value.toFixed(digits);
const kib = (bytes: number) => bytes / 1024;

const mib = (bytes: number) => bytes / 1024 ** 2;

/** The goals for this program's time as a part of Ansible's. */
const ansibleGoals: Partial<Record<Job, number>> = { converge: 0.55, nothing: 0.2, file: 0.2 };
/** The same where both start from images that have all packages. */
const bakedGoals: Partial<Record<Job, number>> = { converge: 0.4 };

function againstAnsible({ ours, ansible }: Comparison, goals: Partial<Record<Job, number>>, images: string): Goal[] {
    return (Object.keys(goals) as Job[]).map((job) => ({
        what: `${jobs[job]}${images}, of Ansible's time`,
        value: ours[job].wall / ansible[job].wall,
        limit: goals[job] ?? NaN,
        unit: "times",
        seen:
            `${fixed(ours[job].wall)} s and ${fixed(ansible[job].wall)} s; ` +
            `${fixed(ours[job].computing / ansible[job].computing, 2)} times its processor time, ` +
            `${fixed(ours[job].machines / ansible[job].computing, 2)} by what the machines did alone`,
    }));
}

export function goalsOf({ limits, growth, ansible, ansibleWithLayers, short }: Results): Goal[] {
    const repeated = short ? "once" : "best of 3";
    const [smallest, largest] = [growth?.[0], growth?.at(-1)];
    return [
        ...(ansible ? againstAnsible(ansible, ansibleGoals, "") : []),
        ...(ansibleWithLayers ? againstAnsible(ansibleWithLayers, bakedGoals, ", from baked images") : []),
        ...(limits
            ? [
                  {
                      what: "`up` from nothing to a verified site, caches full",
                      value: limits.up,
                      limit: 15,
                      unit: "s",
                      seen: `${busy(limits)}`,
                  },
                  ...(limits.upWithoutLayers === undefined
                      ? []
                      : [
                            {
                                what: "the same, of its time without package layers",
                                value: limits.up / limits.upWithoutLayers,
                                limit: 0.35,
                                unit: "times",
                                seen: `${fixed(limits.up)} s and ${fixed(limits.upWithoutLayers)} s`,
                            },
                        ]),
                  {
                      what: "`up`'s wall time over its critical path",
                      value: limits.recording.ratio ?? NaN,
                      limit: 1.25,
                      unit: "times",
                      seen:
                          `${fixed(limits.recording.wall)} s over ${fixed(limits.recording.criticalPath)} s; ` +
                          `${fixed(limits.recording.before)} s before the first step; ${busy(limits)}`,
                  },
                  { what: "preview, nothing to do", value: limits.preview, limit: 1.5, unit: "s", seen: repeated },
                  { what: "`up`, nothing to do", value: limits.nothing, limit: 1.5, unit: "s", seen: repeated },
                  {
                      what: "of a preview, the program itself",
                      value: limits.program.computing,
                      limit: 1,
                      unit: "s",
                      seen:
                          "processor time, the least of several; " +
                          `${fixed(limits.program.alive)} s with its waiting for the engine; ` +
                          `memory: ${fixed(mib(limits.program.memory), 0)} MiB, ` +
                          `the launcher ${fixed(mib(limits.launcher.memory), 0)} MiB`,
                  },
                  {
                      what: "state a machine",
                      value: kib(limits.state.bytes) / limits.machines,
                      limit: 60,
                      unit: "KiB",
                      seen: `${limits.state.resources} resources for ${limits.machines} machines`,
                  },
              ]
            : []),
        ...(smallest && largest && largest !== smallest
            ? [
                  {
                      what: "preview or `up` that finds nothing to do, each machine more",
                      value: (quickest(largest) - quickest(smallest)) / (largest.machines - smallest.machines),
                      limit: 0.15,
                      unit: "s",
                      seen:
                          `the quicker of both: ${smallest.machines} machines ${fixed(quickest(smallest))} s, ` +
                          `${largest.machines} machines ${fixed(quickest(largest))} s`,
                  },
              ]
            : []),
    ];
}

/**
 * Preview and `up` do the same work if there is nothing to do. The slower one was slowed down by other work on the
 * machine.
 */
const quickest = ({ preview, nothing }: Size) => Math.min(preview, nothing);
const busy = ({ recording: { use } }: Limits) =>
    `${fixed(use.machine)} of ${use.processors} processors busy, ${fixed(use.lab)} with the lab`;

const comparisonTable = (what: string, { ours, ansible }: Comparison) =>
    markdownTable(
        [what, "this program", "Ansible", "part", "processors: this program", "Ansible", "part"],
        (Object.keys(jobs) as Job[]).map((job) => [
            jobs[job],
            fixed(ours[job].wall),
            fixed(ansible[job].wall),
            fixed(ours[job].wall / ansible[job].wall, 2),
            fixed(ours[job].computing),
            fixed(ansible[job].computing),
            fixed(ours[job].computing / ansible[job].computing, 2),
        ]),
    );

/** The tables of docs/performance.md, as Markdown. */
export function asMarkdown(results: Results): string {
    const { limits, growth, program, site, ansible, ansibleWithLayers } = results;
    const processors = limits ? `, ${limits.recording.use.processors} processors` : "";
    const parts = [`Measured on ${results.date} by \`./lab bench${results.short ? " --short" : ""}\`${processors}.\n`];
    const goals = goalsOf(results);
    if (goals.length > 0) {
        parts.push(
            markdownTable(
                ["what", "measured", "goal", "", "seen"],
                goals.map(({ what, value, limit, unit, seen }) => [
                    what,
                    `${fixed(value, value < 10 ? 2 : 1)} ${unit}`,
                    `at most ${limit}`,
                    value <= limit ? "reached" : "**not reached**",
                    seen,
                ]),
            ),
        );
    }
    if (ansible) parts.push(comparisonTable("seconds", ansible));
    if (ansibleWithLayers) parts.push(comparisonTable("seconds, from baked images", ansibleWithLayers));
    if (growth) {
        parts.push(
            markdownTable(
                [
                    "app servers",
                    "machines",
                    "preview",
                    "`up`, nothing to do",
                    "`up` that adds one",
                    "resources",
                    "state a machine",
                ],
                growth.map((size) => [
                    String(size.appServers),
                    String(size.machines),
                    `${fixed(size.preview)} s`,
                    `${fixed(size.nothing)} s`,
                    `${fixed(size.addsOne)} s`,
                    String(size.state.resources),
                    `${fixed(kib(size.state.bytes) / size.machines)} KiB`,
                ]),
            ),
        );
    }
    if (program) {
        parts.push(
            markdownTable(
                ["app servers", "machines", "resources", "the program alone, with mocks"],
                program.map(({ appServers, machines, resources, seconds }) => [
                    String(appServers),
                    String(machines),
                    String(resources),
                    `${fixed(seconds, 2)} s`,
                ]),
            ),
        );
    }
    if (site) {
        parts.push(
            markdownTable(
                ["through", "requests/s", "median", "99 %", "failed"],
                site.map(({ what, requestsPerSecond, median, p99, failed }) => [
                    what,
                    fixed(requestsPerSecond, 0),
                    `${fixed(median)} ms`,
                    `${fixed(p99)} ms`,
                    String(failed),
                ]),
            ),
        );
    }
    return parts.join("\n");
}
