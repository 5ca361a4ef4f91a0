import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import * as path from "node:path";
import type { Engine } from "./index";

/**
 * Kills the processes of `engine` whose parent has ended. The bridge leaves its Terraform provider running whenever
 * pulumi ends the bridge, and a killed pulumi leaves the bridge.
 */
export function endOrphans({ env }: Pick<Engine, "env">): void {
    const folder = path.join(path.dirname(env.PULUMI_HOME ?? "/"), path.sep);
    const gone = new Set(["1"]);
    // /proc lists processes in the order of their numbers, so that parents mostly come before their children.
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
        try {
            if (!readlinkSync(`/proc/${pid}/exe`).startsWith(folder) || !gone.has(parentOf(pid))) continue;
            process.kill(Number(pid), "SIGKILL");
            gone.add(pid);
        } catch {
            /* has ended meanwhile, or belongs to another user */
        }
    }
}

/** proc_pid_stat(5), field 4. */
const parentOf = (pid: string) =>
    readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ")[1] ?? "";
