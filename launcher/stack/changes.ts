/** Changes that the monitors' page marks in its graphs. */
import { machinesWith } from "../../config/description";
import { quote } from "../../lib/shell";
import { readDescription } from "../../roles/configuration";
import { changesFile } from "../../roles/monitor-page";
import { progress } from "../progress";
import { RunningLab } from "./running-lab";
import type { Session } from "./session";

const keptLines = 200;

/**
 * Shell text that adds a line to the file of changes and keeps its newest lines. The new file gets the old one's place
 * at once: httpd never sends half of one.
 */
export const appendChange = (what: string, time = Date.now(), file = changesFile) => `exec 9>> ${file}.lock
flock 9
{ tail -n ${keptLines - 1} ${file}; printf '%s\\n' ${quote(JSON.stringify({ time: Math.round(time / 1000), what }))}; } > ${file}.new
mv -f ${file}.new ${file}`;

/**
 * Marks a change in the graphs of all monitors. A monitor that cannot take it is named, and costs nothing else: it may
 * be what was changed or broken.
 */
export async function markChange(lab: RunningLab, what: string): Promise<void> {
    await Promise.all(
        lab.machinesWith("monitor").map(async (monitor) => {
            try {
                await lab.sh(monitor, appendChange(what));
            } catch (error) {
                progress.info(`${monitor.name} did not take the mark "${what}": ${messageOf(error)}`);
            }
        }),
    );
}

/** An update in `pulumi stack history --json`, as far as the launcher reads it. */
export interface PulumiUpdate {
    result: string;
    /** Such as 2026-11-28T04:30:00.000Z. */
    startTime: string;
    resourceChanges?: Record<string, number>;
}

const verbs: Record<string, string> = {
    create: "created",
    update: "updated",
    replace: "replaced",
    delete: "deleted",
};

/** What an `up` changed, in words. Undefined where it changed nothing. */
export function describeUp({ result, resourceChanges = {} }: PulumiUpdate): string | undefined {
    const counts = Object.entries(verbs).flatMap(([operation, verb]) => {
        const count = resourceChanges[operation] ?? 0;
        return count > 0 ? [`${count} ${verb}`] : [];
    });
    if (counts.length === 0) return undefined;
    return `up: ${result === "succeeded" ? "" : `${result}, `}${counts.join(", ")}`;
}

/** Marks what the `up` that began at `start` has changed. A lab without a monitor costs no time. */
export async function markUp(session: Session, start: number): Promise<void> {
    const { stack, settings } = session.file;
    if (machinesWith(readDescription(settings, stack), "monitor").length === 0) return;
    try {
        const history = await session.ask(["stack", "history", "--json", "--page-size", "1"]);
        const [update] = JSON.parse(history) as PulumiUpdate[];
        // In whole seconds. An `up` that ended before it began its update has left an older one.
        const isThis = update !== undefined && Date.parse(update.startTime) >= start - 1000;
        const what = isThis ? describeUp(update) : undefined;
        if (what !== undefined) await markChange(await RunningLab.open(stack), what);
    } catch (error) {
        progress.info(`The monitor's page has no mark of this change: ${messageOf(error)}`);
    }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
