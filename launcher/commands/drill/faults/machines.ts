/** What can happen to whole machines, and to their network. */
import * as path from "node:path";
import type { MachineAccess } from "../../../../config/access";
import { stackFolder } from "../../../../lib/environment";
import { cutPower, powerOn, type PowerSwitch } from "../../../isolated-host/power";
import { CannotRun, type LivingLab } from "../../../stack/running-lab";
import { labOk } from "../launcher";
import { onMachine, type Fault } from "./fault";

/** The whole machine stands still; its kernel goes on answering for it, as a paused virtual machine's would not. */
export const frozen = (lab: LivingLab, machine: MachineAccess): Fault => ({
    what: `${machine.name} frozen`,
    inject: async () => {
        await lab.virsh("suspend", machine.name);
    },
    heal: async () => {
        if ((await lab.virsh("domstate", machine.name)).trim() === "paused") await lab.virsh("resume", machine.name);
    },
});

const powerOf = (lab: LivingLab, name: string): PowerSwitch => ({
    virsh: (command, ...words) => lab.virsh(command, name, ...words),
    isRunning: async () => (await lab.domains()).includes(name),
});

/** Without power, all of them at the same time. */
export const off = (lab: LivingLab, ...machines: MachineAccess[]): Fault => ({
    what: `${machines.map(({ name }) => name).join(", ")} without power`,
    inject: async () => {
        await Promise.all(machines.map(({ name }) => cutPower(powerOf(lab, name))));
    },
    heal: async () => {
        await Promise.all(machines.map(({ name }) => powerOn(powerOf(lab, name))));
    },
});

/** It goes down and comes back by itself. */
export const rebooted = (lab: LivingLab, machine: MachineAccess): Fault => ({
    what: `${machine.name} rebooted`,
    // Its answer may not get out any more.
    inject: async () => {
        await lab.ssh(machine, "systemctl reboot").catch(() => undefined);
    },
    heal: async () => {
        await powerOn(powerOf(lab, machine.name));
    },
});

/** A machine that is gone for good, with its disk: only an `up` makes it anew. */
export const lost = (lab: LivingLab, machine: MachineAccess): Fault => ({
    what: `${machine.name} gone with its disk`,
    inject: async () => {
        await cutPower(powerOf(lab, machine.name));
        if ((await lab.domains("--all")).includes(machine.name)) await lab.virsh("undefine", machine.name);
        const folder = path.join(stackFolder(lab.stack), "machines", machine.name);
        await lab.inside(["sh", "-c", '! mountpoint -q "$1/root" || umount "$1/root"; rm -rf "$1"', "sh", folder]);
    },
    heal: () => labOk(lab.stack, ["up"]),
});

/** Its clock is `seconds` ahead of what it was, and of everybody else's. */
export const clockAhead = (lab: LivingLab, machine: MachineAccess, seconds: number): Fault =>
    onMachine(
        lab,
        machine,
        `the clock ${seconds} s ahead`,
        `systemctl stop systemd-timesyncd chronyd 2>/dev/null || true
date --set="+${seconds} seconds" >/dev/null
touch /run/drill-clock`,
        `[ ! -e /run/drill-clock ] || { date --set="-${seconds} seconds" >/dev/null; rm /run/drill-clock; }
systemctl start systemd-timesyncd chronyd 2>/dev/null || true`,
    );

/** The end of the machine's cable on the lab's bridge. */
async function cardOf(lab: LivingLab, machine: MachineAccess): Promise<string> {
    const line = (await lab.virsh("domiflist", machine.name))
        .split("\n")
        .map((text) => text.trim().split(/\s+/))
        .find((words) => words[1] === "network");
    if (!line?.[0]) throw new CannotRun(`${machine.name} has no card on the lab's network`);
    return line[0];
}

/** Off the network in both directions, with its link up, as behind a switch that died. */
export const cutOff = (lab: LivingLab, machine: MachineAccess): Fault => ({
    what: `${machine.name} cut off from the network`,
    inject: async () => {
        await lab.inside(["ip", "link", "set", "dev", await cardOf(lab, machine), "nomaster"]);
    },
    heal: async () => {
        await lab.inside([
            "ip",
            "link",
            "set",
            "dev",
            await cardOf(lab, machine),
            "master",
            lab.description.network.bridge,
        ]);
    },
});
