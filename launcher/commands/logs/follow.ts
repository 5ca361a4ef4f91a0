import type { LogLine } from "./log-line";

/**
 * Puts the lines of several machines into one order. A line is held back until the next turn but one, because a line
 * of another machine with an earlier time may still be on its way.
 */
export class InOrder {
    private waiting: LogLine[] = [];
    private fresh: LogLine[] = [];

    add(lines: LogLine[]): void {
        this.fresh.push(...lines);
    }

    /** The lines that came before the last turn, and those that are earlier than any of them. */
    turn(): LogLine[] {
        const last = this.waiting.reduce((time, line) => Math.max(time, line.time), -Infinity);
        const all = [...this.waiting, ...this.fresh];
        this.waiting = all.filter(({ time }) => time > last);
        this.fresh = [];
        return byTime(all.filter(({ time }) => time <= last));
    }

    /** Everything that is still held back. */
    rest(): LogLine[] {
        const all = byTime([...this.waiting, ...this.fresh]);
        this.waiting = [];
        this.fresh = [];
        return all;
    }
}

/** Lines with the same time stay as they came. */
const byTime = (lines: LogLine[]) => lines.sort((a, b) => a.time - b.time);
