import { randomInt } from "node:crypto";
import * as fs from "node:fs";
import type { Command } from "commander";
import { isSample } from "../../../config/application";
import { resolveForCaller, stackFolder } from "../../../lib/environment";
import { UserError } from "../../../lib/errors";
import { withLock } from "../../../lib/lock";
import { alignColumns } from "../../../lib/table";
import { labCommand, wholeNumber } from "../../command";
import { progress } from "../../progress";
import { RunningLab } from "../../stack/running-lab";
import type { Drill } from "./drill";
import { asMarkdown, asTable } from "./report";

export const drillCommand = (): Command =>
    labCommand<{ json?: string; markdown?: string; rounds?: number; seed?: number }>({
        name: "drill",
        group: "look",
        help: "break things while clients work, measure, and heal them; exit code 0 only if every goal was met",
        run: async ({ stack, words, options: { json, markdown, rounds = 3, seed = randomInt(2 ** 31) } }) => {
            // Loaded on demand: the checks load the components, which most commands do not need.
            const [{ drills, drillGroups }, { runDrills }] = await Promise.all([
                import("./drills/index"),
                import("./run-drill"),
            ]);
            const asked = words.flatMap((text) => text.split(","));
            if (asked.join() === "list") return list(drills);
            const group = (drillGroups as Record<string, Record<string, Drill>>)[asked.join()];
            if (!group) refuseUnknown(asked, drills);
            const lab = await RunningLab.open(stack);
            if (!lab.description.isolated)
                throw new UserError(
                    `The lab '${stack}' is not isolated, so other people may use what a drill breaks.`,
                    "Drill a lab with lab:isolated: true.",
                );
            if (!isSample(lab.description))
                throw new UserError(
                    "A drill's clients use the sample's pages, and this lab serves another application.",
                    "Drill a lab that leaves lab:site.application.source away: everything else is the same there.",
                );
            const names = group ? possibleDrills(lab, group) : asked;
            const results = await withLock(
                drillLock(stackFolder(stack)),
                () => runDrills(lab, names, drills, { rounds, seed }),
                () => progress.info("Waiting for another drill of this lab to end."),
            );
            process.stdout.write(asTable(results));
            if (json !== undefined)
                fs.writeFileSync(resolveForCaller(json), `${JSON.stringify(results, undefined, 4)}\n`);
            if (markdown !== undefined) fs.writeFileSync(resolveForCaller(markdown), asMarkdown(results));
            return results.length === names.length && results.every(({ result }) => result === "passed") ? 0 : 1;
        },
    })
        .argument(
            "<NAMES...>",
            "drills, with commas or spaces between them; `all`, `change-everything`, or `list` to list them",
        )
        .option("--json <FILE>", "write the results, with all failures, as JSON too")
        .option("--markdown <FILE>", "write the table of docs/resilience.md too")
        .option("--rounds <N>", "how often to repeat what is random; default: 3", wholeNumber(1, 100))
        .option("--seed <N>", "the seed of what is random; default: another one each time", wholeNumber(0, 2 ** 31));

/**
 * The lock of a running drill. Two drills at once would each see the faults of the other. `home`: the stack's folder.
 */
export const drillLock = (home: string) => `drills of ${home}`;

function list(drills: Record<string, Drill>): number {
    process.stdout.write(alignColumns(Object.entries(drills).map(([name, { help }]) => [name, help])));
    return 0;
}

function refuseUnknown(names: string[], drills: Record<string, Drill>): void {
    const unknown = names.filter((name) => !Object.hasOwn(drills, name));
    if (unknown.length > 0)
        throw new UserError(`There is no drill ${unknown.join(", ")}.`, "./lab drill list lists the drills.");
}

/** The names of all drills that are possible with the lab's machines. */
const possibleDrills = (lab: RunningLab, drills: Record<string, Drill>): string[] =>
    Object.entries(drills).flatMap(([name, drill]) => {
        const reason = drill.cannot?.(lab.description);
        if (reason !== undefined) progress.info(`${name} is left out: ${reason}.`);
        return reason === undefined ? [name] : [];
    });
