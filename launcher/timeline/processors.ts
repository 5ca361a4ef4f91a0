/** How busy the processors of this machine are, in total and with a lab. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { countingHierarchy } from "../isolated-host/cgroups";
import { groupName } from "../isolated-host/namespace";

/** Seconds of processor time used until `at` (milliseconds since the epoch). */
export interface ProcessorTime {
    at: number;
    machine: number;
    /** Used by the lab's machines and tools, as their control groups count it. */
    lab: number;
}

/** Ticks in a second. Linux always shows 100 to programs: proc_stat(5). */
const ticks = 100;

/**
 * The used seconds in the text of /proc/stat: user, nice, system, irq, softirq and steal. Idle and iowait do not count.
 */
export function busySeconds(stat: string): number {
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (stat.split("\n")[0] ?? "")
        .split(/\s+/)
        .slice(1)
        .map(Number);
    return (user + nice + system + irq + softirq + steal) / ticks;
}

/**
 * A function that returns the processor time, in seconds, of the lab in `home`. Undefined if the lab has no control
 * groups. `part`: `machines` is libvirt's group of the lab's machines, `all` includes the lab's tools.
 */
export function labCounter(home: string, part: "machines" | "all" = "all"): (() => number) | undefined {
    const counting = countingHierarchy();
    if (!counting) return undefined;
    const { mountPoint, version } = counting;
    const file = path.join(
        mountPoint,
        groupName(home),
        part === "machines" ? "machine" : "",
        version === 1 ? "cpuacct.usage" : "cpu.stat",
    );
    if (!fs.existsSync(file)) return undefined;
    return () => {
        const text = fs.readFileSync(file, "utf8");
        return version === 1 ? Number(text) / 1e9 : Number(/^usage_usec (\d+)$/m.exec(text)?.[1] ?? 0) / 1e6;
    };
}

/** Samples the processors every half second until `end` is called. `home`: the lab's folder, an absolute path. */
export function watchProcessors(home: string): { samples: ProcessorTime[]; end: () => void } {
    const lab = labCounter(home) ?? (() => 0);
    const samples: ProcessorTime[] = [];
    const sample = () => {
        samples.push({ at: Date.now(), machine: busySeconds(fs.readFileSync("/proc/stat", "utf8")), lab: lab() });
    };
    sample();
    const timer = setInterval(sample, 500);
    return {
        samples,
        end: () => {
            clearInterval(timer);
            sample();
        },
    };
}

/** The average number of busy processors between the first and the last sample. */
export function averageUse(samples: ProcessorTime[]): { machine: number; lab: number; processors: number } {
    const [first, last] = [samples[0], samples.at(-1)];
    const seconds = first && last ? (last.at - first.at) / 1000 : 0;
    const use = (what: "machine" | "lab") => (first && last && seconds > 0 ? (last[what] - first[what]) / seconds : 0);
    return { machine: use("machine"), lab: use("lab"), processors: os.availableParallelism() };
}
