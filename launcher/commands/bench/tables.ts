import type { ProgramSize, Size } from "./measure-growth";
import type { Limits } from "./measure-limits";
import { markdownTable } from "../../../lib/table";
import { jobs, type Job, type Side } from "./jobs";
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
    ansible?: { ours: Side; ansible: Side };
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

/** The goals for this program's time as a part of Ansible's. */
const ansibleGoals: Partial<Record<Job, number>> = { converge: 0.5, nothing: 0.2, file: 0.2 };

export function goalsOf({ limits, growth, ansible, short }: Results): Goal[] {
    const repeated = short ? "once" : "best of 3";
    const [smallest, largest] = [growth?.[0], growth?.at(-1)];
    return [
        ...(ansible
            ? Object.entries(ansibleGoals).map(([job, limit]): Goal => {
                  const [ours, theirs] = [ansible.ours[job as Job], ansible.ansible[job as Job]];
                  return {
                      what: `${jobs[job as Job]}, of Ansible's time`,
                      value: ours.wall / theirs.wall,
                      limit,
                      unit: "times",
                      seen:
                          `${fixed(ours.wall)} s and ${fixed(theirs.wall)} s; ` +
                          `${fixed(ours.computing / theirs.computing, 2)} times its processor time, ` +
                          `${fixed(ours.machines / theirs.computing, 2)} by what the machines did alone`,
                  };
              })
            : []),
        ...(limits
            ? [
                  {
                      what: "`up` from nothing to a verified site, caches full",
                      value: limits.up,
                      limit: 180,
                      unit: "s",
                      seen: `${busy(limits)}`,
                  },
                  {
                      what: "`up`'s wall time over its critical path",
                      value: limits.recording.ratio ?? NaN,
                      limit: 1.25,
                      unit: "times",
                      seen:
                          `${fixed(limits.recording.wall)} s over ${fixed(limits.recording.criticalPath)} s; ` +
                          `${fixed(limits.recording.before)} s before the first step; ${busy(limits)}`,
                  },
                  { what: "preview, nothing to do", value: limits.preview, limit: 6, unit: "s", seen: repeated },
                  { what: "`up`, nothing to do", value: limits.nothing, limit: 6, unit: "s", seen: repeated },
                  {
                      what: "of a preview, the program itself",
                      value: limits.program.computing,
                      limit: 1,
                      unit: "s",
                      seen:
                          "processor time, the least of several; " +
                          `${fixed(limits.program.alive)} s with its waiting for the engine`,
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

/** The tables of docs/performance.md, as Markdown. */
export function asMarkdown(results: Results): string {
    const { limits, growth, program, site, ansible } = results;
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
    if (ansible) {
        parts.push(
            markdownTable(
                ["seconds", "this program", "Ansible", "part", "processors: this program", "Ansible", "part"],
                (Object.keys(jobs) as Job[]).map((job) => {
                    const [ours, theirs] = [ansible.ours[job], ansible.ansible[job]];
                    return [
                        jobs[job],
                        fixed(ours.wall),
                        fixed(theirs.wall),
                        fixed(ours.wall / theirs.wall, 2),
                        fixed(ours.computing),
                        fixed(theirs.computing),
                        fixed(ours.computing / theirs.computing, 2),
                    ];
                }),
            ),
        );
    }
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
