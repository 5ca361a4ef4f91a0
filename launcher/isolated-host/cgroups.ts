import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../lib/until";

/** A mounted control group hierarchy: of version 1 (one or more controllers, or systemd's own) or 2. */
export interface Hierarchy {
    mountPoint: string;
    version: 1 | 2;
}

/** The control group hierarchies that are mounted, from the text of `mountinfo` (proc_pid_mountinfo(5)). */
export function hierarchies(mountinfo = readFileSync("/proc/self/mountinfo", "utf8")): Hierarchy[] {
    return mountinfo.split("\n").flatMap((line) => {
        const [mount, filesystem] = line.split(" - ");
        const mountPoint = mount?.split(" ")[4];
        const version = filesystem?.startsWith("cgroup2 ") ? 2 : filesystem?.startsWith("cgroup ") ? 1 : undefined;
        return mountPoint && version ? [{ mountPoint, version } as const] : [];
    });
}

/**
 * The hierarchy that counts processor time: version 1 with controller cpuacct, else version 2, else the first one. A
 * process in a lab's group of this hierarchy counts as the lab's, and removeGroups ends it.
 */
export const countingHierarchy = (all = hierarchies()): Hierarchy | undefined =>
    all.find(({ mountPoint, version }) => version === 1 && existsSync(join(mountPoint, "cpuacct.usage"))) ??
    all.find(({ version }) => version === 2) ??
    all[0];

/**
 * Makes the group `name` at the top of every hierarchy, and gives the groups' paths. Child group `tools` is for the
 * lab's processes other than machines; libvirt makes the machines' groups beside it.
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
            mkdirSync(child, { recursive: true }); // exists already where a hierarchy is mounted twice
            for (const file of version === 1 ? ["cpuset.cpus", "cpuset.mems"] : []) {
                // These files of a new group are empty, and no process can join the group until they have a value.
                if (existsSync(join(parent, file))) writeFileSync(join(child, file), readFileSync(join(parent, file)));
            }
        }
        return group;
    });
}

/**
 * Enables the top group's controllers for its children. Without a controller that the system withholds, only the
 * machines' limits do not work.
 */
function delegateControllers(mountPoint: string): void {
    for (const controller of readFileSync(join(mountPoint, "cgroup.controllers"), "utf8")
        .split(/\s+/)
        .filter(Boolean)) {
        try {
            writeFileSync(join(mountPoint, "cgroup.subtree_control"), `+${controller}`);
        } catch {
            /* withheld */
        }
    }
}

/** Ends every process in the groups `name` and below, and removes the groups. Nothing to remove is fine. */
export async function removeGroups(name: string): Promise<void> {
    for (const { mountPoint } of hierarchies()) {
        const group = join(mountPoint, name);
        // Once is not enough: a killed process stays in its group for a moment, and a process may have forked
        // meanwhile.
        const killAndRemove = () => {
            if (!existsSync(group)) return true;
            processes(group).forEach(kill);
            try {
                remove(group);
                return true;
            } catch {
                return false;
            }
        };
        await until(killAndRemove, { seconds: 10, everyMs: 20, what: `no process is left in ${group}` });
    }
}

function kill(pid: number): void {
    try {
        process.kill(pid, "SIGKILL");
    } catch {
        /* has ended by itself */
    }
}

const children = (group: string) =>
    readdirSync(group, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(group, entry.name));

/**
 * The processes of a group and of the groups below it. Processes that this PID namespace does not show have the number
 * 0, and are left out.
 */
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
