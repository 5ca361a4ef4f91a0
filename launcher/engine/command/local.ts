import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { killWithOperation } from "../serve";
import { OutputCollector, previousOutput, type Output } from "./output";
import { quote, systemError } from "./text";
import type { Context } from "./context";

/** The inputs of a local command other than the command itself. */
export interface LocalInputs {
    stdin?: string;
    logging?: string;
    interpreter?: string[];
    dir?: string;
    environment?: Record<string, string>;
    assetPaths?: string[];
    archivePaths?: string[];
    addPreviousOutputInEnv?: boolean;
}

/**
 * Runs a command to its end. Throws an error with its whole output if it fails, cannot be started, or is killed by a
 * cancellation.
 */
export async function runLocal(
    command: string,
    inputs: LocalInputs,
    previous: Output,
    context: Context,
): Promise<Output> {
    const [program = "/bin/sh", ...leading] = inputs.interpreter?.length ? inputs.interpreter : ["/bin/sh", "-c"];
    const collector = new OutputCollector(context, inputs.logging);
    const failed = (reason: string) => new Error(`${reason}: running ${quote(command)}:\n${collector.everything()}`);
    const child = spawn(program, [...leading, command], {
        cwd: inputs.dir,
        env: { ...process.env, ...inputs.environment, ...previousOutput(inputs.addPreviousOutputInEnv, previous) },
        stdio: [inputs.stdin ? "pipe" : "ignore", "pipe", "pipe"],
    });
    killWithOperation(child, context.signal);
    child.stdout?.on("data", (chunk: Buffer) => collector.write("stdout", chunk));
    child.stderr?.on("data", (chunk: Buffer) => collector.write("stderr", chunk));
    // A command may end without reading its input.
    child.stdin?.on("error", () => undefined).end(inputs.stdin);
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
        child.once("error", (error) => reject(failed(startError(program, inputs.dir, error))));
        child.once("close", (...how) => resolve(how));
    });
    const output = collector.finish();
    if (signal) throw failed(`signal: ${SIGNAL_TEXTS[signal] ?? signal}`);
    if (code !== 0) throw failed(`exit status ${code}`);
    return output;
}

const SIGNAL_TEXTS: Partial<Record<NodeJS.Signals, string>> = {
    SIGKILL: "killed",
    SIGTERM: "terminated",
    SIGINT: "interrupt",
    SIGHUP: "hangup",
    SIGSEGV: "segmentation fault",
    SIGPIPE: "broken pipe",
    SIGABRT: "aborted",
};

function startError(program: string, dir: string | undefined, error: unknown): string {
    if (dir !== undefined && !existsSync(dir)) return `chdir ${dir}: ${systemError(error)}`;
    if (!program.includes("/")) return `exec: ${quote(program)}: executable file not found in $PATH`;
    return `fork/exec ${program}: ${systemError(error)}`;
}
