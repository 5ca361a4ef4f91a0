/** How the machines of both kinds are stopped in one moment, kept, and brought back to it. */
import * as path from "node:path";
import type { Access, MachineAccess } from "../../components/outputs";
import { memcachedPort } from "../../config/site";
import { quote } from "../../components/shell";
import { writeSshConfig } from "../lab/access";
import { UserError } from "../lab/errors";
import { stackFolder } from "../lab/places";
import { run } from "../lab/run";
import { reach } from "../lab/session";
import { findNetwork, restoreMachines, saveMachines } from "../network";
import { dump, load, type Item } from "./memcached";

/** A lab that is up, with the ways in that a snapshot needs. */
export class Standing {
    private constructor(readonly stack: string, readonly access: Access, private readonly enter: (argv: string[]) => string[], private readonly sshConfig: string) {}

    static async open(stack: string, access: Access): Promise<Standing> {
        return new Standing(stack, access, await reach(stack), writeSshConfig(stack, access));
    }

    get areContainers() { return this.access.site.machineKind === "container"; }
    get names() { return this.access.machines.map(({ name }) => name); }
    with(role: string) { return this.access.machines.filter(({ roles }) => roles.includes(role)); }

    virsh(...words: string[]): Promise<string> {
        return run(this.enter(["virsh", "-q", "-c", this.access.site.hypervisor, ...words]) as [string, ...string[]]);
    }

    private async list(...words: string[]): Promise<string[]> {
        return (await this.virsh("list", "--name", ...words)).split("\n").map((name) => name.trim()).filter(Boolean);
    }

    async suspend(names: string[]): Promise<void> {
        await Promise.all(names.map((name) => this.virsh("suspend", name)));
    }

    /** Those that stand still go on. */
    async resume(): Promise<void> {
        const paused = (await this.list("--state-paused")).filter((name) => this.names.includes(name));
        await Promise.all(paused.map((name) => this.virsh("resume", name)));
    }

    /** The argv that carries bytes to the machine's memcached and back. */
    memcached({ name, address }: MachineAccess): string[] {
        const pipe = `exec 3<>/dev/tcp/${address}/${memcachedPort} || exit 1; cat <&3 & exec cat >&3`;
        return this.enter(["ssh", "-F", this.sshConfig, "-o", "ConnectTimeout=5", name, `bash -c ${quote(pipe)}`]);
    }

    /** What the memcacheds hold. A virtual machine's snapshot has its memory, a container's has not. */
    async sessions(): Promise<Record<string, Item[]>> {
        if (!this.areContainers) return {};
        return Object.fromEntries(await Promise.all(this.with("memcached").map(async (machine) => [machine.name, await dump(this.memcached(machine))] as const)));
    }

    async loadSessions(sessions: Record<string, Item[]>): Promise<void> {
        await Promise.all(this.with("memcached").map((machine) => load(this.memcached(machine), sessions[machine.name] ?? [])));
    }

    /** Keeps the machines, which stand still, in `folder` or, virtual machines, with libvirt under `name`. */
    async save(folder: string, name: string): Promise<void> {
        if (this.areContainers) await saveMachines(await this.network(), stackFolder(this.stack), path.join(folder, "machines"));
        else for (const machine of this.names) await this.virsh("snapshot-create-as", machine, snapshotName(name));
    }

    async restore(folder: string, name: string): Promise<void> {
        if (this.areContainers) {
            await restoreMachines(await this.network(), stackFolder(this.stack), path.join(folder, "machines"));
            return;
        }
        for (const machine of this.names) await this.virsh("snapshot-revert", machine, snapshotName(name));
    }

    /** A UserError where `restore` cannot do what it is to: a virtual machine keeps its snapshots itself, and takes them with it. */
    async canRestore(name: string): Promise<void> {
        if (this.areContainers) return;
        const lost = [];
        for (const machine of this.names) {
            const there = await this.virsh("snapshot-list", machine, "--name").catch(() => "");
            if (!there.split("\n").some((line) => line.trim() === snapshotName(name))) lost.push(machine);
        }
        if (lost.length > 0) throw new UserError(`${lost.join(", ")} ${lost.length === 1 ? "is another machine" : "are other machines"} than when ${name} was taken.`, "A machine made anew has no snapshots: take another one.");
    }

    /** Takes away what libvirt keeps of a snapshot. */
    async forget(name: string): Promise<void> {
        if (!this.areContainers) for (const machine of this.names) await this.virsh("snapshot-delete", machine, snapshotName(name)).catch(() => undefined);
    }

    private async network() {
        const network = await findNetwork(stackFolder(this.stack));
        if (!network) throw new UserError(`The lab '${this.stack}' is not running.`, `Start it: ./lab up -s ${this.stack}`);
        return network;
    }
}

/** What it is called with libvirt, where others may take snapshots of their own. */
const snapshotName = (name: string) => `lab-${name}`;
