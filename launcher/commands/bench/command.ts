import * as fs from "node:fs";
import { Argument, type Command } from "commander";
import { resolveForCaller } from "../../../lib/environment";
import { labCommand } from "../../command";
import { progress } from "../../progress";
import { asMarkdown, type Results } from "./tables";

const parts = ["limits", "growth", "site", "ansible"] as const;
type Part = (typeof parts)[number];

export const benchCommand = (): Command =>
    labCommand<{ short?: boolean; json?: string }>({
        name: "bench",
        group: "development",
        help:
            "measure on a lab of its own, and print tables: " +
            "up and preview against their goals, growth, the site, Ansible",
        run: async ({ stack, words, options: { short = false, json } }) => {
            const named = parts.filter((part) => words.includes(part));
            const results = await measure(stack, named.length > 0 ? named : parts, short);
            process.stdout.write(asMarkdown(results));
            if (json !== undefined)
                fs.writeFileSync(resolveForCaller(json), `${JSON.stringify(results, undefined, 4)}\n`);
            return 0;
        },
    })
        .addArgument(new Argument("[PARTS...]", "what to measure; default: all").choices(parts))
        .option("--short", "measure once instead of three times, and grow by one machine only")
        .option("--json <FILE>", "write all numbers as JSON too");

/** One lab for all parts that need no freshly made one. */
async function measure(stack: string, wanted: readonly Part[], short: boolean): Promise<Results> {
    const [
        { BenchLab },
        { compareWithAnsible },
        { measureLimits, measureWithoutLayers },
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
                results.growth = await measureGrowth(lab, progress, short ? [2] : [2, 4, 8, 16], times);
                results.program = await measureProgram(lab.description, progress, [2, 4, 8, 16]);
            }
        });
    }
    if (results.limits && !short) results.limits.upWithoutLayers = await measureWithoutLayers(stack, progress);
    if (wanted.includes("ansible")) {
        results.ansible = await compareWithAnsible(stack, progress, false);
        results.ansibleWithLayers = await compareWithAnsible(stack, progress, true);
    }
    return results;
}
