/**
 * The package's schema; inputs are checked against it. Types, defaults and marks are those of version 1.2.1.
 * Descriptions are left out, because the SDK has them.
 */
import { COMMAND_VERSION } from "../pins";

/** A property's type as in Pulumi's package schema. */
export interface TypeSpec {
    type?: "string" | "boolean" | "number" | "integer" | "array" | "object";
    items?: TypeSpec;
    additionalProperties?: TypeSpec;
    /** `#/types/TOKEN`, or one of `pulumi.json#/Any`, `pulumi.json#/Asset` and `pulumi.json#/Archive`. */
    $ref?: string;
}

export interface PropertySpec extends TypeSpec {
    default?: string | number;
    secret?: true;
    replaceOnChanges?: true;
}

export interface ObjectSpec {
    properties: Record<string, PropertySpec>;
    required?: string[];
}

const string: TypeSpec = { type: "string" };
const strings: TypeSpec = { type: "array", items: string };
const stringMap: TypeSpec = { type: "object", additionalProperties: string };
const triggers: PropertySpec = { type: "array", items: { $ref: "pulumi.json#/Any" }, replaceOnChanges: true };
const connection: PropertySpec = { $ref: "#/types/command:remote:Connection", secret: true };

/** In the order in which the genuine plugin checks them. */
const endpoint: Record<string, PropertySpec> = {
    user: { type: "string", default: "root" },
    password: { type: "string", secret: true },
    host: string,
    port: { type: "number", default: 22 },
    privateKey: { type: "string", secret: true },
    privateKeyPassword: { type: "string", secret: true },
    agentSocketPath: string,
    dialErrorLimit: { type: "integer", default: 10 },
    perDialTimeout: { type: "integer", default: 15 },
    hostKey: string,
};

const lifecycle: Record<string, PropertySpec> = { triggers, create: string, update: string, delete: string };

const localRun: Record<string, PropertySpec> = {
    addPreviousOutputInEnv: { type: "boolean" },
    archivePaths: strings,
    assetPaths: strings,
    dir: string,
    environment: stringMap,
    interpreter: strings,
    logging: { $ref: "#/types/command:local:Logging" },
    stdin: string,
};

const localOutputs: Record<string, PropertySpec> = {
    stdout: string,
    stderr: string,
    assets: { type: "object", additionalProperties: { $ref: "pulumi.json#/Asset" } },
    archive: { $ref: "pulumi.json#/Archive" },
};

const logging = { type: "string", enum: ["stdout", "stderr", "stdoutAndStderr", "none"].map((value) => ({ value })) };

export const types: Record<string, ObjectSpec> = {
    "command:remote:Connection": {
        properties: { ...endpoint, proxy: { $ref: "#/types/command:remote:ProxyConnection" } },
        required: ["host"],
    },
    "command:remote:ProxyConnection": { properties: endpoint, required: ["host"] },
};

/** The inputs of a resource or function, and its outputs that are no inputs. */
interface MemberSpec {
    inputs: ObjectSpec;
    outputs: Record<string, PropertySpec>;
}

export const resources = {
    "command:local:Command": { inputs: { properties: { ...lifecycle, ...localRun } }, outputs: localOutputs },
    "command:remote:Command": {
        inputs: {
            properties: {
                ...lifecycle,
                addPreviousOutputInEnv: { type: "boolean" },
                connection,
                environment: stringMap,
                logging: { $ref: "#/types/command:remote:Logging" },
                stdin: string,
            },
            required: ["connection"],
        },
        outputs: { stdout: string, stderr: string },
    },
    "command:remote:CopyToRemote": {
        inputs: {
            properties: { connection, triggers, source: { $ref: "pulumi.json#/Asset" }, remotePath: string },
            required: ["connection", "source", "remotePath"],
        },
        outputs: {},
    },
} satisfies Record<string, MemberSpec>;

export const functions = {
    "command:local:run": {
        inputs: { properties: { ...localRun, command: string }, required: ["command"] },
        outputs: localOutputs,
    },
} satisfies Record<string, MemberSpec>;

export type ResourceToken = keyof typeof resources;

const alwaysThere = ["stdout", "stderr"];

/** The schema as `pulumi package get-schema` shows it. */
export function packageSchema(): string {
    const outputsOf = ({ inputs, outputs }: MemberSpec) => ({
        properties: { ...inputs.properties, ...outputs },
        required: [...(inputs.required ?? []), ...alwaysThere.filter((name) => name in outputs)],
    });
    const map = <T, U>(object: Record<string, T>, change: (value: T) => U) =>
        Object.fromEntries(Object.entries(object).map(([token, value]) => [token, change(value)]));
    return JSON.stringify({
        name: "command",
        displayName: "Command",
        version: COMMAND_VERSION,
        description: "Runs commands and scripts here or on other machines as part of the resource model.",
        language: { nodejs: { respectSchemaVersion: true } },
        config: {},
        provider: {},
        types: {
            ...map(types, (spec) => ({ type: "object", ...spec })),
            "command:local:Logging": logging,
            "command:remote:Logging": logging,
        },
        resources: map<MemberSpec, object>(resources, (member) => ({
            ...outputsOf(member),
            inputProperties: member.inputs.properties,
            requiredInputs: member.inputs.required,
        })),
        functions: map<MemberSpec, object>(functions, (member) => ({
            inputs: member.inputs,
            outputs: outputsOf(member),
        })),
    });
}
