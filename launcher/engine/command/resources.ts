import { randomBytes } from "node:crypto";
import { copyToRemote, type Source } from "./copy";
import { findArchive, findAssets } from "./files";
import { runLocal, type LocalInputs } from "./local";
import { runRemote, type RemoteInputs } from "./remote";
import { isArchive, isAsset, isSecret, reveal, type Value, type ValueMap } from "./values";
import type { Failure } from "./check";
import type { Context } from "./context";
import type { Output } from "./output";
import type { ResourceToken } from "./schema";
import type { Connection } from "./ssh";

/**
 * What a kind of resource does. Inputs and state have plain values in place of secrets; outputs are the properties that
 * are no inputs.
 */
export interface Kind {
    /** Values for missing required inputs, in the response that names the failures. */
    zero: ValueMap;
    /** Failures of inputs that the schema cannot express. */
    check(inputs: ValueMap): Failure[];
    /** The id of a new resource; empty where it has none in a preview. */
    newId(name: string, preview: boolean): string;
    /** The outputs of a resource before it runs. */
    initial: ValueMap;
    create(inputs: ValueMap, context: Context): Promise<ValueMap>;
    update(inputs: ValueMap, state: ValueMap, context: Context): Promise<ValueMap>;
    delete(state: ValueMap, context: Context): Promise<void>;
}

const randomId = () => randomBytes(4).toString("hex");

/** A resource whose create, update and delete inputs are commands. `run` runs one and gives all outputs. */
function commandKind(
    run: (command: string, inputs: ValueMap, previous: ValueMap, context: Context) => Promise<ValueMap>,
): Kind {
    const initial = { stdout: "", stderr: "" };
    const command = (value: Value | undefined) => (typeof value === "string" ? value : undefined);
    return {
        zero: {},
        check: () => [],
        newId: (name) => name + randomId(),
        initial,
        create: async (inputs, context) => {
            const create = command(inputs.create);
            return create === undefined ? initial : run(create, inputs, initial, context);
        },
        update: async (inputs, state, context) => {
            const update = command(inputs.update) ?? command(inputs.create);
            return update === undefined ? outputsIn(state) : run(update, inputs, state, context);
        },
        delete: async (state, context) => {
            const remove = command(state.delete);
            if (remove !== undefined) await run(remove, state, state, context);
        },
    };
}

const textOf = (value: Value | undefined) => (typeof value === "string" ? value : "");
const previousOf = ({ stdout, stderr }: ValueMap): Output => ({ stdout: textOf(stdout), stderr: textOf(stderr) });

/** The outputs in the state of a command. */
export function outputsIn(state: ValueMap): ValueMap {
    const { assets, archive } = state;
    return {
        ...previousOf(state),
        ...(assets === undefined ? {} : { assets }),
        ...(archive === undefined ? {} : { archive }),
    };
}

/**
 * Runs a local command and collects the files of assetPaths and archivePaths. Without these inputs, files of the run
 * before stay.
 */
export async function runLocalCommand(
    command: string,
    inputs: ValueMap,
    previous: ValueMap,
    context: Context,
): Promise<ValueMap> {
    const local = inputs as unknown as LocalInputs;
    const output = await runLocal(command, local, previousOf(previous), context);
    const folder = local.dir ?? process.cwd();
    return {
        ...outputsIn(previous),
        ...(local.assetPaths ? { assets: findAssets(folder, local.assetPaths) } : {}),
        ...(local.archivePaths ? { archive: findArchive(folder, local.archivePaths) } : {}),
        ...output,
    };
}

function sourceOf({ source }: ValueMap): Source {
    const { text, path } = source as { text?: string; path?: string };
    return path ? { path } : { text: text ?? "" };
}

const copyKind: Kind = {
    zero: { remotePath: "", source: {} },
    check: ({ source }) => {
        const known = isSecret(source) ? source.value : source;
        if (!isAsset(known) && !isArchive(known))
            return [{ property: "asset", reason: "either asset or archive must be set" }];
        if (isAsset(known) && known.uri)
            return [{ property: "asset", reason: "asset must be a path-based file asset or a text asset" }];
        if (isArchive(known) && !known.path)
            return [{ property: "archive", reason: "archive must be a path to a file or directory" }];
        return [];
    },
    newId: (_name, preview) => (preview ? "" : randomId()),
    initial: {},
    create: async (inputs, context) => {
        await copyToRemote(
            sourceOf(inputs),
            textOf(inputs.remotePath),
            inputs.connection as unknown as Connection,
            context,
        );
        return {};
    },
    update: async (inputs, state, context) => {
        const hash = ({ source }: ValueMap) => (source as { hash?: string }).hash;
        return hash(inputs) === hash(state) && inputs.remotePath === state.remotePath
            ? {}
            : copyKind.create(inputs, context);
    },
    delete: () => Promise.resolve(),
};

export const kinds: Record<ResourceToken, Kind> = {
    "command:local:Command": commandKind(runLocalCommand),
    "command:remote:Command": commandKind(async (command, inputs, previous, context) => ({
        ...(await runRemote(command, inputs as unknown as RemoteInputs, previousOf(previous), context)),
    })),
    "command:remote:CopyToRemote": copyKind,
};

/** The plain values for a command, without marks of secrets. They must not be sent to the engine. */
export const revealed = (values: ValueMap): ValueMap => reveal(values) as ValueMap;
