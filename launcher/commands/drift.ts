import type { Command } from "commander";
import { readDescription } from "../../roles/configuration";
import { describeDrift } from "../../roles/drift";
import { quote } from "../../lib/shell";
import { labCommand } from "../command";
import { readDrift, replaceWords, type MachineDrift } from "../stack/drift";
import { stateFile } from "../stack/folders";
import { runningIsolatedHost } from "../stack/lab-network";
import { exportStack, readStateFile } from "../stack/pulumi-state";
import { Session } from "../stack/session";
import { StackFile } from "../stack/stack-file";

export const driftCommand = (): Command =>
    labCommand<{ json?: boolean; replaceWords?: boolean }>({
        name: "drift",
        group: "look",
        help: "what on the machines is not as `up` left it; exit code 1 if something is not. `up` mends it",
        run: async ({ stack, options }) => {
            const { isIsolated, settings } = new StackFile(stack);
            if (isIsolated) await runningIsolatedHost(stack);
            const drifts = await readDrift(stack, readDescription(settings, stack));
            if (options.replaceWords) {
                const { resources = [] } = isIsolated
                    ? readStateFile(stateFile(stack))
                    : (await exportStack(await Session.open(stack))).deployment;
                process.stdout.write(`${replaceWords(drifts, resources).map(quote).join(" ")}\n`);
                return 0;
            }
            process.stdout.write(options.json ? `${JSON.stringify(drifts, undefined, 4)}\n` : driftText(drifts));
            return drifts.every(({ drift }) => drift?.length === 0) ? 0 : 1;
        },
    })
        .option("--json", "write a list of machines, each with its drift, as JSON")
        .option("--replace-words", "write the words by which pulumi's up and preview mend it, and nothing else");

/** One line for each drift, and for each machine that does not answer. */
export const driftText = (drifts: MachineDrift[]): string =>
    drifts.every(({ drift }) => drift?.length === 0)
        ? "Nothing has drifted.\n"
        : drifts
              .flatMap(({ machine, drift }) =>
                  drift === undefined
                      ? [`${machine}: does not answer`]
                      : drift.map((one) => `${machine}: ${describeDrift(one)}`),
              )
              .map((line) => `${line}\n`)
              .join("");
