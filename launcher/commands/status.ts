import type { Command } from "commander";
import type { Access, MachineAccess } from "../../config/access";
import { cacheFolder } from "../../lib/environment";
import { alignColumns } from "../../lib/table";
import { roles } from "../../roles/index";
import { labCommand } from "../command";
import { builtImageOf } from "../isolated-host/image";
import { describeLayers, findLayers, layerRecipes } from "../isolated-host/layers";
import { RunningLab } from "../stack/running-lab";
import { directCurlText } from "../../lib/proxies";

export interface MachineStatus {
    machine: MachineAccess;
    /** The state of each systemd unit of the machine's roles. Undefined if the machine does not answer. */
    units: Record<string, string> | undefined;
    holdsVirtualAddress: boolean;
    /** The HTTP status of the machine's own /health. "-" if its roles serve no site. */
    health: string;
}

export const statusCommand = (): Command =>
    labCommand({
        name: "status",
        group: "look",
        help: "a table of machines, roles, services and health; exit code 1 if something is not well",
        run: async ({ stack }) => {
            const lab = await RunningLab.open(stack);
            const machines = await readStatus(lab);
            process.stdout.write(statusTable(machines, lab.access));
            process.stdout.write(await statusOfLayers(lab));
            return areWell(machines) ? 0 : 1;
        },
    });

async function statusOfLayers({ description }: RunningLab): Promise<string> {
    const cache = cacheFolder();
    const { refreshDays } = description.packages;
    const recipes = layerRecipes(description, await builtImageOf(description, cache), cache);
    const text = describeLayers(findLayers(recipes, refreshDays), refreshDays);
    return text === undefined ? "" : `${text}\n`;
}

/** Asks all machines at the same time. */
export const readStatus = (lab: RunningLab): Promise<MachineStatus[]> =>
    Promise.all(lab.access.machines.map((machine) => readMachineStatus(lab, machine)));

/** Whether every machine is well and exactly one has the virtual address. */
export const areWell = (machines: MachineStatus[]) =>
    machines.every(isWell) && machines.filter((machine) => machine.holdsVirtualAddress).length === 1;

async function readMachineStatus(lab: RunningLab, machine: MachineAccess): Promise<MachineStatus> {
    const servesSite = roles.some((role) => role.answersHealthChecks && machine.roles.includes(role.name));
    const script = [
        `systemctl is-active ${machine.services.join(" ")} || true`,
        `ip -4 -o address show | grep -qF ' ${lab.access.virtualAddress}/' && echo holder || echo other`,
        servesSite
            ? `${directCurlText} -sS -o /dev/null -m 5 -w '%{http_code}\\n' http://127.0.0.1/health 2>/dev/null || true`
            : "echo -",
    ].join("; ");
    try {
        const lines = (await lab.ssh(machine, script)).output.trim().split("\n");
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

export function statusTable(machines: MachineStatus[], { virtualAddress, url, directorSource }: Access): string {
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
    const holders = machines.filter((machine) => machine.holdsVirtualAddress).map(({ machine }) => machine.name);
    return [
        alignColumns([["machine", "address", "roles", "services", "/health", "state", "virtual address"], ...rows]),
        `${url} is on ${holders.length === 0 ? "no machine" : holders.join(" and ")}.`,
        ...(directorSource.startsWith("nginx")
            ? [
                  `The directors run ${directorSource}, Tengine's parent: health checks by tengine-checks.service, ` +
                      "no check_status page (docs/platforms.md says more).",
              ]
            : []),
        "",
    ].join("\n");
}
