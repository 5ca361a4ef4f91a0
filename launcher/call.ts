import { UserError } from "../lib/errors";

/** A call of the launcher, taken apart. */
export interface Call {
    /** The command; undefined where there is none. */
    name: string | undefined;
    /** From -s; undefined where there is none. */
    stack: string | undefined;
    /** Whether --offline stands there: as LAB_OFFLINE=1. */
    offline: boolean;
    /** What is left behind the command. */
    rest: string[];
}

/**
 * Before the command, -s and --offline are always ours; behind it too, unless the words there are another program's (`curl -s`), which
 * `passesWords` tells of a command. The -s before it counts more.
 */
export function takeApart(words: string[], passesWords: (name: string) => boolean): Call {
    const command = words.findIndex(
        (word, index) => !word.startsWith("-") && !/^(-s|--stack)$/.test(words[index - 1] ?? ""),
    );
    const leading = takeOptions(command < 0 ? words : words.slice(0, command));
    const [name, ...behind] = [...leading.rest, ...(command < 0 ? [] : words.slice(command))];
    const trailing = name === undefined || passesWords(name) ? { offline: false, rest: behind } : takeOptions(behind);
    return {
        name,
        stack: leading.stack ?? trailing.stack,
        offline: leading.offline || trailing.offline,
        rest: trailing.rest,
    };
}

/** Takes our own options out of the words. */
function takeOptions(words: string[]): { stack?: string; offline: boolean; rest: string[] } {
    const { stack, rest } = takeStack(words);
    return { stack, offline: rest.includes("--offline"), rest: rest.filter((word) => word !== "--offline") };
}

const isStackOption = (word: string | undefined) => word !== undefined && /^(-s|--stack(=.*)?)$/.test(word);

/** Takes the first `-s STACK` (or `--stack STACK`, `--stack=STACK`) out of the words. */
function takeStack(words: string[]): { stack?: string; rest: string[] } {
    const index = words.findIndex(isStackOption);
    if (index < 0) return { rest: words };
    const [, inline] = (words[index] ?? "").split("=");
    const stack = inline ?? words[index + 1];
    if (!stack) throw new UserError("-s needs the name of a stack.", "For example: ./lab up -s local");
    return { stack, rest: words.toSpliced(index, inline === undefined ? 2 : 1) };
}
