import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { TimedLine } from "./steps";

/** `--event-log` is a hidden option of pulumi, which exists only with this variable. */
const withHiddenOptions = { PULUMI_DEBUG_COMMANDS: "true" };

/**
 * Runs `work`, which has to run pulumi with the given words and environment, so that pulumi writes its event log.
 * Returns the result of `work`, and the lines of the log, each with the time at which it was written.
 */
export async function withEventLog<T>(
    work: (words: string[], env: NodeJS.ProcessEnv) => Promise<T>,
): Promise<{ result: T; lines: TimedLine[] }> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lab-events-"));
    try {
        const file = path.join(folder, "events");
        fs.writeFileSync(file, "");
        const follower = follow(file);
        const result = await work(["--event-log", file], withHiddenOptions).finally(() => follower.end());
        return { result, lines: follower.lines };
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

/** Reads the lines that are appended to a file, until `end` is called. */
export function follow(file: string): { lines: TimedLine[]; end: () => void } {
    const descriptor = fs.openSync(file, "r");
    const lines: TimedLine[] = [];
    const buffer = Buffer.alloc(2 ** 16);
    let rest = Buffer.alloc(0);
    const read = () => {
        const at = Date.now();
        for (let length; (length = fs.readSync(descriptor, buffer)) > 0;) {
            rest = Buffer.concat([rest, buffer.subarray(0, length)]);
            for (let end; (end = rest.indexOf("\n")) >= 0; rest = rest.subarray(end + 1))
                lines.push({ at, line: rest.toString("utf8", 0, end) });
        }
    };
    const watcher = fs.watch(file, read);
    return {
        lines,
        end: () => {
            watcher.close();
            read();
            fs.closeSync(descriptor);
        },
    };
}
