import * as fs from "node:fs";
import * as path from "node:path";
import { performance } from "node:perf_hooks";
import { readDescription } from "../../roles/configuration";
import { resolveForCaller, stackFolder } from "../../lib/environment";
import { UserError } from "../../lib/errors";
import { exportStack } from "../stack/pulumi-state";
import type { Session } from "../stack/session";
import { withEventLog } from "./event-log";
import { watchProcessors } from "./processors";
import { timelineSvg } from "./picture";
import { record, report } from "./recording";

/**
 * The absolute path of the file that `--timeline` names. A relative path belongs to the folder in which the user called
 * the launcher.
 */
export function timelineFile(file: string): string {
    if (file === "" || file.startsWith("-"))
        throw new UserError("--timeline needs the name of a file.", "For example: ./lab up --timeline up.svg");
    const absolute = resolveForCaller(file);
    if (!fs.existsSync(path.dirname(absolute)))
        throw new UserError(
            `There is no folder ${path.dirname(absolute)} for the file of --timeline.`,
            `Make it, or name another place for ${path.basename(file)}.`,
        );
    return absolute;
}

/**
 * Runs `pulumi up` with these words, and `env` added to its environment, and records it from the start of the launcher
 * on. Writes the picture to `file` and the recording to FILE.json, and prints a report if `up` succeeded. Returns
 * pulumi's exit code.
 */
export async function recordedUp(
    session: Session,
    words: string[],
    file: string,
    env: NodeJS.ProcessEnv = {},
): Promise<number> {
    const { stack, settings } = session.file;
    const processors = watchProcessors(stackFolder(stack));
    const { result: code, lines } = await withEventLog((logWords, logEnv) =>
        session.pulumi([...words, ...logWords], { ...env, ...logEnv }),
    ).finally(() => processors.end());
    const end = Date.now();
    const { deployment } = await exportStack(session);
    const recording = record({
        lines,
        start: performance.timeOrigin,
        end,
        processors: processors.samples,
        resources: deployment.resources ?? [],
        machines: readDescription(settings, stack).machines.map(({ name }) => name),
    });
    fs.writeFileSync(file, timelineSvg(recording));
    fs.writeFileSync(`${file}.json`, `${JSON.stringify(recording, undefined, 1)}\n`);
    // No report after a failure: the last lines on the screen are to be pulumi's errors.
    process.stdout.write(
        code === 0
            ? `\n${report(recording)}\nThe picture is in ${file}.\n`
            : `\nThe picture, up to the failure, is in ${file}.\n`,
    );
    return code;
}
