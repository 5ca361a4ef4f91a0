/**
 * Starts, finds and ends the namespaces of an isolated lab. Their first process, the holder (holder.sh), stands for
 * them.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MachineKind } from "../../config/description";
import { searchPath } from "../../lib/programs";
import { run } from "../../lib/run";
import { until } from "../../lib/until";
import { countingHierarchy, createGroups, removeGroups } from "./cgroups";

/** The running environment of an isolated lab: its namespaces, with a libvirtd and a network of its own. */
export interface IsolatedHost {
    /**
     * The argv that runs `argv` in the lab's network and mount namespaces. The program keeps the caller's folder and
     * environment, and ends with the lab.
     */
    enter(argv: string[]): string[];
    /** Process id of the holder, as this machine counts. */
    pid: number;
}

/** Name of the lab's control groups, unique for each home. */
export const groupName = (home: string) => `ha-web-lab-${createHash("sha256").update(home).digest("hex").slice(0, 12)}`;

/**
 * Joins control group $1 and the namespaces of process $2, and runs the other words. `pwd` runs before nsenter, so that
 * it gives the caller's folder.
 */
const enterScript =
    `echo 0 >"$1/cgroup.procs" && pid=$2 && shift 2 && ` +
    `exec nsenter --target "$pid" --net --mount --wdns="$(pwd -P)" -- "$@"`;

/**
 * The isolated host of `home` (an absolute path); undefined where its holder does not run, as after a crash or a
 * reboot.
 */
export function findHolder(home: string): IsolatedHost | undefined {
    const file = join(home, "run", "holder");
    if (!existsSync(file)) return undefined;
    const [pid, startTime, bootId] = readFileSync(file, "utf8").trim().split(" ");
    if (
        !pid ||
        bootId !== readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim() ||
        startTimeOf(pid) !== startTime
    )
        return undefined;
    // Joining one hierarchy is enough to end with the lab, and joining others takes time. ./lab bench counts processor
    // time in this one.
    const tools = join(countingHierarchy()?.mountPoint ?? "", groupName(home), "tools");
    return {
        pid: Number(pid),
        enter: (argv) => ["sh", "-c", enterScript, "lab", tools, pid, ...argv],
    };
}

/**
 * When a process started, in clock ticks since boot (proc_pid_stat(5), field 22); undefined if there is no such
 * process, or a zombie.
 */
function startTimeOf(pid: string): string | undefined {
    try {
        const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
            .replace(/^.*\) /s, "")
            .split(" ");
        return fields[0] === "Z" ? undefined : fields[19];
    } catch {
        return undefined;
    }
}

/**
 * Starts a holder for `home` and returns when its namespaces can be entered; libvirtd may need a moment more (isReady).
 * Removing the control groups first ends a holder that a killed run left without a `run/holder` file.
 */
export async function startHolder(options: { home: string; cache: string; proxyPort: number }): Promise<IsolatedHost> {
    const { home, cache } = options;
    const runFolder = join(home, "run");
    const etc = join(home, "libvirt", "etc");
    for (const folder of [runFolder, etc, ...["lib", "log", "cache"].map((name) => join(home, "libvirt", name))])
        mkdirSync(folder, { recursive: true });
    // Only root can enter the mounts with libvirtd's socket. There is no PolicyKit, AppArmor or other user in the
    // namespaces.
    writeFileSync(join(etc, "libvirtd.conf"), `auth_unix_ro = "none"\nauth_unix_rw = "none"\n`);
    writeFileSync(join(etc, "qemu.conf"), `user = "root"\ngroup = "root"\nsecurity_driver = "none"\n`);
    rmSync(join(runFolder, "holder"), { force: true });
    const groups = await createGroups(groupName(home));
    const logFile = join(runFolder, "holder.log");
    const log = openSync(logFile, "w");
    const child = spawn("unshare", ["--pid", "--fork", "--kill-child", "bash", join(__dirname, "holder.sh"), "start"], {
        cwd: "/",
        detached: true,
        stdio: ["ignore", log, log],
        env: {
            PATH: searchPath,
            LANG: "C.UTF-8",
            LAB_HOME_FOLDER: home,
            LAB_CACHE_FOLDER: cache,
            LAB_PROXY_PORT: String(options.proxyPort),
            LAB_GROUPS: groups.join("\n"),
            ...libvirtLogging(),
        },
    });
    closeSync(log);
    child.unref();
    let hasExited = false;
    child.once("exit", () => {
        hasExited = true;
    });
    return until(() => findHolder(home) ?? (hasExited && Promise.reject(new Error("the holder has exited"))), {
        seconds: 10,
        everyMs: 20,
        what: "the lab's namespaces exist",
    }).catch(() => {
        const lastLines = readFileSync(logFile, "utf8").split("\n").slice(-20);
        throw new Error(["The lab's namespaces could not be made:", ...lastLines].join("\n"));
    });
}

/**
 * libvirt's own variables for its log (LIBVIRT_LOG_FILTERS, ...), from this process's environment; without them it logs
 * warnings.
 */
const libvirtLogging = () =>
    Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("LIBVIRT_LOG_")));

/** libvirt's URI in the lab's namespaces, by kind of machine. */
const hypervisors: Record<MachineKind, string> = { container: "lxc:///system", vm: "qemu:///system" };

/** Runs virsh in the lab's namespaces for machines of one kind; gives its standard output. */
export const virsh = (isolatedHost: IsolatedHost, kind: MachineKind, ...words: string[]) =>
    run(isolatedHost.enter(["virsh", "-q", "-c", hypervisors[kind], ...words]) as [string, ...string[]]);

/**
 * Waits until libvirtd answers, and gives whether it did within `seconds`. Does not wait on after the end of the
 * holder.
 */
export async function isReady(
    isolatedHost: IsolatedHost,
    kind: MachineKind,
    home: string,
    seconds: number,
): Promise<boolean> {
    const answers = () =>
        virsh(isolatedHost, kind, "uri").then(
            () => "ready" as const,
            () => undefined,
        );
    const state = await until(() => (findHolder(home)?.pid === isolatedHost.pid ? answers() : "ended"), {
        seconds,
        what: "libvirtd answers",
    }).catch(() => undefined);
    return state === "ready";
}

/** Ends the holder and every process in its namespaces, then the programs that entered them from outside. */
export async function stopHolder(home: string): Promise<void> {
    const holder = findHolder(home);
    if (holder) process.kill(holder.pid, "SIGKILL");
    // The holder's process exists until every other process of its PID namespace has ended.
    await until(() => findHolder(home) === undefined, {
        seconds: 120,
        everyMs: 10,
        what: "the lab's processes have ended",
    });
    await removeGroups(groupName(home));
    rmSync(join(home, "run", "holder"), { force: true });
}
