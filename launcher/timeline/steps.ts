/** What pulumi did, step by step, out of its engine's event log (`--event-log`, apitype.EngineEvent in pulumi's sdk/go/common). */

/** One operation on one resource. Times are in milliseconds since the epoch. */
export interface Step {
    urn: string;
    /** The resource's name. */
    name: string;
    type: string;
    /** pulumi's word: create, update, delete, same, create-replacement, ... */
    op: string;
    start: number;
    end: number;
    failed: boolean;
}

/** A line of the event log and when it came: the times in the log itself are whole seconds. */
export interface TimedLine {
    at: number;
    line: string;
}

interface Metadata {
    metadata: { op: string; urn: string; type: string };
}
/** The events that are read here. */
interface EngineEvent {
    resourcePreEvent?: Metadata;
    resOutputsEvent?: Metadata;
    resOpFailedEvent?: Metadata;
}

export const nameOf = (urn: string) => urn.split("::").at(-1) ?? urn;

/** The steps in the order of their ends. One that never ended, as where pulumi was killed, is none. */
export function stepsOf(lines: TimedLine[]): Step[] {
    const begun = new Map<string, number>();
    return lines.flatMap(({ at, line }): Step[] => {
        const {
            resourcePreEvent: pre,
            resOutputsEvent: done,
            resOpFailedEvent: failed,
        } = JSON.parse(line) as EngineEvent;
        const metadata = (pre ?? done ?? failed)?.metadata;
        if (!metadata) return [];
        const { urn, op, type } = metadata;
        const key = `${op} ${urn}`;
        const start = begun.get(key);
        if (pre) begun.set(key, at);
        if (pre || start === undefined) return [];
        begun.delete(key);
        return [{ urn, name: nameOf(urn), type, op, start, end: at, failed: failed !== undefined }];
    });
}
