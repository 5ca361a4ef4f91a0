import { spawn } from "node:child_process";

/**
 * Runs a program on this process's terminal and returns its exit code, or 128 if a signal ended the program. Ctrl-C
 * reaches the program directly, because it is in the same process group. This process ignores Ctrl-C meanwhile and
 * waits for the program to end.
 */
export function attach(argv: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<number> {
    // Not execa: loading it takes longer (17 ms) than everything else that the launcher does before it starts pulumi.
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
