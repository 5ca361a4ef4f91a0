import * as fs from "node:fs";
import { ensureArtifacts } from "../../artifacts/cache";
import { neededArtifacts } from "../../artifacts/needed";
import { describeSite } from "../../config/describe";
import { ensureEngine } from "../engine";
import { attach, type Command } from "./command";
import { UserError } from "./errors";
import { cacheFolder, checkout, homeFolder } from "./places";
import { progress, Session } from "./session";
import { StackFile } from "./stack-file";

/** What is done around a lab. */
export const maintenance: Record<string, Command> = {
    init: {
        usage: "init STACK",
        help: "make the secrets and keys that a stack's file lacks",
        run: async ({ stack, rest: [name = stack] }) => {
            await (await Session.open(name)).ensureStack();
            progress.info(`Stack ${name} has its secrets.`);
            return 0;
        },
    },
    fetch: {
        usage: "fetch",
        help: "get into the cache what the stack's machines are built from; LAB_OFFLINE=1 then builds from the cache alone",
        needsRoot: false,
        run: async ({ stack }) => {
            const names = neededArtifacts(describeSite(new StackFile(stack).settings, stack));
            const paths = await ensureArtifacts(names, { cache: cacheFolder(), progress });
            for (const place of Object.values(paths)) process.stdout.write(`${place}\n`);
            return 0;
        },
    },
    engine: {
        usage: "engine",
        help: "put pulumi and its plugins in place, and tell where each came from",
        needsRoot: false,
        run: async () => {
            const { parts } = await ensureEngine({ cache: cacheFolder(), progress });
            for (const { name, version, origin } of parts) process.stdout.write(`${name} ${version}: ${origin}\n`);
            return 0;
        },
    },
    test: {
        usage: "test [unit|engine|lab]",
        help: "type check, lint, and all tests, or one kind of them",
        run: ({ rest }) => attach([process.execPath, "--import", "tsx", "test/run.ts", ...rest], { cwd: checkout }),
    },
    clean: {
        usage: "clean",
        help: "remove the caches; refused while a lab is there",
        run: async () => {
            const home = homeFolder();
            const labs = fs.existsSync(home) ? fs.readdirSync(home) : [];
            if (labs.length > 0) throw new UserError(`There is still the lab ${labs.join(", ")}.`, labs.map((stack) => `./lab down -s ${stack}`).join("; "));
            for (const folder of [cacheFolder(), home]) await fs.promises.rm(folder, { recursive: true, force: true });
            return 0;
        },
    },
};
