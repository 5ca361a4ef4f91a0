/** What can be done to a living lab, and how it is undone. Each heals from whatever state it left, also twice. */
import type { MachineAccess } from "../../components/outputs";
import * as path from "node:path";
import { quote } from "../../components/shell";
import { CannotRun, type LivingLab } from "../verify/living-lab";
import { stackFolder } from "../lab/places";
import { labOk } from "./launcher";

export interface Fault {
    /** For a person: what is broken, and where. */
    what: string;
    inject(): Promise<void>;
    heal(): Promise<void>;
}

async function sh(lab: LivingLab, machine: MachineAccess, script: string): Promise<string> {
    const { code, output } = await lab.ssh(machine, `set -e\n${script}`);
    if (code !== 0) throw new Error(`${machine.name}: ${output.trim()}`);
    return output;
}

/** libvirt's name for a machine is its own. Machines of another hypervisor would need its URI: the drills are for the isolated lab. */
const virsh = (lab: LivingLab, ...words: string[]) => lab.inside(["virsh", "-q", "-c", lab.site.hypervisor, ...words]);

/** An orderly stop, as an administrator would do it. */
export const stopped = (lab: LivingLab, machine: MachineAccess, unit: string): Fault => ({
    what: `${unit} stopped on ${machine.name}`,
    inject: async () => { await sh(lab, machine, `systemctl stop ${quote(unit)}`); },
    heal: async () => { await sh(lab, machine, `systemctl start ${quote(unit)}`); },
});

/** Killed, and kept from being started again. */
export function killed(lab: LivingLab, machine: MachineAccess, unit: string): Fault {
    const dropIn = `/run/systemd/system/${unit}.d`;
    return {
        what: `${unit} killed on ${machine.name}, and kept from restarting`,
        inject: async () => {
            await sh(lab, machine, `mkdir -p ${dropIn}
printf '[Service]\\nRestart=no\\n' > ${dropIn}/drill.conf
systemctl daemon-reload
systemctl kill --signal=KILL ${quote(unit)}`);
        },
        heal: async () => {
            await sh(lab, machine, `rm -f ${dropIn}/drill.conf
systemctl daemon-reload
systemctl reset-failed ${quote(unit)} 2>/dev/null || true
systemctl start ${quote(unit)}`);
        },
    };
}

/** Killed, and left to whatever starts it again. */
export const crashed = (lab: LivingLab, machine: MachineAccess, unit: string): Fault => ({
    what: `${unit} killed on ${machine.name}`,
    inject: async () => { await sh(lab, machine, `systemctl kill --signal=KILL ${quote(unit)}`); },
    heal: async () => { await sh(lab, machine, `systemctl start ${quote(unit)}`); },
});

export const restarted = (lab: LivingLab, machine: MachineAccess, unit: string): Fault => ({
    what: `${unit} restarted on ${machine.name}`,
    inject: async () => { await sh(lab, machine, `systemctl restart ${quote(unit)}`); },
    heal: async () => { await sh(lab, machine, `systemctl start ${quote(unit)}`); },
});

/** Its processes stand still: connections are accepted, by the kernel, and nothing is answered. */
export const hanging = (lab: LivingLab, machine: MachineAccess, unit: string): Fault => ({
    what: `${unit} hangs on ${machine.name}`,
    inject: async () => { await sh(lab, machine, `systemctl kill --signal=STOP ${quote(unit)}`); },
    heal: async () => { await sh(lab, machine, `systemctl kill --signal=CONT ${quote(unit)}`); },
});

/** Its processes run half of the time, in turns of `seconds`: everything takes longer. */
export function slowed(lab: LivingLab, machine: MachineAccess, unit: string, seconds = 0.3): Fault {
    const helper = "drill-slow";
    const kill = (signal: string) => `systemctl kill --signal=${signal} ${quote(unit)}`;
    return {
        what: `${unit} slow on ${machine.name}`,
        inject: async () => {
            // Bounded by itself, should nobody come to heal.
            await sh(lab, machine, `systemd-run --quiet --unit=${helper} --property=RuntimeMaxSec=120 --property=ExecStopPost=${quote(`/bin/systemctl kill --signal=CONT ${unit}`)} sh -c ${quote(`while :; do ${kill("STOP")}; sleep ${seconds}; ${kill("CONT")}; sleep ${seconds}; done`)}`);
        },
        heal: async () => { await sh(lab, machine, `systemctl stop ${helper} 2>/dev/null || true; systemctl reset-failed ${helper} 2>/dev/null || true; ${kill("CONT")}`); },
    };
}

const isRunning = async (lab: LivingLab, name: string) => (await virsh(lab, "list", "--name")).split("\n").map((line) => line.trim()).includes(name);

/** The whole machine stands still; its kernel goes on answering for it, as a paused virtual machine's would not. */
export const frozen = (lab: LivingLab, machine: MachineAccess): Fault => ({
    what: `${machine.name} frozen`,
    inject: async () => { await virsh(lab, "suspend", machine.name); },
    heal: async () => {
        if ((await virsh(lab, "domstate", machine.name)).trim() === "paused") await virsh(lab, "resume", machine.name);
    },
});

