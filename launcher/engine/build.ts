import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { UserError } from "../../lib/errors";
import { COMMAND_VERSION, LIBVIRT_PROVIDER_VERSION, PULUMI_VERSION, TERRAFORM_PROVIDER_VERSION } from "./pins";

/** How to make one program of the engine. */
export interface Recipe {
    /** Also the name of the executable. */
    name: string;
    version: string;
    /** `built`: compiled from genuine source. `stand-in`: a program of this project. */
    origin: "built" | "stand-in";
    /** Files and folders that the program is made from, relative to this folder. */
    sources: string[];
    /** npm packages that the program is made from, in the versions of package.json. */
    packages: string[];
    make(output: string, say: (line: string) => void): Promise<void>;
}

/**
 * A Go program in the version of its go.mod. The linker flags set the version that the release of the same source has.
 * Package "." is a stand-in, whose source is in the folder.
 */
function goRecipe(
    name: string,
    version: string,
    folder: string,
    goPackage: string,
    variables: Record<string, string>,
): Recipe {
    const isStandIn = goPackage === ".";
    const flags = ["-s", "-w", ...Object.entries(variables).map(([variable, value]) => `-X ${variable}=${value}`)].join(
        " ",
    );
    return {
        name,
        version,
        origin: isStandIn ? "stand-in" : "built",
        packages: [],
        sources: [
            ...(isStandIn ? [`go/${folder}`] : [`go/${folder}/go.mod`, `go/${folder}/go.sum`]),
            "build.ts",
            "pins.ts",
        ],
        make: (output, say) =>
            run(
                "go",
                ["build", "-v", "-trimpath", "-mod=readonly", "-ldflags", flags, "-o", output, goPackage],
                path.join(__dirname, "go", folder),
                say,
            ),
    };
}

/** A stand-in in TypeScript, bundled into one executable file. */
function scriptRecipe(name: string, version: string, folder: string): Recipe {
    return {
        name,
        version,
        origin: "stand-in",
        sources: [folder, "serve.ts", "build.ts", "pins.ts"],
        packages: ["@grpc/grpc-js", "@pulumi/pulumi", "esbuild", "google-protobuf", "zod"],
        make: async (output) => {
            await build({
                entryPoints: [path.join(__dirname, folder, "main.ts")],
                outfile: output,
                bundle: true,
                platform: "node",
                target: "node20",
                banner: { js: "#!/usr/bin/env node" },
                logLevel: "silent",
            });
            chmodSync(output, 0o755);
        },
    };
}

export const recipes = {
    pulumi: goRecipe("pulumi", PULUMI_VERSION, "cli", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", {
        "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": `v${PULUMI_VERSION}`,
    }),
    languageHost: scriptRecipe("pulumi-language-nodejs", PULUMI_VERSION, "language-host"),
    command: goRecipe("pulumi-resource-command", COMMAND_VERSION, "command", ".", { "main.version": COMMAND_VERSION }),
    bridge: goRecipe(
        "pulumi-resource-terraform-provider",
        TERRAFORM_PROVIDER_VERSION,
        "bridge",
        "github.com/pulumi/pulumi-terraform-bridge/v3/dynamic",
        {
            "github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/version.version": `v${TERRAFORM_PROVIDER_VERSION}`,
            // The bridge and its providers register the same messages. The released plugin has this flag, too.
            "google.golang.org/protobuf/reflect/protoregistry.conflictPolicy": "ignore",
        },
    ),
    libvirt: goRecipe(
        "terraform-provider-libvirt",
        LIBVIRT_PROVIDER_VERSION,
        "libvirt",
        "github.com/dmacvicar/terraform-provider-libvirt",
        {
            "main.version": LIBVIRT_PROVIDER_VERSION,
        },
    ),
} satisfies Record<string, Recipe>;

/**
 * A short name for everything that the program depends on. Equal sources give equal names on all machines of one
 * platform.
 */
export function recipeKey({ name, version, sources, packages }: Recipe): string {
    const { dependencies } = JSON.parse(readFileSync(path.join(__dirname, "../../package.json"), "utf8")) as {
        dependencies: Record<string, string>;
    };
    const hash = createHash("sha256").update(`${name} ${version} ${process.platform} ${process.arch}`);
    for (const dependency of packages) hash.update(` ${dependency} ${dependencies[dependency]}`);
    for (const file of sources.flatMap((source) => filesOf(path.join(__dirname, source)))) {
        hash.update(`\0${path.relative(__dirname, file)}\0`).update(readFileSync(file));
    }
    return hash.digest("hex").slice(0, 16);
}

function filesOf(place: string): string[] {
    try {
        return readdirSync(place)
            .sort()
            .flatMap((name) => filesOf(path.join(place, name)));
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return [place];
        throw error;
    }
}

/** Makes one program, unless `folder` has it, and gives its path. An interruption leaves no incomplete program. */
export async function make(recipe: Recipe, folder: string, say: (line: string) => void): Promise<string> {
    const place = path.join(folder, `${recipe.name}-${recipeKey(recipe)}`);
    const program = path.join(place, recipe.name);
    if (filesExist(place)) return program;
    mkdirSync(folder, { recursive: true });
    const temporary = await mkdtemp(path.join(folder, ".new-"));
    try {
        await recipe.make(path.join(temporary, recipe.name), say);
        chmodSync(temporary, 0o755);
        await rename(temporary, place);
    } finally {
        await rm(temporary, { recursive: true, force: true });
    }
    return program;
}

function filesExist(folder: string): boolean {
    try {
        return readdirSync(folder).length > 0;
    } catch {
        return false;
    }
}

const GO_REMEDY = "Install Go 1.24.7 or newer, or the official pulumi (3.200 or newer) together with its plugins.";

/** Runs a build tool. `say` gets each line of its output; the error of a failed tool has the last lines. */
async function run(program: string, args: string[], cwd: string, say: (line: string) => void): Promise<void> {
    const child = spawn(program, args, { cwd, stdio: ["ignore", "ignore", "pipe"] });
    const lines: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => {
        lines.push(line);
        say(line);
    });
    const code = await new Promise<number | null>((resolve, reject) => {
        child.once("close", resolve);
        child.once("error", () => reject(new UserError(`${program} is not installed, or not on PATH`, GO_REMEDY)));
    });
    if (code === 0) return;
    const tooOld = lines.find((line) => line.includes("requires go >="));
    if (tooOld !== undefined) throw new UserError(tooOld, GO_REMEDY);
    throw new Error(`${program} ${args[0]} failed in ${cwd}:\n${lines.slice(-20).join("\n")}`);
}
