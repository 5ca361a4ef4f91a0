/** `./lab COMMAND ...`. Exit codes: 0 done, 1 failed, 2 a mistake in the call or the configuration, or something the machine lacks; pulumi's own are passed on. */
import { access } from "./access";
import { lifecycle } from "./lifecycle";
import { maintenance } from "./maintenance";
import type { Command } from "./command";
import { UserError } from "./errors";
import { status } from "./status";

const commands: Record<string, Command> = { ...lifecycle, ...status, ...access, ...maintenance };
const defaultStack = "local";

function usage(): string {
    const width = Math.max(...Object.values(commands).map((command) => command.usage.length));
    return [
        "Usage: ./lab COMMAND [-s STACK] [WORDS]      the stack is 'local' unless -s or LAB_STACK says another",
        "",
        ...Object.values(commands).map(({ usage: words, help }) => `  ${words.padEnd(width)}  ${help}`),
        "",
    ].join("\n");
}

/** Takes `-s STACK` (or `--stack STACK`, `--stack=STACK`) out of the words before a `--`. */
function takeStack(words: string[]): { stack: string; rest: string[] } {
    const end = words.indexOf("--");
    const index = words.findIndex((word, at) => (end < 0 || at < end) && /^(-s|--stack(=.*)?)$/.test(word));
    if (index < 0) return { stack: process.env.LAB_STACK ?? defaultStack, rest: words };
    const [, inline] = (words[index] ?? "").split("=");
    const stack = inline ?? words[index + 1];
    if (!stack) throw new UserError("-s needs the name of a stack.", "For example: ./lab up -s local");
    return { stack, rest: words.toSpliced(index, inline === undefined ? 2 : 1) };
}

async function main([name, ...words]: string[]): Promise<number> {
    if (name === undefined || ["help", "-h", "--help"].includes(name)) {
        process.stdout.write(usage());
        return name === undefined ? 2 : 0;
    }
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) throw new UserError(`There is no command '${name}'.`, "./lab help lists them.");
    if (command.needsRoot !== false && process.getuid?.() !== 0) {
        throw new UserError(`./lab ${name} has to be root: it makes namespaces and machines.`, `Run it as root, for example: sudo ./lab ${name}`);
    }
    return command.run(takeStack(words));
}

main(process.argv.slice(2)).then((code) => { process.exitCode = code; }, (error: unknown) => {
    const isUserError = error instanceof UserError;
    process.stderr.write(isUserError ? `lab: ${error.message}\n     ${error.remedy}\n` : `lab: ${error instanceof Error ? error.stack ?? error.message : String(error)}\n`);
    process.exitCode = isUserError ? 2 : 1;
});
