import { spawn } from "node:child_process";
import * as path from "node:path";
import { checkout } from "../../../lib/environment";

export interface Ended {
    /** Undefined where it was killed. */
    code: number | undefined;
    /** Both outputs as they came. */
    output: string;
}

/**
 * `./lab` with these words, on this stack, as a person would call it. With `killAfterMs` it, and all that it started in its process group,
 * is killed (SIGKILL) at that time, wherever it is.
 */
export function lab(
    stack: string,
    words: string[],
    options: { killAfterMs?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
    const child = spawn(path.join(checkout, "lab"), ["-s", stack, ...words], {
        cwd: checkout,
        env: { ...process.env, ...options.env },
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => {
            output += text;
        });
    const timer =
        options.killAfterMs === undefined
            ? undefined
            : setTimeout(() => {
                  // Its own process group, named by its leader, which we started.
                  if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
              }, options.killAfterMs);
    return new Promise((resolve, reject) => {
        child.once("error", reject);
        child.once("exit", () => clearTimeout(timer));
        child.once("close", (code) => resolve({ code: code ?? undefined, output }));
    });
}

/** The same where it has to end well. */
export async function labOk(stack: string, words: string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
    const { code, output } = await lab(stack, words, { env });
    if (code !== 0)
        throw new Error(
            `./lab ${words.join(" ")} ended with ${String(code)}: ${output.trim().split("\n").slice(-15).join(" | ")}`,
        );
}
