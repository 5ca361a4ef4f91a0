/** What a lab's monitors know: Prometheus's targets and alarms, asked on a monitor itself. */
import type { MachineAccess } from "../../config/access";
import { directCurlText } from "../../lib/proxies";
import { quote } from "../../lib/shell";
import { prometheusPort } from "../../roles/prometheus";
import { CannotRun, type RunningLab } from "./running-lab";

export interface TargetState {
    job: string;
    /** Machine or site. */
    of: string;
    isUp: boolean;
    error: string;
}

export interface Alarm {
    name: string;
    severity: string;
    /** The machine that it is about. Undefined where it is about none. */
    machine?: string;
    summary: string;
}

interface Labels {
    job?: string;
    machine?: string;
    site?: string;
    alertname?: string;
    severity?: string;
}

/** An answer of Prometheus's HTTP interface. CannotRun where it gives none. */
async function ask<T>(lab: RunningLab, monitor: MachineAccess, path: string): Promise<T> {
    const url = `http://127.0.0.1:${prometheusPort}/api/v1/${path}`;
    const { code, output } = await lab.ssh(monitor, `${directCurlText} -sS --max-time 10 ${quote(url)}`);
    if (code !== 0) throw new CannotRun(`Prometheus on ${monitor.name}: ${output.trim()}`);
    return (JSON.parse(output) as { data: T }).data;
}

export async function targetStates(lab: RunningLab, monitor: MachineAccess): Promise<TargetState[]> {
    const { activeTargets } = await ask<{ activeTargets: { labels: Labels; health: string; lastError: string }[] }>(
        lab,
        monitor,
        "targets?state=active",
    );
    return activeTargets.map(({ labels, health, lastError }) => ({
        job: labels.job ?? "?",
        of: labels.machine ?? labels.site ?? "?",
        isUp: health === "up",
        error: lastError || health,
    }));
}

/** The alarms that fire, without the watchdog, which always does. */
export async function firingAlarms(lab: RunningLab, monitor: MachineAccess): Promise<Alarm[]> {
    const { alerts } = await ask<{ alerts: { labels: Labels; state: string; annotations: { summary?: string } }[] }>(
        lab,
        monitor,
        "alerts",
    );
    return alerts
        .filter(({ state, labels }) => state === "firing" && labels.alertname !== "Watchdog")
        .map(({ labels, annotations }) => ({
            name: labels.alertname ?? "?",
            severity: labels.severity ?? "?",
            machine: labels.machine,
            summary: annotations.summary ?? "",
        }));
}
