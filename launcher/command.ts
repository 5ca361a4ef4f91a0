import { spawn } from "node:child_process";

export interface Command {
    usage: string;
    help: string;
    /** Default true. */
    needsRoot?: boolean;
    /** The words behind it belong to another program, `-s` too. */
    passesWords?: boolean;
    /** Gives the exit code. */
    run(call: { stack: string; rest: string[] }): Promise<number>;
}

/**
 * Runs a program with this one's terminal and gives its exit code. A Ctrl-C reaches the program itself (it is in the same process group),
 * which is left to end in its own way.
 */
export function attach(argv: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<number> {
    const [program = "", ...words] = argv;
    const ignore = () => undefined;
    process.on("SIGINT", ignore);
    const child = spawn(program, words, { stdio: "inherit", ...options });
    const passOn = (signal: NodeJS.Signals) => void child.kill(signal);
    process.on("SIGTERM", passOn);
    return new Promise<number>((resolve, reject) => {
        child.on("error", reject);
        child.on("exit", (code, signal) => resolve(code ?? (signal ? 128 : 1)));
    }).finally(() => process.off("SIGINT", ignore).off("SIGTERM", passOn));
}
