import { setMaxListeners } from "node:events";
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
import { asking, watch } from "../watch";

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
        run: async ({ stack, options }) => {
            const lab = await RunningLab.open(stack);
            const layers = await statusOfLayers(lab);
            if (options.watch) return watchStatus(lab, layers);
            const machines = await readStatus(lab);
            process.stdout.write(statusTable(machines, lab.access) + (await statusOfAlarms(lab)) + layers);
            return areWell(machines) ? 0 : 1;
        },
    }).option("--watch", "show it again every two seconds, until Ctrl-C");

const watchSeconds = 2;
/** ssh gives up a machine that it cannot connect to after five seconds. */
const patience = 6;

/** Shows it until Ctrl-C. The exit code is that of the last look. */
async function watchStatus(lab: RunningLab, layers: string): Promise<number> {
    const end = new AbortController();
    const stop = () => end.abort();
    process.once("SIGINT", stop).once("SIGTERM", stop);
    // In `./lab status --watch | head`, nobody reads any more.
    process.stdout.once("error", stop);
    // Each machine's question listens. Node warns of a leak from the eleventh on.
    setMaxListeners(0, end.signal);
    const times = { seconds: watchSeconds, patience, signal: end.signal };
    const machines = lab.access.machines.map((machine) => ({
        machine,
        asked: asking(() => readMachineStatus(lab, machine), times),
    }));
    const alarms = lab
        .machinesWith("monitor")
        .map((monitor) => ({ monitor, asked: asking(() => statusOfMonitor(lab, monitor), times) }));
    const newest = () => machines.map(({ machine, asked }) => asked.newest() ?? noAnswer(machine));
    let last: MachineStatus[] = [];
    await Promise.all([...machines, ...alarms].map(({ asked }) => asked.first));
    await watch(
        () => {
            last = newest();
            const { isTTY, columns = 80 } = process.stdout;
            return [
                `${new Date().toLocaleTimeString("sv")}, every ${watchSeconds} s until Ctrl-C\n`,
                statusTable(last, lab.access, isTTY ? columns : undefined),
                ...alarms.map(({ monitor, asked }) => `${asked.newest() ?? alarmLine(monitor.name, "no answer")}\n`),
                layers,
            ].join("");
        },
        { screen: process.stdout, signal: end.signal, seconds: watchSeconds },
    );
    end.abort();
    process.stdout.off("error", stop);
    process.off("SIGINT", stop).off("SIGTERM", stop);
    return areWell(last) ? 0 : 1;
}

/** The alarms that fire, as each monitor knows them. Empty in a lab without one. */
async function statusOfAlarms(lab: RunningLab): Promise<string> {
    const lines = await Promise.all(lab.machinesWith("monitor").map((monitor) => statusOfMonitor(lab, monitor)));
    return lines.map((line) => `${line}\n`).join("");
}

async function statusOfMonitor(lab: RunningLab, monitor: MachineAccess): Promise<string> {
    const alarms = await firingAlarms(lab, monitor).catch((error: unknown) => oneLine(error));
    return alarmLine(monitor.name, alarms);
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
        return noAnswer(machine);
    }
}

const noAnswer = (machine: MachineAccess): MachineStatus => ({
    machine,
    units: undefined,
    holdsVirtualAddress: false,
    health: "-",
});

const isWell = ({ units, health }: MachineStatus) =>
    units !== undefined && Object.values(units).every((state) => state === "active") && /^([23]..|-)$/.test(health);

/** With `columns`, a table that is wider than these names only the services that are not active. */
export function statusTable(
    machines: MachineStatus[],
    { virtualAddress, url, directorSource }: Access,
    columns = Infinity,
): string {
    const tableOf = (isShort: boolean) =>
        alignColumns([
            ["machine", "address", "roles", "services", "/health", "state", "virtual address"],
            ...machines.map((status) => [
                status.machine.name,
                status.machine.address,
                status.machine.roles.join(", "),
                servicesText(status, isShort),
                status.health,
                isWell(status) ? "well" : "NOT WELL",
                status.holdsVirtualAddress ? virtualAddress : "",
            ]),
        ]);
    const whole = tableOf(false);
    const isTooWide = whole.split("\n").some((line) => line.length >= columns);
    const holders = machines.filter((machine) => machine.holdsVirtualAddress).map(({ machine }) => machine.name);
    return [
        isTooWide ? tableOf(true) : whole,
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

function servicesText({ units }: MachineStatus, isShort: boolean): string {
    if (units === undefined) return "does not answer";
    const all = Object.entries(units);
    const shown = isShort ? all.filter(([, state]) => state !== "active") : all;
    return shown.length === 0 && all.length > 0
        ? "all active"
        : shown.map(([unit, state]) => `${unit.replace(/\.service$/, "")} ${state}`).join(", ");
}
