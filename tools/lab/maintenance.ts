import * as fs from "node:fs";
import { ensureEngine } from "../engine";
import { attach, type Command } from "./command";
import { UserError } from "./errors";
import { cacheFolder, checkout, homeFolder } from "./places";
import { progress, Session } from "./session";

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
            fs.rmSync(cacheFolder(), { recursive: true, force: true });
            fs.rmSync(home, { recursive: true, force: true });
            return 0;
        },
    },
};
