/** What pulumi did, step by step, from the event log of its engine (`--event-log`). */
import { parseUrn } from "../../config/resource-names";
import type { EngineEvent } from "../stack/pulumi-state";

/** One operation on one resource. Times are in milliseconds since the epoch. */
export interface Step {
    urn: string;
    /** The resource's name. */
    name: string;
    type: string;
    /** Pulumi's name of the operation: create, update, delete, same, create-replacement, ... */
    op: string;
    start: number;
    end: number;
    failed: boolean;
}

/** A line of the event log, and when it was read. The log's own times are whole seconds. */
export interface TimedLine {
    at: number;
    line: string;
}

/** The steps in the order of their ends. A step that never ended, because pulumi was killed, is left out. */
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
        return [{ urn, name: parseUrn(urn).name, type, op, start, end: at, failed: failed !== undefined }];
    });
}
