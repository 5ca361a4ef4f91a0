import * as fs from "node:fs";
import type { Command } from "commander";
import { resolveForCaller } from "../../../lib/environment";
import { UserError } from "../../../lib/errors";
import { labCommand } from "../../command";
import { progress } from "../../progress";
import { RunningLab } from "../../stack/running-lab";
import { isWell, verifyLab, type Check } from "./check";
import { asJson, asJunit, asTable } from "./report";

export const verifyCommand = (): Command =>
    labCommand<{ only?: string; json?: boolean; junit?: string }>({
        name: "verify",
        group: "look",
        help: "check the running lab from outside; exit code 0 only if every check could be run and passed",
        run: async ({ stack, options: { only, json, junit } }) => {
            // Loaded on demand: the checks load the components, which most commands do not need.
            const { checks } = await import("./checks/index");
            const wanted = only === undefined ? checks : select(checks, only);
            const lab = await RunningLab.open(stack);
            const results = await verifyLab(lab, wanted, ({ check, subject, result }) => {
                if (process.stderr.isTTY) progress.info(`${check}, ${subject}: ${result}`);
            });
            process.stdout.write(json ? asJson(stack, results) : asTable(stack, results));
            if (junit !== undefined) fs.writeFileSync(resolveForCaller(junit), asJunit(stack, results));
            return isWell(results) ? 0 : 1;
        },
    })
        .option("--only <NAMES>", "run only these checks; names with commas between them")
        .option("--json", "print the results as JSON")
        .option("--junit <FILE>", "write the results as a JUnit report too");

/** The checks with these names, which have commas between them. */
function select(checks: Record<string, Check>, only: string): Record<string, Check> {
    const names = only.split(",").map((name) => name.trim());
    const unknown = names.filter((name) => !Object.hasOwn(checks, name));
    if (unknown.length > 0)
        throw new UserError(
            `There is no check ${unknown.join(", ")} for --only.`,
            `Choose from ${Object.keys(checks).join(", ")}.`,
        );
    return Object.fromEntries(Object.entries(checks).filter(([name]) => names.includes(name)));
}
