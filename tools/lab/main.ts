/** `./lab COMMAND ...`. Exit codes: 0 done, 1 failed, 2 a mistake in the call or the configuration, or something the machine lacks; pulumi's own are passed on. */
import { planning } from "../plan/command";
import { waysIn } from "./access";
import { drilling } from "../drill/command";
import { verification } from "../verify/command";
import { lifecycle } from "./lifecycle";
import { maintenance } from "./maintenance";
import type { Command } from "./command";
import { UserError } from "./errors";
import { status } from "./status";

const commands: Record<string, Command> = { ...lifecycle, ...planning, ...status, ...verification, ...drilling, ...waysIn, ...maintenance };
const defaultStack = "local";

function usage(): string {
    const width = Math.max(...Object.values(commands).map((command) => command.usage.length));
    return [
        "Usage: ./lab [-s STACK] COMMAND [WORDS]      the stack is 'local' unless -s or LAB_STACK says another",
        "",
        ...Object.values(commands).map(({ usage: words, help }) => `  ${words.padEnd(width)}  ${help}`),
        "",
    ].join("\n");
}

/** Takes a first `-s STACK` (or `--stack STACK`, `--stack=STACK`) out of the words; undefined if there is none. */
function takeStack(words: string[]): { stack?: string; rest: string[] } {
    const index = words.findIndex((word) => /^(-s|--stack(=.*)?)$/.test(word));
    if (index < 0) return { rest: words };
    const [, inline] = (words[index] ?? "").split("=");
    const stack = inline ?? words[index + 1];
    if (!stack) throw new UserError("-s needs the name of a stack.", "For example: ./lab up -s local");
    return { stack, rest: words.toSpliced(index, inline === undefined ? 2 : 1) };
}

async function main(all: string[]): Promise<number> {
    // Before the command, -s is always ours; after it, unless the words behind it are another program's (`curl -s`).
    const isLeading = /^(-s|--stack)/.test(all[0] ?? "");
    const { stack: leading, rest: [name, ...words] } = isLeading ? takeStack(all) : { rest: all };
    if (name === undefined || ["help", "-h", "--help"].includes(name)) {
        process.stdout.write(usage());
        return name === undefined ? 2 : 0;
    }
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) throw new UserError(`There is no command '${name}'.`, "./lab help lists them.");
    if (command.needsRoot !== false && process.getuid?.() !== 0) {
        throw new UserError(`./lab ${name} has to be root: it makes namespaces and machines.`, `Run it as root, for example: sudo ./lab ${name}`);
    }
    const { stack: trailing, rest } = command.passesWords ? { rest: words } : takeStack(words);
    return command.run({ stack: leading ?? trailing ?? process.env.LAB_STACK ?? defaultStack, rest });
}

main(process.argv.slice(2)).then((code) => { process.exitCode = code; }, (error: unknown) => {
    const isUserError = error instanceof UserError;
    process.stderr.write(isUserError ? `lab: ${error.message}\n     ${error.remedy}\n` : `lab: ${error instanceof Error ? error.stack ?? error.message : String(error)}\n`);
    process.exitCode = isUserError ? 2 : 1;
});
