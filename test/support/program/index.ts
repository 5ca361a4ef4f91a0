/**
 * A Pulumi program that makes the resources of resources.json beside it, so that a test is a list of plain data. An
 * argument that is an object with one key can be a secret, an asset or another resource's output. The outputs of all
 * resources are the stack's outputs.
 */
import { readFileSync } from "node:fs";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { ResourceSpec } from "../project";

const classes = {
    "local.Command": command.local.Command,
    "remote.Command": command.remote.Command,
    "remote.CopyToRemote": command.remote.CopyToRemote,
} as Record<
    ResourceSpec["type"],
    new (name: string, args: object, options: pulumi.CustomResourceOptions) => pulumi.CustomResource
>;

const made: Record<string, pulumi.CustomResource> = {};

const special: Record<string, (value: string) => unknown> = {
    $secret: (value) => pulumi.secret(value),
    $fileAsset: (path) => new pulumi.asset.FileAsset(path),
    $stringAsset: (text) => new pulumi.asset.StringAsset(text),
    $remoteAsset: (uri) => new pulumi.asset.RemoteAsset(uri),
    $fileArchive: (path) => new pulumi.asset.FileArchive(path),
    /** `resource.output` */
    $output: (path) => {
        const [name = "", output = ""] = path.split(".");
        return (made[name] as unknown as Record<string, unknown>)[output];
    },
};

function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== "object" || value === null) return value;
    const [[key, inner] = ["", undefined], ...others] = Object.entries(value) as [string, unknown][];
    const make = others.length === 0 ? special[key] : undefined;
    if (make) return make(inner as string);
    return Object.fromEntries(Object.entries(value).map(([name, property]) => [name, resolve(property)]));
}

for (const [name, { type, args, options = {} }] of Object.entries(
    JSON.parse(readFileSync("resources.json", "utf8")) as Record<string, ResourceSpec>,
)) {
    made[name] = new classes[type](name, resolve(args) as object, {
        ...options,
        dependsOn: (options.dependsOn ?? []).flatMap((other) => made[other] ?? []),
    });
}

/** The outputs that tests compare: all except connections, which repeat the inputs. */
function outputsOf(resource: pulumi.CustomResource): Record<string, unknown> {
    return Object.fromEntries(
        Object.entries(resource).filter(
            ([key, value]) =>
                !key.startsWith("__") && key !== "connection" && key !== "urn" && pulumi.Output.isInstance(value),
        ),
    );
}

export = Object.fromEntries(Object.entries(made).map(([name, resource]) => [name, outputsOf(resource)]));
