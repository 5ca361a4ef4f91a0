/** Completion scripts for shells, generated from the commander program. */
import type { Command } from "commander";
import { quote, words } from "../lib/shell";
import { stackNames } from "./stack/stack-file";

/** What a shell completes. */
export interface Completion {
    commands: {
        name: string;
        help: string;
        options: { flags: string[]; help: string; takesValue: boolean }[];
        /** The words that an argument may be, where they are known. */
        choices: string[];
    }[];
    /** The options before the command. */
    options: { flags: string[]; help: string; takesValue: boolean }[];
    /** The names of the stacks, at the time when the script is made. */
    stacks: string[];
}

export function describeProgram(program: Command): Completion {
    const optionsOf = (command: Command) =>
        command
            .createHelp()
            .visibleOptions(command)
            .map(({ short, long, description, required, optional }) => ({
                flags: [short, long].filter((flag) => flag !== undefined),
                help: description,
                takesValue: required || optional,
            }));
    return {
        commands: program
            .createHelp()
            .visibleCommands(program)
            .map((command) => ({
                name: command.name(),
                help: command.description(),
                options: optionsOf(command),
                choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
            })),
        options: optionsOf(program),
        stacks: stackNames(),
    };
}

/** The words that can stand behind each command: its options and the choices of its arguments. */
const wordsBehind = ({ options, choices }: Completion["commands"][number]) => [
    ...options.flatMap(({ flags }) => flags),
    ...choices,
];

/** The options of all commands that take a value which is not a stack: behind them the shell completes files. */
const optionsWithFile = ({ commands }: Completion) => [
    ...new Set(
        commands
            .flatMap(({ options }) => options)
            .filter(({ flags, takesValue }) => takesValue && !flags.includes("--stack"))
            .flatMap(({ flags }) => flags),
    ),
];

/** bash: a function for the words `./lab` and `lab`. */
function bash(completion: Completion): string {
    const { commands, options, stacks } = completion;
    const names = commands.map(({ name }) => name);
    const first = [...names, ...options.flatMap(({ flags }) => flags)];
    const files = optionsWithFile(completion).join(" | ");
    const fileCase = files && `\n        ${files}) COMPREPLY=($(compgen -f -- "$word")); return ;;`;
    return `# Completion of ./lab for bash. Made by: ./lab completion bash
_lab_words() {
    local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="" index
    case "$before" in
        -s | --stack) COMPREPLY=($(compgen -W ${quote(words(stacks))} -- "$word")); return ;;${fileCase}
    esac
    for ((index = 1; index < COMP_CWORD; index++)); do
        case "\${COMP_WORDS[index]}" in
            -s | --stack) index=$((index + 1)) ;;
            -*) ;;
            *) command="\${COMP_WORDS[index]}"; break ;;
        esac
    done
    case "$command" in
        "") COMPREPLY=($(compgen -W ${quote(words(first))} -- "$word")) ;;
        help) COMPREPLY=($(compgen -W ${quote(words(names))} -- "$word")) ;;
        init) COMPREPLY=($(compgen -W ${quote(words(stacks))} -- "$word")) ;;
${commands
    .filter(({ name }) => name !== "help" && name !== "init")
    .map(
        (command) =>
            `        ${command.name}) COMPREPLY=($(compgen -W ${quote(words(wordsBehind(command)))} -- "$word")) ;;\n`,
    )
    .join("")}    esac
}
complete -o default -F _lab_words ./lab lab
`;
}

/** zsh: the same words, with their descriptions. */
function zsh(completion: Completion): string {
    const { commands, options, stacks } = completion;
    const described = (entries: { name: string; help: string }[]) =>
        entries.map(({ name, help }) => quote(`${name.replaceAll(":", "\\:")}:${help}`)).join(" ");
    const flags = (list: Completion["options"]) =>
        list.flatMap(({ flags: names, help }) => names.map((name) => ({ name, help })));
    const behind = ({ options: own, choices }: Completion["commands"][number]) =>
        described([...flags(own), ...choices.map((name) => ({ name, help: "" }))]);
    const files = optionsWithFile(completion).join(" | ");
    const fileCase = files && `\n        ${files}) _files; return ;;`;
    return `#compdef lab ./lab
# Completion of ./lab for zsh. Made by: ./lab completion zsh
_lab_words() {
    local command="" index
    case "\${words[CURRENT-1]}" in
        -s | --stack) compadd -- ${words(stacks)}; return ;;${fileCase}
    esac
    for ((index = 2; index < CURRENT; index++)); do
        case "\${words[index]}" in
            -s | --stack) index=$((index + 1)) ;;
            -*) ;;
            *) command="\${words[index]}"; break ;;
        esac
    done
    local -a found
    case "$command" in
        "") found=(${described([...commands, ...flags(options)])}) ;;
        help) found=(${described(commands)}) ;;
        init) compadd -- ${words(stacks)}; return ;;
${commands
    .filter(({ name }) => name !== "help" && name !== "init")
    .map((command) => `        ${command.name}) found=(${behind(command)}) ;;\n`)
    .join("")}    esac
    _describe word found
    _files
}
compdef _lab_words lab ./lab
`;
}

/** fish: one line for each word. */
function fish(completion: Completion): string {
    const { commands, options, stacks } = completion;
    const names = commands.map(({ name }) => name);
    // Inside single quotes, fish knows two escapes: of the backslash and of the quote.
    const text = (value: string) => `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
    const line = (condition: string, { flags, help, takesValue }: Completion["options"][number]) => {
        const short = flags.find((flag) => /^-[^-]/.test(flag));
        const long = flags.find((flag) => flag.startsWith("--"));
        const value = flags.includes("--stack") ? ` -x -a ${text(stacks.join(" "))}` : takesValue ? " -r -F" : "";
        const names = `${short ? ` -s ${short.slice(1)}` : ""}${long ? ` -l ${long.slice(2)}` : ""}`;
        return `complete -c lab -n ${text(condition)}${names}${value} -d ${text(help)}\n`;
    };
    const before = `not __fish_seen_subcommand_from ${names.join(" ")}`;
    return [
        "# Completion of ./lab for fish. Made by: ./lab completion fish\n",
        ...commands.map(({ name, help }) => `complete -c lab -f -n ${text(before)} -a ${name} -d ${text(help)}\n`),
        ...options.map((option) => line(before, option)),
        ...commands.flatMap(({ name, options: own, choices }) => {
            const behind = `__fish_seen_subcommand_from ${name}`;
            return [
                ...own.map((option) => line(behind, option)),
                ...(choices.length > 0
                    ? [`complete -c lab -f -n ${text(behind)} -a ${text(choices.join(" "))}\n`]
                    : []),
            ];
        }),
    ].join("");
}

export const shells = { bash, zsh, fish };
export type Shell = keyof typeof shells;
