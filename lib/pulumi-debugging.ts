import { createRequire } from "node:module";
import * as path from "node:path";
import { isDebugging } from "./environment";

/** Switches off work that the Pulumi SDK does only for debugging. */
export function withoutPulumisDebugging(): void {
    skipStackTraces();
    skipDebugMessages();
}

/**
 * The SDK records a stack trace for each promise and each resource, and keeps those of resources in the state. That
 * takes a tenth of the program's time and of the state's size, and moving a source line changes the state. The SDK's
 * errors for this have no message, by which they are told from all others.
 */
function skipStackTraces() {
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
 * The SDK sends the engine 475 debug messages for 106 resources, which the engine drops unless pulumi was called with
 * --debug. Without them the program takes 0.77 s of processor time instead of 0.98 s.
 */
function skipDebugMessages() {
    // The SDK's modules call `debug` as a property of this object.
    const log = createRequire(path.join(__dirname, "pulumi-debugging.ts"))("@pulumi/pulumi/log") as Log;
    const debug = log.debug;
    log.debug = (...words) => (isDebugging() ? debug(...words) : Promise.resolve());
}
