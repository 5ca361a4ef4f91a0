import { z } from "zod";
import type { ProgramInfo } from "@pulumi/pulumi/proto/language_pb";

/** `runtime.options` of Pulumi.yaml. Names and defaults are the official host's. */
const schema = z.looseObject({
    typescript: z.boolean({ error: "typescript option must be a boolean" }).default(true),
    tsconfig: z.string({ error: "tsconfigpath option must be a string" }).optional(),
    nodeargs: z.string({ error: "nodeargs option must be a string" }).default(""),
    packagemanager: z
        .enum(["auto", "npm", "yarn", "pnpm", "bun"], {
            error: ({ input }) =>
                `packagemanager option must be one of auto, npm, yarn, pnpm or bun, got ${JSON.stringify(input)}`,
        })
        .default("auto"),
});

export interface RuntimeOptions {
    /** Whether the SDK loads ts-node before the program. */
    typescript: boolean;
    tsconfig: string | undefined;
    /** Arguments for node, before the program. */
    nodeArgs: string[];
    packageManager: "npm" | "yarn" | "pnpm" | "bun";
}

/** The options of a program. Throws an Error that names an invalid option. */
export function parseOptions(program: ProgramInfo): RuntimeOptions {
    const parsed = schema.safeParse(program.getOptions()?.toJavaScript() ?? {});
    if (!parsed.success) throw new Error(parsed.error.issues.map((issue) => issue.message).join("; "));
    const { typescript, tsconfig, nodeargs, packagemanager } = parsed.data;
    return {
        typescript,
        tsconfig,
        nodeArgs: splitWords(nodeargs),
        packageManager: packagemanager === "auto" ? "npm" : packagemanager,
    };
}

const FLAGS = new Set(["tracing", "typescript", "root", "tsconfig", "nodeargs", "packagemanager"]);
const GO_BOOLEAN = /^(1|t|T|true|TRUE|True|0|f|F|false|FALSE|False)$/;

/**
 * The official host's error for its command line, or undefined. The engine passes each option of Pulumi.yaml as a flag,
 * so that an unknown option keeps the host from starting.
 */
export function flagError(args: string[]): string | undefined {
    for (const arg of args) {
        const [, name, value] = /^--?([^=-][^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
        if (name === undefined) return undefined;
        if (!FLAGS.has(name)) return `flag provided but not defined: -${name}`;
        if (name === "typescript" && value !== undefined && !GO_BOOLEAN.test(value))
            return `invalid boolean value "${value}" for -typescript: parse error`;
    }
    return undefined;
}

/**
 * Splits a text into words as a shell does: at blanks outside of quotes, with a backslash as escape character, and
 * without comments.
 */
export function splitWords(text: string): string[] {
    const token = /#[^\n]*|(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^ \t\r\n"'\\])+/gs;
    const rest = text.replace(token, "").trim();
    if (rest !== "") {
        const inEscape = rest.endsWith("\\") && !rest.startsWith("'");
        throw new Error(`EOF found ${inEscape ? "after escape character" : "when expecting closing quote"}`);
    }
    return (text.match(token) ?? [])
        .filter((word) => !word.startsWith("#"))
        .map((quoted) =>
            quoted.replace(
                /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs,
                (_all, double?: string, single?: string, escaped?: string) =>
                    double?.replace(/\\(.)/gs, "$1") ?? single ?? escaped ?? "",
            ),
        );
}
