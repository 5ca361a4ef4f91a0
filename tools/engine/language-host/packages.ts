import { readdir, readFile, realpath } from "node:fs/promises";
import * as path from "node:path";
import { PackageDependency, PackageParameterization } from "@pulumi/pulumi/proto/plugin_pb";

/** The parts of a package.json that say whether its package needs a Pulumi plugin. */
interface PackageJson {
    name?: string;
    version?: string;
    pulumi?: {
        resource?: boolean;
        name?: string;
        version?: string;
        server?: string;
        parameterization?: { name: string; version: string; value: string };
    };
}

/** The plugins that the packages in a program's node_modules folders ask for. A package that cannot be read asks for none. */
export async function requiredPackages(programDirectory: string): Promise<PackageDependency[]> {
    const found: PackageDependency[] = [];
    for await (const manifest of installedManifests(programDirectory, new Set())) {
        const dependency = toDependency(manifest);
        if (dependency) found.push(dependency);
    }
    return found;
}

/** The package.json of every package beneath a folder's node_modules, links followed, each folder once. */
async function* installedManifests(folder: string, seen: Set<string>): AsyncGenerator<PackageJson> {
    for (const entry of await packageFolders(path.join(folder, "node_modules"))) {
        const real = await realpath(entry).catch(() => undefined);
        if (real === undefined || seen.has(real)) continue;
        seen.add(real);
        const manifest = await readFile(path.join(real, "package.json"), "utf8").then((text) => JSON.parse(text) as PackageJson).catch(() => undefined);
        if (manifest) yield manifest;
        yield* installedManifests(real, seen);
    }
}

async function packageFolders(nodeModules: string): Promise<string[]> {
    const names = await readdir(nodeModules).catch(() => []);
    const folders = await Promise.all(names.map(async (name) => {
        const folder = path.join(nodeModules, name);
        if (!name.startsWith("@")) return name.startsWith(".") ? [] : [folder];
        return (await readdir(folder).catch(() => [])).map((scoped) => path.join(folder, scoped));
    }));
    return folders.flat();
}

/** What the plugin of one package is; undefined for a package that has none. */
export function toDependency({ name, version, pulumi }: PackageJson): PackageDependency | undefined {
    if (!pulumi?.resource) return undefined;
    // Only packages of Pulumi's own scope may leave the plugin's name out.
    const plugin = pulumi.name || (name?.startsWith("@pulumi/") ? name.slice("@pulumi/".length) : "");
    const pluginVersion = pulumi.version || version;
    if (!plugin || !pluginVersion) return undefined;
    const dependency = new PackageDependency().setName(plugin).setKind("resource").setServer(pulumi.server ?? "")
        .setVersion(pluginVersion.startsWith("v") ? pluginVersion : `v${pluginVersion}`);
    if (pulumi.parameterization) {
        // The value is base64 in package.json and bytes on the wire; the generated class takes base64 for bytes.
        dependency.setParameterization(new PackageParameterization().setName(pulumi.parameterization.name)
            .setVersion(pulumi.parameterization.version).setValue(pulumi.parameterization.value));
    }
    return dependency;
}
