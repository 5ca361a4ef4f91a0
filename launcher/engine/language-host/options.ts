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

/** Splits a line into words as a shell does: at blanks outside of quotes, with a backslash as escape character. */
export function splitWords(line: string): string[] {
    const word = /(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/gs;
    if (line.replace(word, "").trim() !== "") throw new Error(`a quote or a backslash in ${line} is not complete`);
    return (line.match(word) ?? []).map((quoted) =>
        quoted.replace(
            /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs,
            (_all, double?: string, single?: string, escaped?: string) =>
                double?.replace(/\\(["\\])/g, "$1") ?? single ?? escaped ?? "",
        ),
    );
}
