import { UserError } from "./errors";

/** A call of the launcher, taken apart. */
export interface Call {
    /** The command; undefined where there is none. */
    name: string | undefined;
    /** From -s; undefined where there is none. */
    stack: string | undefined;
    /** What is left behind the command. */
    rest: string[];
}

/**
 * Before the command, -s is always ours; behind it too, unless the words there are another program's (`curl -s`), which `passesWords`
 * tells of a command. The one before it counts more.
 */
export function takeApart(words: string[], passesWords: (name: string) => boolean): Call {
    const { stack: leading, rest: [name, ...behind] } = isStackOption(words[0]) ? takeStack(words) : { rest: words };
    const { stack: trailing, rest } = name === undefined || passesWords(name) ? { rest: behind } : takeStack(behind);
    return { name, stack: leading ?? trailing, rest };
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
