import * as fs from "node:fs";
import * as path from "node:path";
import { performance } from "node:perf_hooks";
import { stackFolder } from "../../lib/environment";
import { UserError } from "../../lib/errors";
import { readDescription } from "../../roles/configuration";
import type { Session } from "../stack/session";
import { withEventLog } from "./event-log";
import { watchProcessors } from "./processors";
import { record, report, type StateResource } from "./recording";
import { timelineSvg } from "./timeline";

const option = "--timeline";

/** Takes `--timeline FILE` out of `up`'s words. The file's path is absolute: one that is not is taken from where the launcher was called. */
export function takeTimeline(words: string[]): { file?: string; rest: string[] } {
    const index = words.findIndex((word) => word === option || word.startsWith(`${option}=`));
    if (index < 0) return { rest: words };
    const [, inline] = (words[index] ?? "").split("=");
    const file = inline ?? words[index + 1];
    if (!file || file.startsWith("-"))
        throw new UserError(`${option} needs the name of a file.`, "For example: ./lab up --timeline up.svg");
    const absolute = path.resolve(process.env.LAB_CALLED_FROM ?? ".", file);
    if (!fs.existsSync(path.dirname(absolute)))
        throw new UserError(
            `There is no folder ${path.dirname(absolute)}.`,
            `Make it, or name another place for ${path.basename(file)}.`,
        );
    return { file: absolute, rest: words.toSpliced(index, inline === undefined ? 2 : 1) };
}

/**
 * pulumi's `up` with these words, and `env` more in its environment, recorded from the launcher's own start on: the picture goes to `file`, beside it the same as JSON
 * (FILE.json), and where it went well a report to standard output. Gives pulumi's exit code.
 */
export async function recordedUp(
    session: Session,
    words: string[],
    file: string,
    env: NodeJS.ProcessEnv = {},
): Promise<number> {
    const { stack, settings } = session.file;
    const processors = watchProcessors(stackFolder(stack));
    const { result: code, lines } = await withEventLog((hidden, its) =>
        session.pulumi([...words, ...hidden], { ...env, ...its }),
    ).finally(() => processors.end());
    const end = Date.now();
    const state = JSON.parse(await session.ask(["stack", "export"])) as { deployment: { resources?: StateResource[] } };
    const recording = record({
        lines,
        start: performance.timeOrigin,
        end,
        processors: processors.samples,
        resources: state.deployment.resources ?? [],
        machines: readDescription(settings, stack).machines.map(({ name }) => name),
    });
    fs.writeFileSync(file, timelineSvg(recording));
    fs.writeFileSync(`${file}.json`, `${JSON.stringify(recording, undefined, 1)}\n`);
    // What a failed one says last is why.
    process.stdout.write(
        code === 0 ? `\n${report(recording)}\n${file} shows it.\n` : `\n${file} shows how far it came.\n`,
    );
    return code;
}
