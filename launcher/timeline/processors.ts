/** How busy this machine's processors are: all of it, and the part of it that a lab does. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { countingHierarchy } from "../isolated-host/cgroups";
import { groupName } from "../isolated-host/namespace";

/** Seconds of processor time that were used until `at` (milliseconds since the epoch). */
export interface ProcessorTime {
    at: number;
    machine: number;
    /** Of the lab's machines and tools: its control groups. */
    lab: number;
}

/** Ticks of proc_stat(5) in a second: Linux shows it to everybody as 100. */
const ticks = 100;

/** user, nice, system, irq, softirq and steal of the first line; idle and iowait are not use. */
export function busySeconds(stat: string): number {
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (stat.split("\n")[0] ?? "")
        .split(/\s+/)
        .slice(1)
        .map(Number);
    return (user + nice + system + irq + softirq + steal) / ticks;
}

/**
 * Tells the processor time, in seconds, of the lab in `home`, as its control groups count it; undefined where it has none.
 * `part`: of its machines alone (libvirt's group for them), or with its tools.
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

/** Looks at the processors every half second until it is ended. `home`: the lab's, an absolute path. */
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

/** How many processors were busy on average between the first and the last of `samples`. */
export function averageUse(samples: ProcessorTime[]): { machine: number; lab: number; processors: number } {
    const [first, last] = [samples[0], samples.at(-1)];
    const seconds = first && last ? (last.at - first.at) / 1000 : 0;
    const use = (what: "machine" | "lab") => (first && last && seconds > 0 ? (last[what] - first[what]) / seconds : 0);
    return { machine: use("machine"), lab: use("lab"), processors: os.availableParallelism() };
}
