import { setTimeout as wait } from "node:timers/promises";
import type { Command } from "commander";
import type { Access, MachineAccess } from "../../config/access";
import { healthPath } from "../../config/application";
import { quote } from "../../lib/shell";
import { cacheFolder } from "../../lib/environment";
import { alignColumns } from "../../lib/table";
import { roles } from "../../roles/index";
import { labCommand } from "../command";
import { builtImageOf } from "../isolated-host/image";
import { describeLayers, findLayers, layerRecipes } from "../isolated-host/layers";
import { oneLine } from "../checks/finding";
import { firingAlarms, type Alarm } from "../stack/monitors";
import { RunningLab } from "../stack/running-lab";
import { directCurlText } from "../../lib/proxies";

export interface MachineStatus {
    machine: MachineAccess;
    /** The state of each systemd unit of the machine's roles. Undefined if the machine does not answer. */
    units: Record<string, string> | undefined;
    holdsVirtualAddress: boolean;
    /** The HTTP status of the health check on the machine itself. "-" if its roles serve no site. */
    health: string;
}

export const statusCommand = (): Command =>
    labCommand<{ watch?: boolean }>({
        name: "status",
        group: "look",
        help: "a table of machines, roles, services and health; exit code 1 if something is not well",
        run: async ({ stack, options: { watch } }) => {
            const lab = await RunningLab.open(stack);
            const layers = await statusOfLayers(lab);
            for (;;) {
                const machines = await readStatus(lab);
                const text = statusTable(machines, lab.access) + (await statusOfAlarms(lab)) + layers;
                if (!watch) {
                    process.stdout.write(text);
                    return areWell(machines) ? 0 : 1;
                }
                process.stdout.write(process.stdout.isTTY ? `${clearScreen}${text}` : `${text}\n`);
                await wait(watchSeconds * 1000);
            }
        },
    }).option("--watch", "show it again every two seconds, until Ctrl-C");

const watchSeconds = 2;
/** Moves the cursor to the top and clears what is below (ECMA-48, CUP and ED). */
const clearScreen = "\u001b[H\u001b[J";

/** The alarms that fire, as each monitor knows them. Empty in a lab without one. */
async function statusOfAlarms(lab: RunningLab): Promise<string> {
    const lines = await Promise.all(
        lab.machinesWith("monitor").map(async (monitor) => {
            const alarms = await firingAlarms(lab, monitor).catch((error: unknown) => oneLine(error));
            return alarmLine(monitor.name, alarms);
        }),
    );
    return lines.map((line) => `${line}\n`).join("");
}

/** `alarms`: why the monitor cannot be asked, or what it knows. */
export const alarmLine = (monitor: string, alarms: string | Alarm[]) =>
    typeof alarms === "string"
        ? `${monitor} cannot be asked for alarms: ${alarms}`
        : alarms.length === 0
          ? `${monitor} knows of no alarm.`
          : `${monitor} knows of alarms: ${alarms.map(alarmText).join(", ")}.`;

const alarmText = ({ severity, summary }: Alarm) => `${summary} (${severity})`;

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
            ? `${directCurlText} -sS -o /dev/null -m 5 -w '%{http_code}\\n' ${quote(`http://127.0.0.1${healthPath(lab.description)}`)} 2>/dev/null || true`
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
    units !== undefined && Object.values(units).every((state) => state === "active") && /^([23]..|-)$/.test(health);

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
