import { each, verdict, type Check } from "../check";
import { words } from "../../../../lib/shell";
import { roles } from "../../../../roles/index";
import type { RunningLab } from "../../../stack/running-lab";

/** Every service of every machine runs and starts at boot, and none does that its roles do not describe. */
export const services: Check = (lab) =>
    each(
        lab.access.machines,
        ({ name }) => name,
        async (machine) => {
            const units = [...machine.services, lab.platform.firewall.unit, lab.platform.sshUnit];
            const strays = unitsOfRoles(lab).filter((unit) => !units.includes(unit));
            const { output } = await lab.ssh(
                machine,
                `systemctl is-active ${words(units)}; systemctl is-enabled ${words(units)}; ` +
                    `for unit in ${words(strays)}; do ` +
                    'systemctl --quiet is-active "$unit" && echo "stray $unit"; done; ' +
                    "systemctl --failed --plain --no-legend",
            );
            const all = output.trim().split("\n");
            const lines = all.filter((line) => !line.startsWith("stray "));
            const found = all.filter((line) => line.startsWith("stray ")).map((line) => line.slice("stray ".length));
            const problems = units.flatMap((unit, index) => [
                ...(lines[index] === "active" ? [] : [`${unit} is ${lines[index]}`]),
                ...(lines[units.length + index] === "enabled"
                    ? []
                    : [`${unit} is ${lines[units.length + index]} at boot`]),
            ]);
            const broken = lines.slice(2 * units.length).map((line) => `${line.split(" ")[0]} has failed`);
            return verdict(
                machine.name,
                [...problems, ...found.map((unit) => `${unit} runs, of a role that it has not`), ...broken],
                units.map((unit) => unit.replace(/\.service$/, "")).join(", "),
            );
        },
    );

/** The units of all roles, whoever has them. */
const unitsOfRoles = ({ description, platform }: RunningLab): string[] => [
    ...new Set(roles.flatMap(({ units }) => units?.(description, platform) ?? [])),
];

/** Every service comes back after every end that nobody asked for, as often as necessary. */
export const restarts: Check = (lab) =>
    each(
        lab.access.machines,
        ({ name }) => name,
        async (machine) => {
            const { name, services: units } = machine;
            const show = "systemctl show --property=Id,Restart,StartLimitInterval,StartLimitIntervalUSec";
            const { output } = await lab.ssh(machine, `${show} ${words(units)}`);
            const problems = output
                .trim()
                .split("\n\n")
                .map((unit) => Object.fromEntries(unit.split("\n").map((line) => line.split("=", 2))) as UnitSettings)
                .flatMap(({ Id, Restart, StartLimitIntervalUSec, StartLimitInterval }) => [
                    ...(Restart === "always" ? [] : [`${Id} has Restart=${Restart}`]),
                    // systemd before 230 calls the limit StartLimitInterval.
                    ...((StartLimitIntervalUSec ?? StartLimitInterval) === "0" ? [] : [`${Id} has a start limit`]),
                ]);
            return verdict(name, problems, `${units.length} units: always, without a limit`);
        },
    );

interface UnitSettings {
    Id: string;
    Restart: string;
    StartLimitInterval?: string;
    StartLimitIntervalUSec?: string;
}

/** The names of the machines that have the virtual address. */
export async function holdersOf(lab: RunningLab): Promise<string[]> {
    const asked = await Promise.all(
        lab.access.machines.map(async (machine) => {
            const { output } = await lab.ssh(machine, "ip -4 -o address show");
            return output.includes(` ${lab.access.virtualAddress}/`) ? [machine.name] : [];
        }),
    );
    return asked.flat();
}

/**
 * Exactly one machine has the virtual address: with preemption the director of the highest priority, without it any
 * director.
 */
export const virtualAddress: Check = async (lab) => {
    const holders = await holdersOf(lab);
    const [first] = lab.description.machines
        .filter(({ roles }) => roles.includes("director"))
        .sort((a, b) => (b.priority ?? 0) - (a.priority ?? 0));
    const isRight =
        holders.length === 1 &&
        (lab.description.keepalived.preempt
            ? holders[0] === first?.name
            : lab.machinesWith("director").some(({ name }) => name === holders[0]));
    const seen = `on ${holders.join(" and ") || "no machine"}`;
    return [
        verdict(
            lab.access.virtualAddress,
            isRight
                ? []
                : [`${seen}; expected on ${lab.description.keepalived.preempt ? first?.name : "one director"}`],
            seen,
        ),
    ];
};
