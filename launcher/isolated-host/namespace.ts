/** The lab's namespaces: found again, started and ended by way of their holder (holder.sh). */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { MachineKind } from "../../config/description";
import { searchPath } from "../../lib/programs";
import { run } from "../../lib/run";
import { countingHierarchy, createGroups, removeGroups } from "./cgroups";

/** The namespaces of a running lab. */
export interface IsolatedHost {
    /** The argv that runs `argv` in the lab's network and mounts, in the folder and with the environment of the caller. It ends with the lab. */
    enter(argv: string[]): string[];
    /** The namespaces' holder. */
    pid: number;
}

/** The lab's control groups: one name for each home, so that two labs never meet. */
export const groupName = (home: string) => `ha-web-lab-${createHash("sha256").update(home).digest("hex").slice(0, 12)}`;

/** Enters the group $1 and the namespaces of $2, and runs the rest there. The folder is asked for here, where it is the caller's. */
const enterScript = `echo 0 >"$1/cgroup.procs" && pid=$2 && shift 2 && exec nsenter --target "$pid" --net --mount --wdns="$(pwd -P)" -- "$@"`;

/** The network of the lab in `home` (an absolute path) if its holder lives; a file left by a crash, or from before a reboot, is no holder. */
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
    // One hierarchy is enough to end with the lab, and each more takes its time; in this one ./lab bench sees what it costs.
    const tools = join(countingHierarchy()?.mountPoint ?? "", groupName(home), "tools");
    return {
        pid: Number(pid),
        enter: (argv) => ["sh", "-c", enterScript, "lab", tools, pid, ...argv],
    };
}

/** When the process started, in clock ticks since boot (proc_pid_stat(5), field 22); undefined if there is none, or only its remains. */
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
 * Starts a holder for `home` and gives its network once it can be entered; libvirtd may take a moment longer (isReady). A holder that a
 * killed run left half started is not on record, but in the lab's control groups, which are emptied first.
 */
export async function startHolder(options: { home: string; cache: string; proxyPort: number }): Promise<IsolatedHost> {
    const { home, cache } = options;
    const runFolder = join(home, "run");
    const etc = join(home, "libvirt", "etc");
    for (const folder of [runFolder, etc, ...["lib", "log", "cache"].map((name) => join(home, "libvirt", name))])
        mkdirSync(folder, { recursive: true });
    // Who may talk to it is decided by who can enter its mounts: root. Nothing here knows of PolicyKit, AppArmor or other users.
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
    const fail = (why: string) =>
        new Error(`${why}\n${readFileSync(logFile, "utf8").split("\n").slice(-20).join("\n")}`);
    let exited = false;
    child.once("exit", () => {
        exited = true;
    });
    const deadline = Date.now() + 10_000;
    for (;;) {
        const holder = findHolder(home);
        if (holder) return holder;
        if (exited || Date.now() > deadline) throw fail("The lab's namespaces could not be made:");
        await wait(20);
    }
}

/** What libvirt is to log, in libvirt's own words (LIBVIRT_LOG_FILTERS and its like); by default, warnings. */
const libvirtLogging = () =>
    Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("LIBVIRT_LOG_")));

/** Who makes machines of a kind in the lab's namespaces: libvirt's URI. */
const hypervisors: Record<MachineKind, string> = { container: "lxc:///system", vm: "qemu:///system" };

/** virsh in the lab's namespaces, with machines of a kind. */
export const virsh = (isolatedHost: IsolatedHost, kind: MachineKind, ...words: string[]) =>
    run(isolatedHost.enter(["virsh", "-q", "-c", hypervisors[kind], ...words]) as [string, ...string[]]);

/** Waits until libvirtd answers. Says whether it did. */
export async function isReady(
    isolatedHost: IsolatedHost,
    kind: MachineKind,
    home: string,
    seconds: number,
): Promise<boolean> {
    for (
        const deadline = Date.now() + seconds * 1000;
        Date.now() < deadline && findHolder(home)?.pid === isolatedHost.pid;
        await wait(50)
    ) {
        try {
            await virsh(isolatedHost, kind, "uri");
            return true;
        } catch {
            /* not yet */
        }
    }
    return false;
}

/** Ends the holder and with it everything in its namespaces, then whatever else was entered into them. */
export async function stopHolder(home: string): Promise<void> {
    const holder = findHolder(home);
    if (holder) process.kill(holder.pid, "SIGKILL");
    while (findHolder(home)) await wait(10); // gone only when every process of its PID namespace is
    await removeGroups(groupName(home));
    rmSync(join(home, "run", "holder"), { force: true });
}
