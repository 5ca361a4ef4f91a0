import * as path from "node:path";
import { checkout } from "../../../lib/environment";

export interface Ended {
    /** The exit code. Undefined if a signal ended the call. */
    code: number | undefined;
    /** Standard output and standard error, as they came. */
    output: string;
}

/**
 * Calls `./lab` with these words on this stack, as a user does. With `killAfterMs`, it is killed (SIGKILL) after that
 * time together with everything in its process group.
 */
export async function lab(stack: string, words: string[], options: { killAfterMs?: number } = {}): Promise<Ended> {
    // Loaded on demand, as it takes longer to load than the rest of the launcher.
    const { execa } = await import("execa");
    const child = execa(path.join(checkout, "lab"), ["-s", stack, ...words], {
        cwd: checkout,
        detached: true,
        stdin: "ignore",
        all: true,
        stripFinalNewline: false,
        reject: false,
    });
    const timer =
        options.killAfterMs === undefined
            ? undefined
            : setTimeout(() => {
                  // A negative number is a process group. The child leads its own, because it is detached.
                  if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
              }, options.killAfterMs);
    child.once("exit", () => clearTimeout(timer));
    const { exitCode, all, failed, isTerminated, cause } = await child;
    clearTimeout(timer);
    if (failed && exitCode === undefined && !isTerminated) throw cause;
    return { code: exitCode, output: all };
}

/** Calls `./lab` as `lab` does. An Error with the last lines of its output if it fails. */
export async function labOk(stack: string, words: string[]): Promise<void> {
    const { code, output } = await lab(stack, words);
    if (code !== 0)
        throw new Error(
            `./lab ${words.join(" ")} ended with exit code ${String(code)}: ` +
                `${output.trim().split("\n").slice(-15).join(" | ")}`,
        );
}
