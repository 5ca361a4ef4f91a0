import * as fs from "node:fs";
import * as path from "node:path";
import { jumpHostsOf } from "../../hypervisors/jump-host";
import { virshArgv } from "../../hypervisors/virsh";
import { checkout, stackFolder } from "../../lib/environment";
import { parseLibvirtUri } from "../../lib/libvirt-uri";
import { run } from "../../lib/run";
import { readDescription } from "../../roles/configuration";
import type { Command } from "../command";
import { removeIsolatedHost } from "../isolated-host/index";
import { progress, Session } from "../stack/session";
import { StackFile } from "../stack/stack-file";
import { recordedUp, takeTimeline } from "../timeline/up";
import { refuseHalfReverted } from "./snapshot/archive";

/** Not on a terminal, pulumi writes a dot every second. */
const quietly = process.stdout.isTTY ? [] : ["--suppress-progress"];

/** What is gone already need not be destroyed, and could not be: the libvirt provider fails over it. */
export const destroyWords = ["--refresh"];

/** Whether a libvirt that the launcher does not start itself can be asked. Without virsh to ask with, a local one is not there; of another nobody knows. */
const answers = (uri: string) =>
    run(virshArgv(uri, ["-r", "uri"]), { name: "virsh" }).then(
        () => true,
        (error: unknown) => parseLibvirtUri(uri).ssh !== undefined && /virsh.*No such file/.test(String(error)),
    );

/** What makes a lab, changes it and takes it away. */
export const lifecycle: Record<string, Command> = {
    up: {
        usage: "up [--timeline FILE] [PULUMI-WORDS]",
        help: "build the lab, or bring it to what its stack file says; FILE shows as an SVG picture what took how long",
        run: async ({ stack, rest: all }) => {
            const { file, rest } = takeTimeline(all);
            refuseHalfReverted(stack);
            const session = await Session.open(stack, { plans: true, makesMachines: true });
            await session.ensureStack();
            const words = ["up", "--yes", "--skip-preview", ...quietly, ...(await session.replacements()), ...rest];
            const env = await session.firstTime();
            const code =
                file === undefined ? await session.pulumi(words, env) : await recordedUp(session, words, file, env);
            if (code === 0)
                progress.info(
                    `./lab status tells how it is; ./lab forward shows the site to a browser on this machine.`,
                );
            return code;
        },
    },
    preview: {
        usage: "preview [PULUMI-WORDS]",
        help: "tell what up would change; where no hypervisor answers, what it would make",
        run: async ({ stack, rest }) => {
            const { isIsolated, settings } = new StackFile(stack);
            const description = readDescription(settings, stack);
            await jumpHostsOf(description);
            const silent = isIsolated
                ? []
                : (
                      await Promise.all(
                          description.hypervisors.map(async ({ uri }) => ((await answers(uri)) ? [] : [uri])),
                      )
                  ).flat();
            if (silent.length > 0) {
                progress.info(
                    `${silent.join(" and ")} ${silent.length > 1 ? "do" : "does"} not answer: this is what would be made there, whatever is there already (./lab plan). ./lab -s ${stack} doctor tells what it lacks.`,
                );
                process.stdout.write(
                    await (await import("./plan/plan")).plan(description, { commands: rest.includes("--commands") }),
                );
                return 0;
            }
            const session = await Session.open(stack, { plans: true });
            await session.ensureStack();
            return session.pulumi(["preview", ...quietly, ...(await session.replacements()), ...rest]);
        },
    },
    down: {
        usage: "down",
        help: "destroy the machines and everything that belongs to them; only caches stay",
        run: async ({ stack, rest }) => {
            const file = new StackFile(stack);
            // An isolated lab ends with its namespaces, whatever state it is in: nothing of it is worth an orderly farewell.
            if (!file.isIsolated)
                return (await Session.open(stack)).pulumi(["destroy", "--yes", ...destroyWords, ...rest]);
            await removeIsolatedHost({ home: stackFolder(stack), progress });
            fs.rmSync(stackFolder(stack), { recursive: true, force: true });
            fs.rmSync(path.join(checkout, ".stage", stack), { recursive: true, force: true });
            // They were encrypted with the passphrase that has just gone.
            if (file.isEncrypted) file.removeSecrets();
            return 0;
        },
    },
    pulumi: {
        usage: "pulumi WORDS",
        help: "pulumi itself, with the lab's engine, backend and network",
        passesWords: true,
        run: async ({ stack, rest }) => {
            const session = await Session.open(stack, { makesMachines: true });
            await session.ensureStack();
            return session.pulumi(rest);
        },
    },
};
