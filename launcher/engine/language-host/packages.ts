import { readdirSync, readFileSync, realpathSync } from "node:fs";
import * as path from "node:path";
import { PackageDependency, PackageParameterization } from "@pulumi/pulumi/proto/plugin_pb";

/** The parts of a package.json that name the package's Pulumi plugin. */
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

/**
 * The plugins that the packages in a program's node_modules folders need. A package that cannot be read needs none.
 * Reads synchronously: for hundreds of small files that takes a third of the time.
 */
export function requiredPackages(programDirectory: string): PackageDependency[] {
    return [...installedManifests(programDirectory, new Set())].flatMap((manifest) => toDependency(manifest) ?? []);
}

/**
 * The package.json files below a folder's node_modules that contain "pulumi". Follows links and visits each folder
 * once.
 */
function* installedManifests(folder: string, seen: Set<string>): Generator<PackageJson> {
    for (const entry of packageFolders(path.join(folder, "node_modules"))) {
        const real = unlessMissing(() => realpathSync(entry));
        if (real === undefined || seen.has(real)) continue;
        seen.add(real);
        const text = unlessMissing(() => readFileSync(path.join(real, "package.json"), "utf8"));
        const manifest = text?.includes(`"pulumi"`) ? unlessMissing(() => JSON.parse(text) as PackageJson) : undefined;
        if (manifest) yield manifest;
        yield* installedManifests(real, seen);
    }
}

function packageFolders(nodeModules: string): string[] {
    return namesIn(nodeModules).flatMap((name) => {
        const folder = path.join(nodeModules, name);
        if (!name.startsWith("@")) return name.startsWith(".") ? [] : [folder];
        return namesIn(folder).map((scoped) => path.join(folder, scoped));
    });
}

const namesIn = (folder: string) => unlessMissing(() => readdirSync(folder)) ?? [];

function unlessMissing<T>(read: () => T): T | undefined {
    try {
        return read();
    } catch {
        return undefined;
    }
}

/** The plugin of a package; undefined for a package without one. */
export function toDependency({ name, version, pulumi }: PackageJson): PackageDependency | undefined {
    if (!pulumi?.resource) return undefined;
    // Only packages in scope @pulumi may leave out the plugin's name.
    const plugin = pulumi.name || (name?.startsWith("@pulumi/") ? name.slice("@pulumi/".length) : "");
    const pluginVersion = pulumi.version || version;
    if (!plugin || !pluginVersion) return undefined;
    const dependency = new PackageDependency()
        .setName(plugin)
        .setKind("resource")
        .setServer(pulumi.server ?? "")
        .setVersion(pluginVersion.startsWith("v") ? pluginVersion : `v${pluginVersion}`);
    if (pulumi.parameterization) {
        // The value is base64 in package.json and bytes on the wire; the generated class takes base64 for bytes.
        dependency.setParameterization(
            new PackageParameterization()
                .setName(pulumi.parameterization.name)
                .setVersion(pulumi.parameterization.version)
                .setValue(pulumi.parameterization.value),
        );
    }
    return dependency;
}
