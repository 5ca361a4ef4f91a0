/** How the machines of both kinds are stopped in one moment, kept, and brought back to it. */
import * as fs from "node:fs";
import * as path from "node:path";
import type { MachineAccess } from "../../../config/access";
import { hypervisorOf, type HypervisorDescription } from "../../../config/description";
import { stackFolder } from "../../../lib/environment";
import { UserError } from "../../../lib/errors";
import { run } from "../../../lib/run";
import { quote } from "../../../lib/shell";
import { memcachedPort } from "../../../roles/sessions";
import { restoreMachines, saveMachines } from "../../isolated-host/index";
import type { LivingLab } from "../../stack/running-lab";
import { runningIsolatedHost } from "../../stack/session";
import { dump, load, type Item } from "./memcached";

/** Containers' disks are copied here. A virtual machine's snapshot is libvirt's: it is kept with the machine, and has the machine's memory. */
export const areContainers = (lab: LivingLab) => lab.description.machineKind === "container";
export const namesOf = (lab: LivingLab) => lab.access.machines.map(({ name }) => name);

export async function suspend(lab: LivingLab, names: string[]): Promise<void> {
    await Promise.all(names.map((name) => lab.virsh("suspend", name)));
}

/** Those that stand still go on. */
export async function resume(lab: LivingLab): Promise<void> {
    const paused = (await lab.domains("--state-paused")).filter((name) => namesOf(lab).includes(name));
    await Promise.all(paused.map((name) => lab.virsh("resume", name)));
}

/**
 * A virtual machine's clock stands still when it does, and a lab without a way out has nobody to ask: each gets the time of its battery-backed
 * one, which the hypervisor keeps going. To the second.
 */
export async function setClocks(lab: LivingLab): Promise<void> {
    if (areContainers(lab)) return;
    await Promise.all(
        lab.access.machines.map((machine) => lab.sh(machine, "date --set=@$(cat /sys/class/rtc/rtc0/since_epoch)")),
    );
}

/** The argv that carries bytes to the machine's memcached and back. */
function memcachedOf(lab: LivingLab, machine: MachineAccess): string[] {
    const pipe = `exec 3<>/dev/tcp/${machine.address}/${memcachedPort} || exit 1; cat <&3 & exec cat >&3`;
    return lab.into(machine, `bash -c ${quote(pipe)}`);
}

/** What the memcacheds hold, by the machine's name; nothing where the machines' own snapshots have it. */
export async function readSessions(lab: LivingLab): Promise<Record<string, Item[]>> {
    if (!areContainers(lab)) return {};
    return Object.fromEntries(
        await Promise.all(
            lab
                .machinesWith("memcached")
                .map(async (machine) => [machine.name, await dump(memcachedOf(lab, machine))] as const),
        ),
    );
}

export async function loadSessions(lab: LivingLab, sessions: Record<string, Item[]>): Promise<void> {
    const machines = lab.machinesWith("memcached").filter(({ name }) => name in sessions);
    await Promise.all(machines.map((machine) => load(memcachedOf(lab, machine), sessions[machine.name] ?? [])));
}

/** Bytes that `save` takes at most, and those that are free where it puts them. */
interface Room {
    needed: number;
    free: number;
    where: string;
}

/** One for each place that `save` puts something in. */
export async function roomsFor(lab: LivingLab): Promise<Room[]> {
    if (!areContainers(lab)) return Promise.all(lab.description.hypervisors.map((its) => poolRoom(lab, its)));
    const where = path.join(stackFolder(lab.stack), "machines");
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

/** What is copied is memory: a disk keeps what it was when it goes on. */
async function poolRoom(lab: LivingLab, hypervisor: HypervisorDescription): Promise<Room> {
    const { description } = lab;
    const pool = description.network.name;
    await lab.virshAt(hypervisor, ["pool-refresh", pool]);
    const [, free] = /^Available:\s+(\d+)/m.exec(await lab.virshAt(hypervisor, ["pool-info", "--bytes", pool])) ?? [];
    if (free === undefined)
        throw new Error(`libvirt (${hypervisor.uri}) does not say how much room its pool ${pool} has.`);
    const here = description.machines.filter((machine) => hypervisorOf(description, machine) === hypervisor);
    return {
        needed: here.reduce((sum, { memoryMiB }) => sum + memoryMiB * 1024 ** 2, 0),
        free: Number(free),
        where: `the pool ${pool} of ${hypervisor.uri}`,
    };
}

/** Keeps the machines, which stand still, in `folder` or, virtual machines, with libvirt under `name`. */
export async function save(lab: LivingLab, folder: string, name: string): Promise<void> {
    if (areContainers(lab))
        await saveMachines(await runningIsolatedHost(lab.stack), stackFolder(lab.stack), path.join(folder, "machines"));
    else for (const machine of namesOf(lab)) await lab.virsh("snapshot-create-as", machine, snapshotName(name));
}

/** The machines as they were kept: virtual ones stand still as they did then. */
export async function restore(lab: LivingLab, folder: string, name: string): Promise<void> {
    if (areContainers(lab))
        await restoreMachines(
            await runningIsolatedHost(lab.stack),
            stackFolder(lab.stack),
            path.join(folder, "machines"),
        );
    else for (const machine of namesOf(lab)) await lab.virsh("snapshot-revert", machine, snapshotName(name));
}

/** A UserError where `restore` cannot do what it is to: a virtual machine keeps its snapshots itself, and takes them with it. */
export async function canRestore(lab: LivingLab, name: string): Promise<void> {
    if (areContainers(lab)) return;
    const lost = [];
    for (const machine of namesOf(lab)) {
        const there = await lab.virsh("snapshot-list", machine, "--name").catch(() => "");
        if (!there.split("\n").some((line) => line.trim() === snapshotName(name))) lost.push(machine);
    }
    if (lost.length > 0)
        throw new UserError(
            `${lost.join(", ")} ${lost.length === 1 ? "is another machine" : "are other machines"} than when ${name} was taken.`,
            "A machine made anew has no snapshots: take another one.",
        );
}

/** Takes away what libvirt keeps of a snapshot. */
export async function forget(lab: LivingLab, name: string): Promise<void> {
    if (!areContainers(lab))
        for (const machine of namesOf(lab))
            await lab.virsh("snapshot-delete", machine, snapshotName(name)).catch(() => undefined);
}

/** What it is called with libvirt, where others may take snapshots of their own. */
const snapshotName = (name: string) => `lab-${name}`;
