import { createHash } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import * as path from "node:path";
import { make, recipeKey, recipes, type Recipe } from "./build";
import { downloadPlugin, findOfficialCli, pluginFolder, userPulumiHome, type OfficialCli } from "./official";
import { COMMAND_VERSION, LIBVIRT_PROVIDER_VERSION, TERRAFORM_PROVIDER_VERSION } from "./pins";
import { withLock } from "../../lib/lock";
import type { Progress } from "../../lib/progress";

/** Pulumi with everything that this project's programs need, ready to run. */
export interface Engine {
    /** Path of the CLI. */
    pulumi: string;
    /** To be set for the CLI, beside the environment that `ensureEngine` was given; neither a backend nor a passphrase is in it. */
    env: Record<string, string>;
    /** Where each part came from: the machine or a download, the genuine source built here, or this project's stand-in. */
    parts: Part[];
}

export interface Part {
    name: string;
    version: string;
    origin: "official" | "built" | "stand-in";
}

interface Options {
    /** LAB_CACHE: the engine goes into `engine/` there. */
    cache: string;
    progress: Progress;
    /** Where an official pulumi is looked for (PATH, HOME, PULUMI_HOME); by default this process's own environment. */
    env?: NodeJS.ProcessEnv;
}

/** Written last into an engine's folder: what it consists of. */
const MANIFEST = "parts.json";

/**
 * Puts the engine in place and tells how to run it. What the machine has officially is used as it is, what can be downloaded is, and the
 * rest is built into the cache, which takes minutes once. Throws a UserError if a tool to build with is missing.
 */
export async function ensureEngine({ cache, progress, env = process.env }: Options): Promise<Engine> {
    const { official, root, folder } = await placeOf(cache, env);
    if (!existsSync(path.join(folder, MANIFEST))) {
        mkdirSync(root, { recursive: true });
        await withLock(
            path.join(root, "lock"),
            async () => {
                if (existsSync(path.join(folder, MANIFEST))) return;
                await removeLeftovers(root);
                const temporary = await mkdtemp(path.join(root, ".new-"));
                try {
                    await assemble(temporary, root, official, env, progress);
                    await rename(temporary, folder);
                } finally {
                    await rm(temporary, { recursive: true, force: true });
                }
            },
            () => progress.info("Waiting for another process that builds the engine"),
        );
    }
    return engineIn(folder, official, env);
}

/** The engine if it is in place already: builds and downloads nothing. */
export async function findEngine({ cache, env = process.env }: Omit<Options, "progress">): Promise<Engine | undefined> {
    const { official, folder } = await placeOf(cache, env);
    return existsSync(path.join(folder, MANIFEST)) ? engineIn(folder, official, env) : undefined;
}

async function placeOf(cache: string, env: NodeJS.ProcessEnv) {
    const official = await findOfficialCli(env);
    const root = path.join(cache, "engine");
    return { official, root, folder: path.join(root, engineKey(official, userPulumiHome(env))) };
}

function engineIn(folder: string, official: OfficialCli | undefined, env: NodeJS.ProcessEnv): Engine {
    const bin = official ? path.dirname(official.pulumi) : path.join(folder, "bin");
    return {
        pulumi: path.join(bin, "pulumi"),
        env: {
            PATH: [bin, env.PATH].filter(Boolean).join(path.delimiter),
            PULUMI_HOME: path.join(folder, "home"),
            PULUMI_SKIP_UPDATE_CHECK: "true",
        },
        parts: JSON.parse(readFileSync(path.join(folder, MANIFEST), "utf8")) as Part[],
    };
}

/** Removes what a killed process had begun; only under the lock. */
async function removeLeftovers(root: string): Promise<void> {
    for (const place of [root, path.join(root, "parts")]) {
        const begun = (await readdir(place).catch(() => [])).filter((name) => name.startsWith(".new-"));
        await Promise.all(begun.map((name) => rm(path.join(place, name), { recursive: true, force: true })));
    }
}

/** Names an engine by all that it can be made of, so that a change of any of it makes another engine. */
function engineKey(official: OfficialCli | undefined, home: string): string {
    const hash = createHash("sha256").update(JSON.stringify([official ?? null, home]));
    for (const recipe of Object.values(recipes)) hash.update(recipeKey(recipe));
    return hash.digest("hex").slice(0, 16);
}

async function assemble(
    folder: string,
    root: string,
    official: OfficialCli | undefined,
    env: NodeJS.ProcessEnv,
    progress: Progress,
): Promise<void> {
    const home = path.join(folder, "home");
    const parts: Part[] = [];
    // Which stack is selected is kept there, and shall be known to the next engine too.
    mkdirSync(path.join(root, "workspaces"), { recursive: true });
    mkdirSync(home);
    symlinkSync("../../workspaces", path.join(home, "workspaces"));

    async function put(recipe: Recipe, place: string): Promise<void> {
        const verb = recipe.origin === "built" ? "Building" : "Bundling the stand-in for";
        const program = await progress.step(`${verb} ${recipe.name} ${recipe.version}`, (say) =>
            make(recipe, path.join(root, "parts"), say),
        );
        mkdirSync(path.dirname(place), { recursive: true });
        linkSync(program, place);
        parts.push({ name: recipe.name, version: recipe.version, origin: recipe.origin });
    }

    if (official) {
        parts.push(
            ...["pulumi", "pulumi-language-nodejs"].map((name): Part => ({
                name,
                version: official.version,
                origin: "official",
            })),
        );
    } else {
        await put(recipes.pulumi, path.join(folder, "bin", recipes.pulumi.name));
        await put(recipes.languageHost, path.join(folder, "bin", recipes.languageHost.name));
    }
    const pulumi = official?.pulumi ?? path.join(folder, "bin", "pulumi");

    /** A plugin from the user's own pulumi or from Pulumi's download place, else from its recipe. Whether it is official. */
    async function plugin(name: string, version: string, recipe: Recipe): Promise<boolean> {
        const own = pluginFolder(userPulumiHome(env), name, version);
        const place = pluginFolder(home, name, version);
        if (existsSync(path.join(own, recipe.name))) {
            mkdirSync(place, { recursive: true });
            for (const file of await readdir(own)) symlinkSync(path.join(own, file), path.join(place, file));
        } else if (
            !(await progress.step(`Asking for the plugin ${name} ${version}`, () =>
                downloadPlugin(pulumi, home, name, version, env),
            ))
        ) {
            await rm(place, { recursive: true, force: true });
            await put(recipe, path.join(place, recipe.name));
            return false;
        }
        parts.push({ name: recipe.name, version, origin: "official" });
        return true;
    }

    await plugin("command", COMMAND_VERSION, recipes.command);
    // A bridge that could be had fetches its providers itself; one that had to be built could not.
    if (!(await plugin("terraform-provider", TERRAFORM_PROVIDER_VERSION, recipes.bridge))) {
        await put(
            recipes.libvirt,
            path.join(
                home,
                "dynamic_tf_plugins",
                "registry.opentofu.org",
                "dmacvicar",
                "libvirt",
                LIBVIRT_PROVIDER_VERSION,
                goPlatform(),
                `terraform-provider-libvirt_v${LIBVIRT_PROVIDER_VERSION}`,
            ),
        );
    }
    writeFileSync(path.join(folder, MANIFEST), JSON.stringify(parts, undefined, 4));
}

/** This machine's kind in Go's words, as in `linux_amd64`. */
function goPlatform(): string {
    const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", ia32: "386" };
    return `${process.platform}_${architectures[process.arch] ?? process.arch}`;
}
