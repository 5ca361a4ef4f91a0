import { createHash } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import * as path from "node:path";
import { make, recipeKey, recipes, type Recipe } from "./build";
import { downloadPlugin, findOfficialCli, pluginFolder, userPulumiHome, type OfficialCli } from "./official";
import { COMMAND_VERSION, LIBVIRT_PROVIDER_VERSION, TERRAFORM_PROVIDER_VERSION } from "./pins";
import { withLock } from "../../lib/lock";
import type { Progress } from "../../lib/progress";

/** Pulumi with its language host and the plugins that this project needs. */
export interface Engine {
    /** Path of the CLI. */
    pulumi: string;
    /**
     * Variables to set for the CLI in addition to the environment given to `ensureEngine`. They name no backend and no
     * passphrase.
     */
    env: Record<string, string>;
    /**
     * The parts with their origins: official (installed or downloaded), built here from genuine source, or this
     * project's stand-in.
     */
    parts: Part[];
}

export interface Part {
    name: string;
    version: string;
    origin: "official" | "built" | "stand-in";
}

interface Options {
    /** The cache folder. The engine is in its folder `engine`. */
    cache: string;
    progress: Progress;
    /** The environment (PATH, HOME, PULUMI_HOME) in which an official pulumi is looked for. Default: this process's. */
    env?: NodeJS.ProcessEnv;
}

/** The list of an engine's parts. It is written last into the engine's folder. */
const MANIFEST = "parts.json";

/**
 * Gives the engine, after making it if necessary. Official parts on this machine are used, others are downloaded if
 * possible, and the rest is built into the cache, which takes minutes the first time. Throws a UserError if a build
 * tool is missing.
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

/** The engine if it exists. Builds and downloads nothing. */
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

/** Removes what killed builds left. To be called under the lock. */
async function removeLeftovers(root: string): Promise<void> {
    for (const place of [root, path.join(root, "parts")]) {
        const begun = (await readdir(place).catch(() => [])).filter((name) => name.startsWith(".new-"));
        await Promise.all(begun.map((name) => rm(path.join(place, name), { recursive: true, force: true })));
    }
}

/** A name for the engine made from everything that it depends on: a change makes another engine. */
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
    // pulumi keeps the selected stack in this folder. Engines share it, so that a new engine knows the selection.
    mkdirSync(path.join(root, "workspaces"), { recursive: true });
    mkdirSync(home);
    symlinkSync("../../workspaces", path.join(home, "workspaces"));

    async function put(recipe: Recipe, place: string): Promise<void> {
        const verb = recipe.origin === "built" ? "Building" : "Making the stand-in for";
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

    /** Gets a plugin from the user's pulumi, by a download, or else by its recipe. Gives whether it is official. */
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
    // An official bridge downloads its Terraform provider itself.
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

/** Go's name of this machine's platform, such as `linux_amd64`. */
function goPlatform(): string {
    const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", ia32: "386" };
    return `${process.platform}_${architectures[process.arch] ?? process.arch}`;
}
