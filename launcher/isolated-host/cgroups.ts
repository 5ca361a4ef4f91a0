import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** A mounted control group hierarchy: of version 1 (one or more controllers, or systemd's own) or 2. */
export interface Hierarchy {
    mountPoint: string;
    version: 1 | 2;
}

/** The hierarchies among the mounts of `mountinfo` (proc_pid_mountinfo(5)). */
export function hierarchies(mountinfo = readFileSync("/proc/self/mountinfo", "utf8")): Hierarchy[] {
    return mountinfo.split("\n").flatMap((line) => {
        const [mount, filesystem] = line.split(" - ");
        const mountPoint = mount?.split(" ")[4];
        const version = filesystem?.startsWith("cgroup2 ") ? 2 : filesystem?.startsWith("cgroup ") ? 1 : undefined;
        return mountPoint && version ? [{ mountPoint, version } as const] : [];
    });
}

/**
 * The hierarchy among `all` that counts processor time: version 1's with cpuacct, or else version 2's, which always does. The first one where none does. A
 * process that is in a lab's group there counts as the lab's, and ends with it (removeGroups).
 */
export const countingHierarchy = (all = hierarchies()): Hierarchy | undefined =>
    all.find(({ mountPoint, version }) => version === 1 && existsSync(join(mountPoint, "cpuacct.usage"))) ??
    all.find(({ version }) => version === 2) ??
    all[0];

/**
 * Makes the group `name` at the top of every hierarchy and gives their paths. Each has a child `tools` for the lab's own processes;
 * libvirt makes the machines' beside it.
 */
export async function createGroups(name: string): Promise<string[]> {
    await removeGroups(name);
    return hierarchies().map(({ mountPoint, version }) => {
        if (version === 2) delegateControllers(mountPoint);
        const group = join(mountPoint, name);
        for (const [parent, child] of [
            [mountPoint, group],
            [group, join(group, "tools")],
        ] as const) {
            mkdirSync(child, { recursive: true }); // there already where a host has one hierarchy in two places
            for (const file of version === 1 ? ["cpuset.cpus", "cpuset.mems"] : []) {
                // empty at birth, and nothing may enter until they are set
                if (existsSync(join(parent, file))) writeFileSync(join(child, file), readFileSync(join(parent, file)));
            }
        }
        return group;
    });
}

/** Lets the top group's children have its controllers; one that the host withholds only costs the machines their limits. */
function delegateControllers(mountPoint: string): void {
    for (const controller of readFileSync(join(mountPoint, "cgroup.controllers"), "utf8")
        .split(/\s+/)
        .filter(Boolean)) {
        try {
            writeFileSync(join(mountPoint, "cgroup.subtree_control"), `+${controller}`);
        } catch {
            /* not ours to give */
        }
    }
}

/** Ends every process in the groups `name` and below, and removes the groups. Nothing to remove is fine. */
export async function removeGroups(name: string): Promise<void> {
    for (const { mountPoint } of hierarchies()) {
        const group = join(mountPoint, name);
        // A killed process stays in its group until it is really gone, and one that just forked has a child that we did not see: again until empty.
        for (let attempt = 0; existsSync(group); attempt++) {
            for (const pid of processes(group)) {
                try {
                    process.kill(pid, "SIGKILL");
                } catch {
                    /* gone by itself */
                }
            }
            try {
                remove(group);
            } catch (error) {
                if (attempt >= 500) throw error;
                await wait(20);
            }
        }
    }
}

const children = (group: string) =>
    readdirSync(group, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(group, entry.name));

/** Processes of other PID namespaces show as 0: never a target. */
const processes = (group: string): number[] => [
    ...readFileSync(join(group, "cgroup.procs"), "utf8")
        .split("\n")
        .map(Number)
        .filter((pid) => pid > 0 && pid !== process.pid),
    ...children(group).flatMap(processes),
];

function remove(group: string): void {
    children(group).forEach(remove);
    rmdirSync(group);
}
