import { createRequire } from "node:module";
import * as path from "node:path";
import { isDebugging } from "./environment";

/** Leaves out of a program what the Pulumi SDK does for those who debug it. */
export function withoutPulumisDebugging(): void {
    leaveOutStackTraces();
    leaveOutMessages();
}

/**
 * It looks at the stack for each of its thousands of promises, and for each resource, whose whole stack it keeps in the state: a tenth of the
 * program's time and of the state's size, and a state that changes with every line of the source that moves. Its errors for that have no
 * message; all others are shown as ever.
 */
function leaveOutStackTraces() {
    const prepare = Error.prepareStackTrace?.bind(Error);
    Error.prepareStackTrace = (error: Error, frames) => {
        if (error.message === "") return "";
        return prepare
            ? (prepare(error, frames) as string)
            : [String(error), ...frames.map((frame) => `${frame as unknown as string}`)].join("\n    at ");
    };
}

interface Log {
    debug: (...words: unknown[]) => Promise<void>;
}

/**
 * It sends the engine 475 debug messages for 106 resources, each a call, a quarter of what the program computes (0.98 s became 0.77), and the engine throws them
 * away unless it was called with --debug: the launcher then sets LAB_DEBUG.
 */
function leaveOutMessages() {
    // The SDK's modules look `debug` up in this very object.
    const log = createRequire(path.join(__dirname, "pulumi-debugging.ts"))("@pulumi/pulumi/log") as Log;
    const debug = log.debug;
    log.debug = (...words) => (isDebugging() ? debug(...words) : Promise.resolve());
}
