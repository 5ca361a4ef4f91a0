import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How many of a failed program's last lines its error shows. */
const shownLines = 20;

/** A program failed; the message has its own last words. Where in this project it was called says nothing more to a user. */
export class ProgramError extends Error {}

/**
 * Runs a program without a shell and gives what it wrote to stdout. Every line that it writes, to stdout or stderr, is handed to `say`
 * at once. Fails with a ProgramError that names the program, its exit code and its last lines.
 */
export async function run(
    argv: readonly [string, ...string[]],
    options: {
        cwd?: string;
        env?: NodeJS.ProcessEnv;
        /** Given to the program on stdin, which is empty without it. */
        input?: string;
        /** What an error calls the program; default: its first word. */
        name?: string;
        say?: (line: string) => void;
        /** In a process group of its own, where a Ctrl-C at this terminal does not reach it. */
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
    const tell = (line: string) => {
        options.say?.(line);
        last.push(line);
        if (last.length > shownLines) last.shift();
    };
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => stdout.push(chunk));
    createInterface(child.stdout).on("line", tell);
    createInterface(child.stderr).on("line", tell);
    child.stdin.on("error", () => undefined); // a program may end without reading all of its input: its exit code tells
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
