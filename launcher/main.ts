/** `./lab COMMAND ...`. Exit codes: 0 done, 1 failed, 2 a mistake in the call or the configuration, or something the machine lacks; pulumi's own are passed on. */
import { planning } from "./commands/plan/command";
import { waysIn } from "./commands/access";
import { benching } from "./commands/bench/command";
import { doctoring } from "./commands/doctor/command";
import { drilling } from "./commands/drill/command";
import { verification } from "./commands/verify/command";
import { lifecycle } from "./commands/lifecycle";
import { maintenance } from "./commands/maintenance";
import { takeApart } from "./call";
import type { Command } from "./command";
import { UserError } from "../lib/errors";
import { ProgramError } from "../lib/run";
import { snapshots } from "./commands/snapshot/command";
import { status } from "./commands/status";

const commands: Record<string, Command> = {
    ...lifecycle,
    ...doctoring,
    ...planning,
    ...status,
    ...verification,
    ...drilling,
    ...benching,
    ...snapshots,
    ...waysIn,
    ...maintenance,
};
const commandOf = (name: string) => (Object.hasOwn(commands, name) ? commands[name] : undefined);
const defaultStack = "local";

function usage(): string {
    const width = Math.max(...Object.values(commands).map((command) => command.usage.length));
    return [
        "Usage: ./lab [-s STACK] [--offline] COMMAND [WORDS]      the stack is 'local' unless -s or LAB_STACK says another",
        "",
        ...Object.values(commands).map(({ usage: words, help }) => `  ${words.padEnd(width)}  ${help}`),
        "",
    ].join("\n");
}

async function main(all: string[]): Promise<number> {
    const { name, stack, offline, rest } = takeApart(all, (word) => commandOf(word)?.passesWords === true);
    if (name === undefined || ["help", "-h", "--help"].includes(name)) {
        process.stdout.write(usage());
        return name === undefined ? 2 : 0;
    }
    // For every process that is started from here, too.
    if (offline) process.env.LAB_OFFLINE = "1";
    const command = commandOf(name);
    if (!command) throw new UserError(`There is no command '${name}'.`, "./lab help lists them.");
    if (command.needsRoot !== false && process.getuid?.() !== 0) {
        throw new UserError(
            `./lab ${name} has to be root: it makes namespaces and machines.`,
            `Run it as root, for example: sudo ./lab ${name}`,
        );
    }
    return command.run({ stack: stack ?? process.env.LAB_STACK ?? defaultStack, rest });
}

main(process.argv.slice(2)).then(
    (code) => {
        process.exitCode = code;
    },
    (error: unknown) => {
        const text =
            error instanceof UserError
                ? `${error.message}\n     ${error.remedy}`
                : error instanceof ProgramError
                  ? error.message
                  : error instanceof Error
                    ? (error.stack ?? error.message)
                    : String(error);
        process.stderr.write(`lab: ${text}\n`);
        process.exitCode = error instanceof UserError ? 2 : 1;
    },
);
