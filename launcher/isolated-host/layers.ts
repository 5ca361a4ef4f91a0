/**
 * Package layers: what a machine's package run adds to the image, made once and shared by the machines whose package
 * lists are equal. A machine that starts from its layer does the package run again, which then finds nothing to do. A
 * virtual machine's layer is a whole disk, so it also has the disk's size.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { platforms } from "../../catalog/platforms/index";
import type { LabDescription } from "../../config/description";
import { stepsFolder } from "../../roles/apply";
import { packagesOf, repositoriesOf } from "../../roles/of-machine";
import { layerScript } from "./layer-digest";
import type { IsolatedHost } from "./namespace";

/** How a layer is made. Two machines share a layer where all of this is equal. */
export interface LayerRecipe {
    /** The layer's folder in the cache. Its name has a hash of everything that the layer depends on. */
    folder: string;
    /** Root tree of the image below the layer. */
    image: string;
    /** Shell text of the package run. */
    script: string;
    /** Size of a virtual machine's disk. Undefined for containers. */
    diskGiB: number | undefined;
    machines: string[];
}

const diskScript = join(__dirname, "make-disk.sh");
const layersFolder = (cache: string) => join(cache, "layers");

/**
 * The layers that the machines of a stack can start from, one for each list of packages. `image` is what they start
 * from without a layer; undefined where it was not built here, and no layer can be made.
 */
export function layerRecipes(description: LabDescription, image: string | undefined, cache: string): LayerRecipe[] {
    if (image === undefined) return [];
    const platform = platforms[description.platform];
    const isVm = description.machineKind === "vm";
    const makers = [layerScript, ...(isVm ? [diskScript] : [])].map((file) => readFileSync(file, "utf8"));
    const recipes = new Map<string, LayerRecipe>();
    for (const machine of description.machines) {
        const text = platform.installPackages(packagesOf(machine, description), repositoriesOf(machine, description));
        // The image's folder has the image's own hash in its name.
        const diskGiB = isVm ? machine.diskGiB : undefined;
        const inputs = [basename(dirname(image)), text, ...makers, ...(isVm ? [diskGiB] : [])];
        const key = createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16);
        const recipe = recipes.get(key);
        if (recipe) recipe.machines.push(machine.name);
        else {
            const folder = join(layersFolder(cache), `${platform.name}${isVm ? "-vm" : ""}-${key}`);
            const tree = join(dirname(image), "root");
            recipes.set(key, { folder, image: tree, script: text, diskGiB, machines: [machine.name] });
        }
    }
    return [...recipes.values()];
}

/** A recipe and what the cache has of it. */
export interface Layer extends LayerRecipe {
    /** Age in days. Undefined for a layer that does not exist. */
    age: number | undefined;
    /** A layer that exists is used until it is this old. */
    isUsable: boolean;
}

/**
 * What the cache has of each layer. Its files are not looked at: requireSound (layer-digest.ts) does so before a machine
 * uses them.
 */
export const findLayers = (recipes: LayerRecipe[], refreshDays: number): Layer[] =>
    recipes.map((recipe) => {
        const file = join(recipe.folder, "made");
        const age = existsSync(file)
            ? (Date.now() - Date.parse(readFileSync(file, "utf8").trim())) / 86_400_000
            : undefined;
        return { ...recipe, age, isUsable: age !== undefined && age < refreshDays };
    });

/** One line about a lab's layers; undefined where a lab has none. */
export function describeLayers(layers: Layer[], refreshDays: number): string | undefined {
    if (layers.length === 0) return undefined;
    const usable = layers.filter(({ isUsable }) => isUsable);
    const oldest = Math.max(...usable.map(({ age }) => age ?? 0));
    const days = Math.floor(oldest) === 1 ? "1 day" : `${String(Math.floor(oldest))} days`;
    const count = `${String(usable.length)} of ${String(layers.length)} package layers are there`;
    return usable.length === 0
        ? `${count}. ./lab bake makes them.`
        : `${count}, the oldest ${days} old; a layer is used for ${String(refreshDays)}.`;
}

/** The tree or the disk that each machine starts from, by the machine's name. */
export const layersOfMachines = (layers: Layer[]): Record<string, string> =>
    Object.fromEntries(
        layers
            .filter(({ isUsable }) => isUsable)
            .flatMap(({ folder, diskGiB, machines }) =>
                machines.map((name) => [name, join(folder, diskGiB === undefined ? "tree" : "disk.qcow2")]),
            ),
    );

/**
 * The argv that makes the missing layers in a lab's namespaces; undefined where none is missing. `folder` takes the
 * recipes for it.
 */
export function layerMaker(
    layers: Layer[],
    options: { cache: string; folder: string; proxyPort: number; isolatedHost: IsolatedHost },
): [string, ...string[]] | undefined {
    const { cache, folder, proxyPort, isolatedHost } = options;
    const wanted = layers.filter(({ isUsable }) => !isUsable);
    const [first] = wanted;
    if (!first) return undefined;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const recipe of wanted) {
        rmSync(recipe.folder, { recursive: true, force: true });
        const itsFolder = join(folder, basename(recipe.folder));
        mkdirSync(itsFolder);
        writeFileSync(join(itsFolder, "packages"), recipe.script);
        if (recipe.diskGiB !== undefined) writeFileSync(join(itsFolder, "mebibytes"), String(recipe.diskGiB * 1024));
    }
    return isolatedHost.enter([
        ...["env", `http_proxy=http://127.0.0.1:${String(proxyPort)}`, `LAB_STEPS_FOLDER=${stepsFolder}`],
        ...["nice", "-n", "19", "bash", layerScript, "make", layersFolder(cache), first.image, folder],
    ]) as [string, ...string[]];
}

/** Removes every layer of the cache, also those that no stack uses any more. */
export function removeLayers(cache: string): void {
    rmSync(layersFolder(cache), { recursive: true, force: true });
}