async function cutPower(lab: LivingLab, name: string) {
    // Asking it to shut down comes first otherwise, and that is not what a power cut does.
    await virsh(lab, "send-process-signal", name, "1", "kill").catch(() => undefined);
    if (await isRunning(lab, name)) {
        await virsh(lab, "destroy", name).catch(async (error: unknown) => {
            if (await isRunning(lab, name)) throw error;
        });
    }
}

async function powerOn(lab: LivingLab, name: string) {
    if (!await isRunning(lab, name)) await virsh(lab, "start", name);
}

/** Without power, all of them at the same time. */
export const off = (lab: LivingLab, ...machines: MachineAccess[]): Fault => ({
    what: `${machines.map(({ name }) => name).join(", ")} without power`,
    inject: async () => { await Promise.all(machines.map(({ name }) => cutPower(lab, name))); },
    heal: async () => { await Promise.all(machines.map(({ name }) => powerOn(lab, name))); },
});

/** It goes down and comes back by itself. */
export const rebooted = (lab: LivingLab, machine: MachineAccess): Fault => ({
    what: `${machine.name} rebooted`,
    // Its answer may not get out any more.
    inject: async () => { await lab.ssh(machine, "systemctl reboot").catch(() => undefined); },
    heal: async () => { await powerOn(lab, machine.name); },
});

/** Off the network in both directions, with its link up, as behind a switch that died. */
export function cutOff(lab: LivingLab, machine: MachineAccess): Fault {
    const card = async () => {
        const line = (await virsh(lab, "domiflist", machine.name)).split("\n").map((text) => text.trim().split(/\s+/)).find((words) => words[1] === "network");
        if (!line?.[0]) throw new CannotRun(`${machine.name} has no card on the lab's network`);
        return line[0];
    };
    return {
        what: `${machine.name} cut off from the network`,
        inject: async () => { await lab.inside(["ip", "link", "set", "dev", await card(), "nomaster"]); },
        heal: async () => { await lab.inside(["ip", "link", "set", "dev", await card(), "master", lab.site.network.bridge]); },
    };
}

/** Another line in a file of a director's server; heal puts the file back as it was. */
export function edited(lab: LivingLab, machines: MachineAccess[], options: { what: string; file: string; sed: string; then: string }): Fault {
    const kept = `${options.file}.before-drill`;
    const all = (script: string) => Promise.all(machines.map((machine) => sh(lab, machine, script)));
    return {
        what: options.what,
        inject: async () => { await all(`cp -p ${options.file} ${kept}\nsed -i ${quote(options.sed)} ${options.file}\n! cmp -s ${options.file} ${kept}\n${options.then}`); },
        heal: async () => { await all(`[ ! -e ${kept} ] || mv -f ${kept} ${options.file}\n${options.then}`); },
    };
}

/** The folders that a service writes to are full, on a disk of their own; the service finds them so when it starts again after a crash. */
export const diskFull = (lab: LivingLab, machine: MachineAccess, unit: string, folders: string[]): Fault => ({
    what: `no room for ${unit} on ${machine.name}`,
    inject: async () => {
        await sh(lab, machine, `${folders.map((folder) => `owner=$(stat -c %u:%g ${folder})
mount -t tmpfs -o size=64k,mode=755 drill ${folder}
chown $owner ${folder}
cat /dev/zero > ${folder}/filler 2>/dev/null || true`).join("\n")}
systemctl kill --signal=KILL ${quote(unit)}`);
    },
    heal: async () => {
        // Twice, as the service's own view of the files may hold on to a mount.
        await sh(lab, machine, `systemctl stop ${quote(unit)}
${folders.map((folder) => `! mountpoint -q ${folder} || umount ${folder}`).join("\n")}
systemctl start ${quote(unit)}`);
    },
});

/** The lab's package proxy takes no calls. Other labs of this machine are not touched: the rule is in this lab's own network. */
export function proxyGone(lab: LivingLab): Fault {
    const rule = (verb: string) => ["iptables", verb, "INPUT", "-p", "tcp", "--dport", String(lab.site.packageProxy), "-j", "REJECT", "--reject-with", "tcp-reset"];
    return {
        what: "the package proxy gone",
        inject: async () => { await lab.inside(rule("-I")); },
        heal: async () => { await lab.inside(rule("-D")).catch(() => undefined); },
    };
}

/** A machine that is gone for good, with its disk: only an `up` makes it anew. */
export const lost = (lab: LivingLab, machine: MachineAccess): Fault => ({
    what: `${machine.name} gone with its disk`,
    inject: async () => {
        await cutPower(lab, machine.name);
        if ((await virsh(lab, "list", "--all", "--name")).split("\n").map((line) => line.trim()).includes(machine.name)) await virsh(lab, "undefine", machine.name);
        const folder = path.join(stackFolder(lab.stack), "machines", machine.name);
        await lab.inside(["sh", "-c", "! mountpoint -q \"$1/root\" || umount \"$1/root\"; rm -rf \"$1\"", "sh", folder]);
    },
    heal: () => labOk(lab.stack, ["up"]),
});
