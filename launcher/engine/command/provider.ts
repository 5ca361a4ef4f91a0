import * as grpc from "@grpc/grpc-js";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { PluginAttach, PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { COMMAND_VERSION } from "../pins";
import { StatusError, unary } from "../serve";
import { checkInputs, type Failure } from "./check";
import { EngineLog, type Context } from "./context";
import { diffMaps } from "./diff";
import { kinds, outputsIn, revealed, runLocalCommand, type Kind } from "./resources";
import { functions, packageSchema, resources, type ObjectSpec, type ResourceToken } from "./schema";
import {
    UNKNOWN,
    complete,
    equal,
    isArchive,
    isAsset,
    isSecret,
    isUnknown,
    mapValues,
    normalize,
    type ValueMap,
} from "./values";

/**
 * The genuine plugin's framework writes its version into the state of every provider resource. Writing the same keeps
 * states interchangeable.
 */
const FRAMEWORK_MARK = { "__pulumi-go-provider-version": "1.2.0" };

const PROPERTY_CHANGES = {
    add: [rpc.PropertyDiff.Kind.ADD, rpc.PropertyDiff.Kind.ADD_REPLACE],
    delete: [rpc.PropertyDiff.Kind.DELETE, rpc.PropertyDiff.Kind.DELETE_REPLACE],
    update: [rpc.PropertyDiff.Kind.UPDATE, rpc.PropertyDiff.Kind.UPDATE_REPLACE],
} as const;

const read = (struct: Struct | undefined): ValueMap => normalize(struct?.toJavaScript() ?? {}) as ValueMap;
const write = (values: ValueMap): Struct => Struct.fromJavaScript(complete(values) as ValueMap);

const toFailures = (failures: Failure[]) =>
    failures.map(({ property, reason }) => new rpc.CheckFailure().setProperty(property).setReason(reason));

const withoutPackage = (token: string) => token.slice(token.indexOf(":") + 1);

/** A resource by its URN (`urn:pulumi:STACK::PROJECT::TYPE$TYPE::NAME`). */
function resourceOf(urn: string): { kind: Kind; inputs: ObjectSpec; name: string; token: string } {
    const [, , types = "", ...name] = urn.split("::");
    const token = types.slice(types.lastIndexOf("$") + 1);
    if (!(token in kinds))
        throw new StatusError(grpc.status.NOT_FOUND, `Resource '${withoutPackage(token)}' not found`);
    return {
        kind: kinds[token as ResourceToken],
        inputs: resources[token as ResourceToken].inputs,
        name: name.join("::"),
        token,
    };
}

/**
 * Marks outputs that are unknown in a preview. An output equal to its input is known, unless it is an asset, as in the
 * genuine plugin.
 */
function markUnknown(inputs: ValueMap, outputs: ValueMap): ValueMap {
    return mapValues(outputs, (value, name) => {
        const mirrored = equal(inputs[name], value) && !isAsset(value) && !isArchive(value);
        return mirrored ? value : UNKNOWN;
    });
}

/** Whether an update can change outputs: an input is unknown, or differs from the state. */
function mayChange(spec: ObjectSpec, inputs: ValueMap, state: ValueMap): boolean {
    return Object.keys(spec.properties).some((name) => {
        const input = inputs[name];
        return isUnknown(isSecret(input) ? input.value : input) || (name in state && !equal(input, state[name]));
    });
}

/** The methods of `ResourceProviderService`. */
export function createProvider(log: EngineLog): grpc.UntypedServiceImplementation {
    const cancelled = new AbortController();

    /** Runs `work` with a context that is aborted with the deployment, or after `timeout` seconds (0: never). */
    async function within<T>(urn: string, timeout: number, work: (context: Context) => Promise<T>): Promise<T> {
        try {
            return await work({
                signal: AbortSignal.any([
                    cancelled.signal,
                    ...(timeout > 0 ? [AbortSignal.timeout(timeout * 1000)] : []),
                ]),
                log: (severity, message) => log.write(urn, severity, message, false),
                status: (message) => log.write(urn, "info", message, true),
            });
        } finally {
            await log.flushed();
        }
    }

    const configured = new rpc.ConfigureResponse()
        .setAcceptsecrets(true)
        .setSupportspreview(true)
        .setAcceptresources(true)
        .setAcceptoutputs(true);

    return {
        handshake: unary((request: rpc.ProviderHandshakeRequest) => {
            log.connect(request.getEngineAddress());
            return new rpc.ProviderHandshakeResponse()
                .setAcceptSecrets(true)
                .setAcceptResources(true)
                .setAcceptOutputs(true);
        }),
        attach: unary((request: PluginAttach) => {
            log.connect(request.getAddress());
            return new Empty();
        }),
        getPluginInfo: unary(() => new PluginInfo().setVersion(COMMAND_VERSION)),
        getSchema: unary(() => new rpc.GetSchemaResponse().setSchema(packageSchema())),
        checkConfig: unary((request: rpc.CheckRequest) =>
            new rpc.CheckResponse().setInputs(write({ ...read(request.getNews()), ...FRAMEWORK_MARK })),
        ),
        // The provider has no configuration.
        diffConfig: unary(() => {
            throw new StatusError(grpc.status.UNIMPLEMENTED, "DiffConfig is not implemented");
        }),
        configure: unary(() => configured),
        cancel: unary(() => {
            cancelled.abort();
            return new Empty();
        }),

        check: unary((request: rpc.CheckRequest) => {
            const { kind, inputs: spec, token } = resourceOf(request.getUrn());
            const { inputs, failures } = checkInputs(spec, `${token}Inputs`, read(request.getNews()));
            return new rpc.CheckResponse()
                .setInputs(write({ ...kind.zero, ...inputs }))
                .setFailuresList(toFailures([...failures, ...kind.check(inputs)]));
        }),

        diff: unary((request: rpc.DiffRequest) => {
            const { inputs: spec } = resourceOf(request.getUrn());
            const state = read(request.getOlds());
            const ignored = request
                .getIgnorechangesList()
                .filter((name) => name in state)
                .map((name) => [name, state[name]]);
            const news = Object.fromEntries(
                Object.entries({ ...read(request.getNews()), ...(Object.fromEntries(ignored) as ValueMap) }).filter(
                    ([name]) => name !== "version" && !name.startsWith("__"),
                ),
            );
            const changes = diffMaps(read(request.getOldInputs()), news);
            const response = new rpc.DiffResponse()
                .setHasdetaileddiff(true)
                .setChanges(
                    changes.length > 0
                        ? rpc.DiffResponse.DiffChanges.DIFF_SOME
                        : rpc.DiffResponse.DiffChanges.DIFF_NONE,
                );
            const [diffs, replaces] = [new Set<string>(), new Set<string>()];
            for (const { path, kind } of changes) {
                // A changed property causes a replacement, but not a change inside of it: for `triggers`, the SDK sets
                // replaceOnChanges.
                const [inPlace, replacing] = PROPERTY_CHANGES[kind];
                const replace = spec.properties[path]?.replaceOnChanges === true;
                response.getDetaileddiffMap().set(path, new rpc.PropertyDiff().setKind(replace ? replacing : inPlace));
                const property = path.split(/[.[]/, 1)[0] ?? path;
                diffs.add(property);
                if (replace) replaces.add(property);
            }
            return response.setDiffsList([...diffs]).setReplacesList([...replaces]);
        }),

        create: unary(async (request: rpc.CreateRequest) => {
            const { kind, name } = resourceOf(request.getUrn());
            const inputs = read(request.getProperties());
            const preview = request.getPreview();
            const outputs = preview
                ? markUnknown(inputs, { ...inputs, ...kind.initial })
                : {
                      ...inputs,
                      ...(await within(request.getUrn(), request.getTimeout(), (context) =>
                          kind.create(revealed(inputs), context),
                      )),
                  };
            return new rpc.CreateResponse().setId(kind.newId(name, preview)).setProperties(write(outputs));
        }),

        update: unary(async (request: rpc.UpdateRequest) => {
            const { kind, inputs: spec } = resourceOf(request.getUrn());
            const state = read(request.getOlds());
            const inputs = read(request.getNews());
            for (const name of request.getIgnorechangesList()) {
                if (state[name] !== undefined) inputs[name] = state[name];
            }
            const kept = { ...inputs, ...("stdout" in kind.initial ? outputsIn(state) : {}) };
            const outputs = !request.getPreview()
                ? {
                      ...inputs,
                      ...(await within(request.getUrn(), request.getTimeout(), (context) =>
                          kind.update(revealed(inputs), revealed(state), context),
                      )),
                  }
                : mayChange(spec, inputs, state)
                  ? markUnknown(inputs, kept)
                  : kept;
            return new rpc.UpdateResponse().setProperties(write(outputs));
        }),

        delete: unary(async (request: rpc.DeleteRequest) => {
            const { kind } = resourceOf(request.getUrn());
            await within(request.getUrn(), request.getTimeout(), (context) =>
                kind.delete(revealed(read(request.getProperties())), context),
            );
            return new Empty();
        }),

        // Nothing is read from machines: a refresh finds what the state says.
        read: unary((request: rpc.ReadRequest) =>
            new rpc.ReadResponse()
                .setId(request.getId())
                .setProperties(request.getProperties())
                .setInputs(request.getInputs()),
        ),

        invoke: unary(async (request: rpc.InvokeRequest) => {
            const token = request.getTok();
            if (token !== "command:local:run")
                throw new StatusError(grpc.status.NOT_FOUND, `Invoke '${withoutPackage(token)}' not found`);
            const { inputs, failures } = checkInputs(
                functions[token].inputs,
                "command:local:RunInputs",
                read(request.getArgs()),
            );
            if (failures.length > 0) return new rpc.InvokeResponse().setFailuresList(toFailures(failures));
            const { command, ...rest } = revealed(inputs);
            const outputs = await within("", 0, (context) => runLocalCommand(command as string, rest, {}, context));
            return new rpc.InvokeResponse().setReturn(write({ ...inputs, ...outputs }));
        }),
    };
}
