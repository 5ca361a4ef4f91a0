/** Runs a Pulumi program against a monitor that records each registration as the engine would get it. */
import * as pulumi from "@pulumi/pulumi";
import type { MockMonitor } from "@pulumi/pulumi/runtime/mocks";

/** A registered resource. */
export interface Registration {
    type: string;
    name: string;
    custom: boolean;
    /** Type and name: a machine and its container share one. */
    parent: string;
    /** Plain values; secrets are in plain text, too. */
    inputs: Record<string, unknown>;
    /** The inputs with `secret` in place of each secret, as a state or a preview shows them. */
    shown: Record<string, unknown>;
    /** Names of the resources that the engine waits for: from dependsOn and from inputs. */
    dependencies: string[];
    /** Type and name. */
    deletedWith: string;
    deleteBeforeReplace: boolean;
    ignoreChanges: string[];
    protect: boolean;
    /** The kinds of the resource's hooks. */
    hooks: string[];
    /** Name of the explicit provider, or empty. */
    provider: string;
}

interface Request {
    getType(): string;
    getName(): string;
    getCustom(): boolean;
    getParent(): string;
    getObject(): { toJavaScript(): Record<string, unknown> };
    getDependenciesList(): string[];
    getDeletedwith(): string;
    getDeletebeforereplace(): boolean;
    getIgnorechangesList(): string[];
    getProtect(): boolean;
    getHooks(): { getBeforeCreateList(): string[]; getAfterCreateList(): string[] } | undefined;
    getProvider(): string;
}

const nameOf = (urn: string) => urn.split("::").at(-1) ?? "";
/** `lab:Machine nod0` of `urn:pulumi:test::lab::lab:Lab$lab:Machine::nod0`. */
const titleOf = (urn: string) => (urn === "" ? "" : `${urn.split("::").at(-2)?.split("$").at(-1)} ${nameOf(urn)}`);
const isSecret = (value: unknown): value is { value: unknown } =>
    typeof value === "object" && value !== null && pulumi.runtime.isRpcSecret(value);

/** Replaces each secret's wrapper by `reveal` of the secret value. */
function unwrap(value: unknown, reveal: (secret: unknown) => unknown): unknown {
    if (isSecret(value)) return reveal(unwrap(value.value, reveal));
    if (Array.isArray(value)) return value.map((part) => unwrap(part, reveal));
    if (typeof value === "object" && value !== null)
        return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, unwrap(part, reveal)]));
    return value;
}

const asRegistered = (request: Request): Registration => {
    const inputs = request.getObject().toJavaScript();
    return {
        type: request.getType(),
        name: request.getName(),
        custom: request.getCustom(),
        parent: titleOf(request.getParent()),
        inputs: unwrap(inputs, (secret) => secret) as Record<string, unknown>,
        shown: unwrap(inputs, () => "secret") as Record<string, unknown>,
        dependencies: request.getDependenciesList().map(nameOf).sort(),
        deletedWith: titleOf(request.getDeletedwith()),
        deleteBeforeReplace: request.getDeletebeforereplace(),
        ignoreChanges: request.getIgnorechangesList(),
        protect: request.getProtect(),
        hooks: [
            ...(request
                .getHooks()
                ?.getBeforeCreateList()
                .map(() => "beforeCreate") ?? []),
            ...(request
                .getHooks()
                ?.getAfterCreateList()
                .map(() => "afterCreate") ?? []),
        ],
        // urn::...::NAME::ID
        provider: request.getProvider().split("::").at(-2) ?? "",
    };
};

/**
 * All registrations of `program`, after the last one. The id of a resource is `identity of NAME`, or its entry in
 * `identities`. Fails, as the engine would, if two resources have the same type and name.
 */
export async function register(
    program: () => unknown,
    { identities = {} }: { identities?: Record<string, string> } = {},
): Promise<Registration[]> {
    await pulumi.runtime.setMocks(
        {
            newResource: ({ name, inputs }) => {
                const identity = identities[name] ?? `identity of ${name}`;
                return { id: identity, state: { ...(inputs as Record<string, unknown>), stdout: identity } };
            },
            call: ({ token }) => {
                throw new Error(`the program calls ${token}`);
            },
        },
        "lab",
        "test",
    );
    // Pulumi's mocks get a resource's inputs only, so record the requests of the monitor behind them.
    const registrations: Registration[] = [];
    const monitor = pulumi.runtime.getMonitor() as unknown as MockMonitor;
    const pass = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request: Request, callback) => {
        registrations.push(asRegistered(request));
        return pass(request, callback);
    };
    // Pulumi's mocks do not answer the registration of a hook, and the program would wait for ever.
    Object.assign(monitor, {
        registerResourceHook: (_request: unknown, callback: (error: null, response: object) => void) => {
            callback(null, {});
        },
    });
    // Pulumi takes a stack trace for each of its thousands of promises, which takes half of the time.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
        program();
        await pulumi.runtime.disconnect();
    } finally {
        Error.stackTraceLimit = stackTraceLimit;
    }
    const titles = registrations.map(({ type, name }) => `${type} ${name}`);
    const twice = titles.find((title, index) => titles.indexOf(title) < index);
    if (twice !== undefined) throw new Error(`two resources are ${twice}`);
    return registrations;
}
