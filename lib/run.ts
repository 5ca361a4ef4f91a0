import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Number of the last lines of output that the error of a failed program shows. */
const shownLines = 20;

/** A program failed. The message has the last lines of its output, and is shown to users without a stack trace. */
export class ProgramError extends Error {}

/**
 * Runs a program without a shell and gives its standard output. `say` gets every line of standard output and standard
 * error as it comes. Fails with a ProgramError that names the program and its exit code and has its last lines.
 */
export async function run(
    argv: readonly [string, ...string[]],
    options: {
        cwd?: string;
        env?: NodeJS.ProcessEnv;
        /** Standard input of the program; empty by default. */
        input?: string;
        /** The program's name in an error; default: the first word of argv. */
        name?: string;
        say?: (line: string) => void;
        /** Runs the program in a process group of its own, so that Ctrl-C in this terminal does not reach it. */
        detached?: boolean;
    } = {},
): Promise<string> {
    const [program, ...words] = argv;
    const child = spawn(program, words, {
        cwd: options.cwd,
        env: options.env,
        detached: options.detached,
        stdio: "pipe",
    });
    const stdout: string[] = [];
    const last: string[] = [];
    const onLine = (line: string) => {
        options.say?.(line);
        last.push(line);
        if (last.length > shownLines) last.shift();
    };
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => stdout.push(chunk));
    createInterface(child.stdout).on("line", onLine);
    createInterface(child.stderr).on("line", onLine);
    // A program may end without reading all of its input. Its exit code says whether that is an error.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    const failure = await new Promise<string | undefined>((resolve) => {
        child.on("error", (error) => {
            resolve(error.message);
        });
        child.on("close", (code, signal) => {
            resolve(code === 0 ? undefined : signal ? `killed by ${signal}` : `exit code ${String(code)}`);
        });
    });
    if (failure !== undefined) throw new ProgramError([`${options.name ?? program}: ${failure}`, ...last].join("\n"));
    return stdout.join("");
}
