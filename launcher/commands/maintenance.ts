import * as fs from "node:fs";
import { accept, acceptedFile } from "../../artifacts/accepted";
import { ensureArtifacts, obtainArtifacts, unacceptedArtifacts } from "../../artifacts/cache";
import { artifactCatalog } from "../../catalog/artifacts";
import { cacheFolder, checkout, homeFolder, isOffline } from "../../lib/environment";
import { UserError } from "../../lib/errors";
import { readDescription } from "../../roles/configuration";
import { neededArtifacts } from "../../roles/of-machine";
import { attach, type Command } from "../command";
import { ensureEngine } from "../engine/index";
import { progress, Session } from "../stack/session";
import { StackFile } from "../stack/stack-file";

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
        help: "get into the cache what the stack's machines are built from; --offline then builds from the cache alone",
        needsRoot: false,
        run: async ({ stack }) => {
            const names = neededArtifacts(readDescription(new StackFile(stack).settings, stack));
            const paths = await ensureArtifacts(names, { cache: cacheFolder(), progress, offline: isOffline() });
            for (const place of Object.values(paths)) process.stdout.write(`${place}\n`);
            return 0;
        },
    },
    accept: {
        usage: "accept [ARTIFACTS]",
        help: "pin the stack's files that nobody publishes a sha256 of, or those that are named, as they are in the cache now",
        needsRoot: false,
        run: async ({ stack, rest }) => {
            const needed = neededArtifacts(readDescription(new StackFile(stack).settings, stack));
            const unknown = rest.filter((name) => !needed.some((each) => each === name));
            if (unknown.length > 0)
                throw new UserError(
                    `Stack '${stack}' needs no ${unknown.join(", ")}.`,
                    `Choose from ${needed.join(", ")}.`,
                );
            const names = needed.filter(
                (name) => artifactCatalog[name].sha256 === undefined && (rest.length === 0 || rest.includes(name)),
            );
            const artifacts = await unacceptedArtifacts(
                await obtainArtifacts(names, { cache: cacheFolder(), progress, offline: isOffline() }),
            );
            accept(Object.fromEntries(artifacts.map(({ name, sha256 }) => [name, sha256])));
            for (const { name, path, sha256 } of artifacts)
                process.stdout.write(`${name}: ${path}, sha256 ${sha256}\n`);
            progress.info(
                artifacts.length > 0 ? `Pinned in ${acceptedFile}.` : "Nothing to accept: each file's sha256 is known.",
            );
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
            if (labs.length > 0)
                throw new UserError(
                    `There is still the lab ${labs.join(", ")}.`,
                    labs.map((stack) => `./lab down -s ${stack}`).join("; "),
                );
            for (const folder of [cacheFolder(), home]) await fs.promises.rm(folder, { recursive: true, force: true });
            return 0;
        },
    },
};
