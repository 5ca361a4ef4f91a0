/** How a command of `./lab` is declared. commander parses the words; the rules that all commands share are here. */
import { Command, InvalidArgumentError, Option } from "commander";
import { defaultStack, goOffline } from "../lib/environment";
import { UserError } from "../lib/errors";

/** A call of a command, as the command sees it. */
export interface Call<Options> {
    /** From -s, from LAB_STACK, or `local`. */
    stack: string;
    /** The arguments in their order. For a command that passes words to another program, those words. */
    words: string[];
    options: Options;
    command: Command;
}

/** Does a command's work. Returns the exit code. */
export type Run<Options> = (call: Call<Options>) => Promise<number>;

interface GlobalOptions {
    stack?: string;
    offline?: boolean;
}

/** The groups in which `./lab help` lists the commands. */
export const groups = {
    lifecycle: "Build and remove a lab:",
    look: "Look at a lab:",
    access: "Work inside a lab:",
    snapshot: "Snapshots:",
    preparation: "Prepare a stack and this machine:",
    development: "Measure and test:",
} as const;

/** The options that every command takes, before the command and behind it. */
export function addGlobalOptions(command: Command): Command {
    return command
        .addOption(
            new Option("-s, --stack <STACK>", "stack to work on; default: LAB_STACK, or local").argParser(stackName),
        )
        .option("--offline", "download nothing: what is not in the cache is an error");
}

function stackName(text: string): string {
    if (text === "") throw new InvalidArgumentError("For example: -s local");
    return text;
}

/** A command whose words all belong to another program, options such as -s included. */
class PassingCommand extends Command {
    override parseOptions(words: string[]) {
        return { operands: words, unknown: [] };
    }
}

interface Declaration<Options> {
    /** The command's name. Its arguments and options are added to the result. */
    name: string;
    group: keyof typeof groups;
    /** One line, or a few, for `./lab help` and `--help`. */
    help: string;
    /** Default: true. */
    needsRoot?: boolean;
    /**
     * The program that all words behind the command belong to, `-s` and `--offline` included. Only `--help` as the
     * first word is the launcher's.
     */
    passesWordsTo?: string;
    run: Run<Options>;
}

/** A command of `./lab`. */
export function labCommand<Options extends object = object>(declaration: Declaration<Options>): Command {
    const { name, group, help, needsRoot = true, passesWordsTo, run } = declaration;
    const command = passesWordsTo === undefined ? addGlobalOptions(new Command(name)) : new PassingCommand(name);
    command
        .description(help)
        .helpGroup(groups[group])
        .showHelpAfterError(`     ./lab ${name} --help lists its arguments and options.`)
        .action(async () => {
            if (passesWordsTo !== undefined && command.args[0] === "--help") {
                command.outputHelp();
                return;
            }
            const options = command.optsWithGlobals<GlobalOptions & Options>();
            // For every process that is started from here, too.
            if (options.offline) goOffline();
            if (needsRoot && process.getuid?.() !== 0)
                throw new UserError(
                    `./lab ${name} needs root: it makes namespaces and machines.`,
                    `Run it as root, for example: sudo ./lab ${name}`,
                );
            process.exitCode = await run({
                stack: options.stack ?? defaultStack(),
                words: command.args,
                options,
                command,
            });
        });
    if (passesWordsTo !== undefined)
        command
            .allowExcessArguments()
            .helpOption("--help", "as the first word: this text")
            .addHelpText(
                "after",
                `\nAll other words are ${passesWordsTo}'s: -s STACK and --offline stand before the command.`,
            );
    return command;
}

/** Lets a command of ours take other words too and pass them to pulumi, in their order. */
export const passingWordsToPulumi = (command: Command, verb: string): Command =>
    command
        .argument("[WORDS...]", `other words, passed to pulumi ${verb}`)
        .allowUnknownOption()
        .addHelpText("after", `\nOptions that are not listed here are passed to pulumi ${verb}.`);

/** Parses an option's whole number from `least` to `most`. */
export const wholeNumber = (least: number, most: number) => (text: string) => {
    const number = Number(text);
    if (text.trim() === "" || !Number.isInteger(number) || number < least || number > most)
        throw new InvalidArgumentError(`It takes a whole number from ${least} to ${most}.`);
    return number;
};
