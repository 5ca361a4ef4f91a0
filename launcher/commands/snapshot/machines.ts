/** Pausing, saving and restoring the machines of a lab, for both kinds of machine. */
import * as fs from "node:fs";
import * as path from "node:path";
import type { MachineAccess } from "../../../config/access";
import { memcachedPort } from "../../../roles/sessions";
import { quote } from "../../../lib/shell";
import { hypervisorOf, type HypervisorDescription } from "../../../config/description";
import { UserError } from "../../../lib/errors";
import { stackFolder } from "../../../lib/environment";
import { run } from "../../../lib/run";
import { machinesFolder } from "../../stack/folders";
import { runningIsolatedHost } from "../../stack/lab-network";
import { restoreMachines, saveMachines } from "../../isolated-host/index";
import type { RunningLab } from "../../stack/running-lab";
import { dump, load, type Item } from "./memcached";

/**
 * Disks of containers are copied by the launcher. A virtual machine's snapshot is made and kept by libvirt, and
 * includes the machine's memory.
 */
const areContainers = (lab: RunningLab) => lab.description.machineKind === "container";

export async function suspend(lab: RunningLab, names: string[]): Promise<void> {
    await Promise.all(names.map((name) => lab.virsh("suspend", name)));
}

/** Resumes all paused machines. */
export async function resumeAll(lab: RunningLab): Promise<void> {
    const paused = (await lab.domains("--state-paused")).filter((name) => lab.machineNames.includes(name));
    await Promise.all(paused.map((name) => lab.virsh("resume", name)));
}

/**
 * Sets the clocks of virtual machines, which stop while a machine is paused. The time comes from the machine's hardware
 * clock, which the hypervisor keeps running, because an isolated lab reaches no time server. Accurate to a second.
 */
export async function setClocks(lab: RunningLab): Promise<void> {
    if (areContainers(lab)) return;
    await Promise.all(
        lab.access.machines.map((machine) => lab.sh(machine, "date --set=@$(cat /sys/class/rtc/rtc0/since_epoch)")),
    );
}

/** The argv of a program that carries bytes to the machine's memcached and back. */
function memcachedPipe(lab: RunningLab, machine: MachineAccess): string[] {
    const pipe = `exec 3<>/dev/tcp/${machine.address}/${memcachedPort} || exit 1; cat <&3 & exec cat >&3`;
    return lab.sshArgv(machine, `bash -c ${quote(pipe)}`);
}

/**
 * The content of each memcached, by the machine's name. Empty for virtual machines, whose snapshots include their
 * memory.
 */
export async function readSessions(lab: RunningLab): Promise<Record<string, Item[]>> {
    if (!areContainers(lab)) return {};
    return Object.fromEntries(
        await Promise.all(
            lab
                .machinesWith("memcached")
                .map(async (machine) => [machine.name, await dump(memcachedPipe(lab, machine))] as const),
        ),
    );
}

export async function loadSessions(lab: RunningLab, sessions: Record<string, Item[]>): Promise<void> {
    const machines = lab.machinesWith("memcached").filter(({ name }) => name in sessions);
    await Promise.all(machines.map((machine) => load(memcachedPipe(lab, machine), sessions[machine.name] ?? [])));
}

/** The bytes that `save` needs at most at one place, and the free bytes there. */
interface Room {
    needed: number;
    free: number;
    where: string;
}

/** One for each place that `save` writes to. */
export async function roomsFor(lab: RunningLab): Promise<Room[]> {
    if (!areContainers(lab))
        return Promise.all(lab.description.hypervisors.map((hypervisor) => poolRoom(lab, hypervisor)));
    const where = machinesFolder(lab.stack);
    const trees = fs
        .readdirSync(where)
        .filter((name) => !name.startsWith("."))
        .map((name) => path.join(where, name));
    const needed = (
        await run([
            "du",
            "-sk",
            ...trees.map((tree) => path.join(tree, fs.existsSync(path.join(tree, "lower")) ? "upper" : "root")),
        ])
    )
        .trim()
        .split("\n")
        .reduce((sum, line) => sum + Number.parseInt(line, 10) * 1024, 0);
    const { bavail, bsize } = fs.statfsSync(where);
    return [{ needed, free: bavail * bsize, where }];
}

/**
 * A snapshot by libvirt copies the machine's memory. The disk is not copied: it keeps its old blocks when new ones are
 * written.
 */
async function poolRoom(lab: RunningLab, hypervisor: HypervisorDescription): Promise<Room> {
    const { description } = lab;
    const pool = description.network.name;
    await lab.virshAt(hypervisor, ["pool-refresh", pool]);
    const [, free] = /^Available:\s+(\d+)/m.exec(await lab.virshAt(hypervisor, ["pool-info", "--bytes", pool])) ?? [];
    if (free === undefined)
        throw new Error(`libvirt at ${hypervisor.uri} does not report the free space of its pool ${pool}`);
    const here = description.machines.filter((machine) => hypervisorOf(description, machine) === hypervisor);
    return {
        needed: here.reduce((sum, { memoryMiB }) => sum + memoryMiB * 1024 ** 2, 0),
        free: Number(free),
        where: `the pool ${pool} of ${hypervisor.uri}`,
    };
}

/** Saves the paused machines: containers in `folder`, virtual machines with libvirt under `name`. */
export async function save(lab: RunningLab, folder: string, name: string): Promise<void> {
    if (areContainers(lab))
        await saveMachines(await runningIsolatedHost(lab.stack), stackFolder(lab.stack), path.join(folder, "machines"));
    else for (const machine of lab.machineNames) await lab.virsh("snapshot-create-as", machine, snapshotName(name));
}

/** Restores the machines. Virtual machines are paused then, as they were when they were saved. */
export async function restore(lab: RunningLab, folder: string, name: string): Promise<void> {
    if (areContainers(lab))
        await restoreMachines(
            await runningIsolatedHost(lab.stack),
            stackFolder(lab.stack),
            path.join(folder, "machines"),
        );
    else for (const machine of lab.machineNames) await lab.virsh("snapshot-revert", machine, snapshotName(name));
}

/** A UserError if `restore` would fail: a virtual machine that was replaced has lost its snapshots. */
export async function checkRestorable(lab: RunningLab, name: string): Promise<void> {
    if (areContainers(lab)) return;
    const lost = [];
    for (const machine of lab.machineNames) {
        const there = await lab.virsh("snapshot-list", machine, "--name").catch(() => "");
        if (!there.split("\n").some((line) => line.trim() === snapshotName(name))) lost.push(machine);
    }
    if (lost.length > 0)
        throw new UserError(
            `${lost.join(", ")} ${lost.length === 1 ? "was" : "were"} replaced after ${name} was taken, ` +
                "and the snapshots of a replaced machine are gone.",
            "Take another snapshot.",
        );
}

/** Deletes what libvirt has of a snapshot. */
export async function deleteLibvirtSnapshots(lab: RunningLab, name: string): Promise<void> {
    if (!areContainers(lab))
        for (const machine of lab.machineNames)
            await lab.virsh("snapshot-delete", machine, snapshotName(name)).catch(() => undefined);
}

/** The snapshot's name with libvirt. The prefix tells it from snapshots that others take there. */
const snapshotName = (name: string) => `lab-${name}`;
