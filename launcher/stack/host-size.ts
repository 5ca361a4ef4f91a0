/** Whether a machine is large enough for the lab's machines on it. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { mistakeIf, type Check } from "../../config/checks/check";
import { neededMiB } from "../../config/checks/sizes";
import type { LabDescription, MachineDescription } from "../../config/description";
import { stackFolder } from "../../lib/environment";
import { namedRoles } from "../../roles/configuration";
import { stateFile } from "./folders";

/** What stays for the system of a hypervisor, and on this machine for pulumi and the launcher. */
export const headroomMiB = 512;

/**
 * What one machine's disk takes at least, in MiB. Seen on 2026-11-27 with `du`: 160 to 520 MiB for containers, 2 GiB
 * for a Debian virtual machine with the packages of a role.
 */
export const leastDiskMiB = { container: 512, vm: 2048 };

export interface HostSize {
    /** With swap. */
    memoryMiB: number;
    availableMiB: number;
    processors: number;
    /** Free in the folder of the machines' disks. */
    freeDiskMiB: number;
}

/** The folder, or the nearest existing one above it. */
export const nearestExisting = (folder: string): string =>
    fs.existsSync(folder) ? folder : nearestExisting(path.dirname(folder));

/** The size of this machine. `folder` is where the disks are, or will be. */
export function thisHostSize(folder: string): HostSize {
    const meminfo = fs.readFileSync("/proc/meminfo", "utf8");
    const mebibytes = (key: string) =>
        Math.floor(Number(new RegExp(`^${key}: +(\\d+) kB`, "m").exec(meminfo)?.[1] ?? 0) / 1024);
    const { bavail, bsize } = fs.statfsSync(nearestExisting(folder));
    return {
        memoryMiB: mebibytes("MemTotal") + mebibytes("SwapTotal"),
        availableMiB: mebibytes("MemAvailable") + mebibytes("SwapFree"),
        processors: os.availableParallelism(),
        freeDiskMiB: Math.floor((bavail * bsize) / 1024 ** 2),
    };
}

/**
 * The memory that `machines` take from their hypervisor, in MiB. A virtual machine takes its whole size in time. A
 * container's size is only a limit: its roles decide.
 */
export const memoryDemandMiB = (description: LabDescription, machines: MachineDescription[]): number =>
    machines.reduce(
        (sum, machine) =>
            sum +
            (description.machineKind === "vm" ? machine.memoryMiB : neededMiB(description, machine, namedRoles())),
        0,
    );

const gibibytes = (mebibytes: number) => `${(mebibytes / 1024).toFixed(1)} GiB`;

/** What an isolated lab needs and a machine of this size cannot give. `isUp`: the disks are there already. */
export const mistakesOnHost =
    (host: HostSize, folder: string, isUp: boolean): Check =>
    (description) => {
        const { machines, machineKind } = description;
        const demand = memoryDemandMiB(description, machines);
        const disks = machines.length * leastDiskMiB[machineKind];
        return [
            ...mistakeIf(demand > host.memoryMiB - headroomMiB, () => ({
                path: "machines",
                problem:
                    `the machines need ${demand} MiB of memory together, and this machine has ${host.memoryMiB} MiB, ` +
                    `of which ${headroomMiB} MiB stay for its system`,
                remedy:
                    machineKind === "vm"
                        ? "give them less (machineSize.memoryMiB, machines.NAME.memoryMiB), or describe fewer machines"
                        : "give their roles less (tomcat.heapMiB, sessions.memcachedMiB), or describe fewer machines",
            })),
            ...mistakeIf(!isUp && disks > host.freeDiskMiB, () => ({
                path: "machines",
                problem:
                    `the machines' disks take at least ${gibibytes(disks)}, ` +
                    `and ${folder} has ${gibibytes(host.freeDiskMiB)} free`,
                remedy: "make room, or choose another folder: LAB_HOME=FOLDER ./lab ...",
            })),
        ];
    };

/** The same for this machine and a stack. Hypervisors of other stacks are the doctor's business. */
export function mistakesHere(stack: string): Check {
    const folder = stackFolder(stack);
    return (description) =>
        description.isolated
            ? mistakesOnHost(thisHostSize(folder), folder, fs.existsSync(stateFile(stack)))(description)
            : [];
}
