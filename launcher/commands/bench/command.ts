import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import type { Command } from "../../command";
import { UserError } from "../../../lib/errors";
import { progress } from "../../stack/session";
import { asMarkdown, type Results } from "./table";

const parts = ["limits", "growth", "site", "ansible"] as const;
type Part = (typeof parts)[number];

export const benching: Record<string, Command> = {
    bench: {
        usage: "bench [limits|growth|site|ansible] [--short] [--json FILE]",
        help: "measure, on a lab of its own, and print the tables of docs/performance.md: up against its limit, growth, what the site does, Ansible",
        run: async ({ stack, rest }) => {
            const { wanted, short, json } = parseWords(rest);
            const results = await measure(stack, wanted, short);
            process.stdout.write(asMarkdown(results));
            if (json)
                fs.writeFileSync(
                    path.resolve(process.env.LAB_CALLED_FROM ?? ".", json),
                    `${JSON.stringify(results, undefined, 4)}\n`,
                );
            return 0;
        },
    },
};

/** One lab for all that needs none freshly made. */
async function measure(stack: string, wanted: readonly Part[], short: boolean): Promise<Results> {
    const [
        { BenchLab },
        { compareWithAnsible },
        { measureLimits },
        { measureGrowth, measureProgram },
        { measureSite },
    ] = await Promise.all([
        import("./bench-lab"),
        import("./measure-ansible"),
        import("./measure-limits"),
        import("./measure-growth"),
        import("./measure-site"),
    ]);
    const times = short ? 1 : 3;
    const results: Results = { date: new Date().toISOString().slice(0, 10), stack, short };
    if (wanted.some((part) => part !== "ansible")) {
        await BenchLab.with(stack, !short, async (lab) => {
            results.limits = await measureLimits(lab, progress, times);
            if (wanted.includes("site")) results.site = await measureSite(lab, progress, short);
            if (wanted.includes("growth")) {
                results.growth = await measureGrowth(lab, progress, short ? [2] : [2, 4, 8], times);
                results.program = await measureProgram(lab.description, progress, [2, 4, 8, 16]);
            }
        });
    }
    if (wanted.includes("ansible")) results.ansible = await compareWithAnsible(stack, progress);
    return results;
}

function parseWords(words: string[]): { wanted: readonly Part[]; short: boolean; json?: string } {
    try {
        const {
            values: { short = false, json },
            positionals,
        } = parseArgs({
            args: words,
            allowPositionals: true,
            options: { short: { type: "boolean" }, json: { type: "string" } },
        });
        const unknown = positionals.filter((name) => !parts.some((part) => part === name));
        if (unknown.length > 0) throw new Error(`there is nothing called ${unknown.join(", ")} to measure`);
        const named = parts.filter((part) => positionals.includes(part));
        return { wanted: named.length > 0 ? named : parts, short, json };
    } catch (error) {
        throw new UserError(
            `bench: ${(error as Error).message}.`,
            `./lab bench [${parts.join("|")}] [--short] [--json FILE]`,
        );
    }
}
