import * as fs from "node:fs";
import * as path from "node:path";
import { recordedUp, takeTimeline } from "../bench/up";
import { removeNetwork } from "../network";
import type { Command } from "./command";
import { progress, Session } from "./session";
import { StackFile } from "./stack-file";
import { checkout, stackFolder } from "./places";
import { refuseHalfReverted } from "../snapshot/archive";

/** Not on a terminal, pulumi writes a dot every second. */
const quietly = process.stdout.isTTY ? [] : ["--suppress-progress"];

/** What is gone already need not be destroyed, and could not be: the libvirt provider fails over it. */
export const destroyWords = ["--refresh"];

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
            const words = ["up", "--yes", "--skip-preview", ...quietly, ...await session.replacements(), ...rest];
            const code = file === undefined ? await session.pulumi(words) : await recordedUp(session, words, file);
            if (code === 0) progress.info(`./lab status tells how it is; ./lab forward shows the site to a browser on this machine.`);
            return code;
        },
    },
    preview: {
        usage: "preview [PULUMI-WORDS]",
        help: "tell what up would change",
        run: async ({ stack, rest }) => {
            const session = await Session.open(stack, { plans: true });
            await session.ensureStack();
            return session.pulumi(["preview", ...quietly, ...await session.replacements(), ...rest]);
        },
    },
    down: {
        usage: "down",
        help: "destroy the machines and everything that belongs to them; only caches stay",
        run: async ({ stack, rest }) => {
            const file = new StackFile(stack);
            // An isolated lab ends with its namespaces, whatever state it is in: nothing of it is worth an orderly farewell.
            if (!file.isIsolated) return (await Session.open(stack)).pulumi(["destroy", "--yes", ...destroyWords, ...rest]);
            await removeNetwork({ home: stackFolder(stack), progress });
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
