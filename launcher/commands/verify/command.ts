import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import type { Command } from "../../command";
import { UserError } from "../../../lib/errors";
import { progress } from "../../stack/session";
import { isWell, runChecks, type Check } from "./check";
import { LivingLab } from "../../stack/running-lab";
import { asJson, asJunit, asTable } from "./report";

export const verification: Record<string, Command> = {
    verify: {
        usage: "verify [--only NAMES] [--json] [--junit FILE]",
        help: "look at the living lab from outside; exit code 0 only if everything could be looked at and is well",
        run: async ({ stack, rest }) => {
            // Looked for only now: the checks load the components, which is more than most calls of the launcher need.
            const { checks } = await import("./checks/index");
            const { only, json, junit } = parseWords(rest, checks);
            const lab = await LivingLab.open(stack);
            const results = await runChecks(lab, only, ({ check, subject, result }) => {
                if (process.stderr.isTTY) progress.info(`${check}, ${subject}: ${result}`);
            });
            process.stdout.write(json ? asJson(stack, results) : asTable(stack, results));
            if (junit)
                fs.writeFileSync(path.resolve(process.env.LAB_CALLED_FROM ?? ".", junit), asJunit(stack, results));
            return isWell(results) ? 0 : 1;
        },
    },
};

function parseWords(words: string[], checks: Record<string, Check>) {
    const names = Object.keys(checks).join(", ");
    try {
        const { values } = parseArgs({
            args: words,
            options: { only: { type: "string" }, json: { type: "boolean" }, junit: { type: "string" } },
        });
        const wanted = values.only?.split(",").map((name) => name.trim());
        const unknown = wanted?.filter((name) => !Object.hasOwn(checks, name)) ?? [];
        if (unknown.length > 0) throw new Error(`there is no check ${unknown.join(", ")}`);
        return {
            ...values,
            only: wanted
                ? Object.fromEntries(Object.entries(checks).filter(([name]) => wanted.includes(name)))
                : checks,
        };
    } catch (error) {
        throw new UserError(
            `verify: ${(error as Error).message}.`,
            `./lab verify [--only NAMES] [--json] [--junit FILE]; names, with commas between: ${names}`,
        );
    }
}
