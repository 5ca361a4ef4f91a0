import { randomInt } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import type { Command } from "../../command";
import { UserError } from "../../../lib/errors";
import { withLock } from "../../../lib/lock";
import { stackFolder } from "../../../lib/environment";
import { progress } from "../../stack/session";
import { LivingLab } from "../../stack/running-lab";
import type { Drill } from "./drill";
import { asTable } from "./report";

export const drilling: Record<string, Command> = {
    drill: {
        usage: "drill NAMES|all|list [--json FILE] [--rounds N] [--seed N]",
        help: "break things while clients work, measure, heal; exit code 0 only if every goal was met",
        run: async ({ stack, rest }) => {
            // Looked for only now: the checks load the components, which is more than most calls of the launcher need.
            const [{ drills }, { runDrills }] = await Promise.all([import("./drills/index"), import("./run-drill")]);
            const { names: asked, all, json, rounds, seed } = parseWords(rest, drills);
            if (asked.length === 0) return list(drills);
            const lab = await LivingLab.open(stack);
            const names = asked.filter((name) => {
                const reason = all ? drills[name]?.cannot?.(lab.description) : undefined;
                if (reason) progress.info(`${name} is left out: ${reason}.`);
                return !reason;
            });
            if (!lab.description.isolated)
                throw new UserError(
                    `The lab '${stack}' is not isolated: what a drill breaks could be someone's.`,
                    "Drill a lab with lab:isolated: true.",
                );
            const results = await withLock(
                drillsOf(stackFolder(stack)),
                () => runDrills(lab, names, drills, { rounds, seed }),
                () =>
                    progress.info(
                        "Waiting for another drill to end: each would take the other's faults for the lab's.",
                    ),
            );
            process.stdout.write(asTable(results));
            if (json)
                fs.writeFileSync(
                    path.resolve(process.env.LAB_CALLED_FROM ?? ".", json),
                    `${JSON.stringify(results, undefined, 4)}\n`,
                );
            return results.length === names.length && results.every(({ result }) => result === "passed") ? 0 : 1;
        },
    },
};

/** The lock of whoever drills a lab. `home`: the stack's folder. */
export const drillsOf = (home: string) => `drills of ${home}`;

function list(drills: Record<string, Drill>): number {
    const width = Math.max(...Object.keys(drills).map((name) => name.length));
    process.stdout.write(
        Object.entries(drills)
            .map(([name, { help }]) => `${name.padEnd(width)}  ${help}\n`)
            .join(""),
    );
    return 0;
}

/** No names: the list is wanted. */
function parseWords(
    words: string[],
    drills: Record<string, Drill>,
): { names: string[]; all?: boolean; json?: string; rounds: number; seed: number } {
    const remedy =
        "./lab drill NAMES|all [--json FILE] [--rounds N] [--seed N], names with commas or spaces between; ./lab drill list tells them";
    try {
        const { values, positionals } = parseArgs({
            args: words,
            allowPositionals: true,
            options: { json: { type: "string" }, rounds: { type: "string" }, seed: { type: "string" } },
        });
        const rounds = Number(values.rounds ?? 3);
        if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100)
            throw new Error("--rounds takes a number from 1 to 100");
        const seed = Number(values.seed ?? randomInt(2 ** 31));
        if (!Number.isInteger(seed) || seed < 0) throw new Error("--seed takes a whole number");
        const names = positionals.flatMap((text) => text.split(","));
        if (names.length === 0) throw new Error("which drill?");
        if (names.join() === "list") return { names: [], rounds, seed };
        if (names.join() === "all") return { json: values.json, rounds, seed, all: true, names: Object.keys(drills) };
        const unknown = names.filter((name) => !Object.hasOwn(drills, name));
        if (unknown.length > 0) throw new Error(`there is no drill ${unknown.join(", ")}`);
        return { json: values.json, rounds, seed, names };
    } catch (error) {
        throw new UserError(`drill: ${(error as Error).message}.`, remedy);
    }
}
