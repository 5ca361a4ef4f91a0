/**
 * `./lab COMMAND ...`. Exit codes: 0 done; 1 failed; 2 a mistake in the call or in the configuration, or something that
 * the machine lacks. The exit codes of pulumi and of other programs that a command runs for the user are passed on.
 */
import { CommanderError } from "commander";
import { UserError } from "../lib/errors";
import { keepLoopbackOffProxies } from "../lib/proxies";
import { ProgramError } from "../lib/run";
import { labProgram } from "./program";

async function main(words: string[]): Promise<void> {
    keepLoopbackOffProxies();
    const program = labProgram();
    if (words.length === 0) program.help({ error: true });
    await program.parseAsync(words, { from: "user" });
}

/** What a user reads of an error. A mistake of theirs, and a program's failure, need no stack trace. */
function textOf(error: unknown): string {
    if (error instanceof UserError) return `${error.message}\n     ${error.remedy}`;
    if (error instanceof ProgramError) return error.message;
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/**
 * In `./lab plan | head`, the reader of the output ends first. What is written after that is lost, and the command goes
 * on to its own end: a drill heals what it has broken, and `up` is not interrupted.
 */
for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code !== "EPIPE") throw error;
    });

main(process.argv.slice(2)).catch((error: unknown) => {
    if (error instanceof CommanderError) {
        // commander has written its text already. --help ends with exit code 0.
        process.exitCode = error.exitCode === 0 ? 0 : 2;
        return;
    }
    process.stderr.write(`lab: ${textOf(error)}\n`);
    process.exitCode = error instanceof UserError ? 2 : 1;
});
