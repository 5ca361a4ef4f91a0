/** Faults of whole machines, and of their network. */
import * as path from "node:path";
import type { MachineAccess } from "../../../../config/access";
import { cutPower, powerOn, type PowerSwitch } from "../../../isolated-host/power";
import { machinesFolder } from "../../../stack/folders";
import { CannotRun, type RunningLab } from "../../../stack/running-lab";
import { labOk } from "../launcher";
import { onMachine, type Fault } from "./fault";

/**
 * The machine is paused. A paused container still answers ARP and TCP handshakes, a paused virtual machine does not.
 */
export const frozen = (lab: RunningLab, machine: MachineAccess): Fault => ({
    what: `${machine.name} frozen`,
    inject: async () => {
        await lab.virsh("suspend", machine.name);
    },
    heal: async () => {
        if ((await lab.virsh("domstate", machine.name)).trim() === "paused") await lab.virsh("resume", machine.name);
    },
});

const powerOf = (lab: RunningLab, name: string): PowerSwitch => ({
    virsh: (command, ...words) => lab.virsh(command, name, ...words),
    isRunning: async () => (await lab.domains()).includes(name),
});

/** All given machines lose power at the same time. */
export const off = (lab: RunningLab, ...machines: MachineAccess[]): Fault => ({
    what: `${machines.map(({ name }) => name).join(", ")} without power`,
    inject: async () => {
        await Promise.all(machines.map(({ name }) => cutPower(powerOf(lab, name))));
    },
    heal: async () => {
        await Promise.all(machines.map(({ name }) => powerOn(powerOf(lab, name))));
    },
});

/** The machine shuts down and starts again by itself. */
export const rebooted = (lab: RunningLab, machine: MachineAccess): Fault => ({
    what: `${machine.name} rebooted`,
    // The ssh connection may break before the answer comes.
    inject: async () => {
        await lab.ssh(machine, "systemctl reboot").catch(() => undefined);
    },
    heal: async () => {
        await powerOn(powerOf(lab, machine.name));
    },
});

/** The machine and its disk are removed. Only an `up` makes the machine again. */
export const lost = (lab: RunningLab, machine: MachineAccess): Fault => ({
    what: `${machine.name} lost with its disk`,
    inject: async () => {
        await cutPower(powerOf(lab, machine.name));
        if ((await lab.domains("--all")).includes(machine.name)) await lab.virsh("undefine", machine.name);
        const folder = path.join(machinesFolder(lab.stack), machine.name);
        await lab.inside(["sh", "-c", '! mountpoint -q "$1/root" || umount "$1/root"; rm -rf "$1"', "sh", folder]);
    },
    heal: () => labOk(lab.stack, ["up"]),
});

/** The machine's clock is set ahead by some seconds. */
export const clockAhead = (lab: RunningLab, machine: MachineAccess, seconds: number): Fault =>
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

/** The machine's packets to some other machines get lost. Everybody else still reaches it. */
export function withoutWayTo(lab: RunningLab, machine: MachineAccess, others: MachineAccess[]): Fault {
    const nft = lab.platform.firewall.program;
    const remove = `${nft} delete table inet drill 2>/dev/null || true`;
    return onMachine(
        lab,
        machine,
        `no way to ${others.map(({ name }) => name).join(", ")}`,
        `${remove}
${nft} add table inet drill
${nft} 'add chain inet drill lost { type filter hook output priority 0; }'
${nft} 'add rule inet drill lost ip daddr { ${others.map(({ address }) => address).join(", ")} } drop'`,
        remove,
    );
}

/** The name of the machine's network interface on the lab's bridge. */
async function interfaceOf(lab: RunningLab, machine: MachineAccess): Promise<string> {
    const line = (await lab.virsh("domiflist", machine.name))
        .split("\n")
        .map((text) => text.trim().split(/\s+/))
        .find((words) => words[1] === "network");
    if (!line?.[0]) throw new CannotRun(`${machine.name} has no interface on the lab's network`);
    return line[0];
}

/** The machine is off the network, but its link stays up, as behind a switch that failed. */
export const cutOff = (lab: RunningLab, machine: MachineAccess): Fault => ({
    what: `${machine.name} cut off from the network`,
    inject: async () => {
        await lab.inside(["ip", "link", "set", "dev", await interfaceOf(lab, machine), "nomaster"]);
    },
    heal: async () => {
        await lab.inside([
            "ip",
            "link",
            "set",
            "dev",
            await interfaceOf(lab, machine),
            "master",
            lab.description.network.bridge,
        ]);
    },
});
