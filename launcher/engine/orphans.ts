import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import * as path from "node:path";
import type { Engine } from "./index";

/**
 * Ends the processes of `engine` whose parent is gone: nobody can take a result of theirs any more. The bridge leaves its Terraform
 * provider behind whenever pulumi ends it, and a pulumi that was killed leaves the bridge.
 */
export function endOrphans({ env }: Pick<Engine, "env">): void {
    const folder = path.join(path.dirname(env.PULUMI_HOME ?? "/"), path.sep);
    const gone = new Set(["1"]);
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
        // in the order of their birth: parents first
        try {
            if (!readlinkSync(`/proc/${pid}/exe`).startsWith(folder) || !gone.has(parentOf(pid))) continue;
            process.kill(Number(pid), "SIGKILL");
            gone.add(pid);
        } catch {
            /* gone meanwhile, or not ours to look at */
        }
    }
}

/** proc_pid_stat(5), field 4. */
const parentOf = (pid: string) =>
    readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ")[1] ?? "";
