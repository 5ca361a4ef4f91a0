import { roles } from "../../roles/index";
import type { Access, MachineAccess } from "../../config/access";
import { run } from "../../lib/run";
import type { Command } from "../command";
import { readAccess } from "../stack/outputs";
import { reach } from "../stack/session";
import { writeSshConfig } from "./access";

interface MachineStatus {
    machine: MachineAccess;
    /** undefined: it does not answer. */
    units: Record<string, string> | undefined;
    holdsVirtualAddress: boolean;
    /** What its own site, if it has one, says to a health check: an HTTP status, or "-". */
    health: string;
}

export const status: Record<string, Command> = {
    status: {
        usage: "status",
        help: "a table of machines, roles, services and health; exit code 1 when something is not well",
        run: async ({ stack }) => {
            const access = await readAccess(stack);
            const machines = await askAll(stack, access);
            process.stdout.write(table(machines, access));
            return areWell(machines) ? 0 : 1;
        },
    },
};

export async function askAll(stack: string, access: Access): Promise<MachineStatus[]> {
    const enter = await reach(stack);
    const config = writeSshConfig(stack, access);
    return Promise.all(
        access.machines.map((machine) =>
            ask(machine, access, (argv) =>
                enter(["ssh", "-F", config, "-o", "ConnectTimeout=5", machine.name, ...argv]),
            ),
        ),
    );
}

/** All of them, and one has the virtual address. */
export const areWell = (machines: MachineStatus[]) =>
    machines.every(isWell) && machines.filter((machine) => machine.holdsVirtualAddress).length === 1;

async function ask(
    machine: MachineAccess,
    { virtualAddress }: Access,
    ssh: (argv: string[]) => string[],
): Promise<MachineStatus> {
    const servesSite = roles.some((role) => role.answersHealthChecks && machine.roles.includes(role.name));
    const script = [
        `systemctl is-active ${machine.services.join(" ")} || true`,
        `ip -4 -o address show | grep -qF ' ${virtualAddress}/' && echo holder || echo other`,
        servesSite
            ? "curl -sS -o /dev/null -m 5 -w '%{http_code}\\n' http://127.0.0.1/health 2>/dev/null || true"
            : "echo -",
    ].join("; ");
    try {
        const lines = (await run(ssh([script]) as [string, ...string[]])).trim().split("\n");
        return {
            machine,
            units: Object.fromEntries(machine.services.map((unit, index) => [unit, lines[index] ?? "?"])),
            holdsVirtualAddress: lines[machine.services.length] === "holder",
            health: lines[machine.services.length + 1] ?? "?",
        };
    } catch {
        return { machine, units: undefined, holdsVirtualAddress: false, health: "-" };
    }
}

const isWell = ({ units, health }: MachineStatus) =>
    units !== undefined && Object.values(units).every((state) => state === "active") && ["200", "-"].includes(health);

export function table(machines: MachineStatus[], { virtualAddress, url, directorSource }: Access): string {
    const rows = machines.map((status) => [
        status.machine.name,
        status.machine.address,
        status.machine.roles.join(", "),
        status.units === undefined
            ? "does not answer"
            : Object.entries(status.units)
                  .map(([unit, state]) => `${unit.replace(/\.service$/, "")} ${state}`)
                  .join(", "),
        status.health,
        isWell(status) ? "well" : "NOT WELL",
        status.holdsVirtualAddress ? virtualAddress : "",
    ]);
    const all = [["machine", "address", "roles", "services", "/health", "state", "virtual address"], ...rows];
    const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
    const lines = all.map((row) =>
        row
            .map((cell, column) => cell.padEnd(widths[column] ?? 0))
            .join("  ")
            .trimEnd(),
    );
    const holders = machines.filter((machine) => machine.holdsVirtualAddress).map(({ machine }) => machine.name);
    return [
        ...lines,
        "",
        `${url} is on ${holders.length === 0 ? "no machine" : holders.join(" and ")}.`,
        ...(directorSource.startsWith("nginx")
            ? [
                  `The directors run ${directorSource}, Tengine's parent: no active checks, no check_status page (README.md says more).`,
              ]
            : []),
        "",
    ].join("\n");
}
