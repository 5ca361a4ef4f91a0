import type { z } from "zod";
import { releases } from "../catalog/releases";
import { parseLibvirtUri } from "../lib/libvirt-uri";
import type { Check } from "./checks/check";
import { findMistakes } from "./checks/index";
import { rolesExist } from "./checks/roles";
import { defaultDatabaseServer } from "./chosen-database";
import type { HypervisorDescription, LabDescription } from "./description";
import { ConfigurationError, type Mistake } from "./mistakes";
import type { RoleRules } from "./role-rules";
import {
    isSecretKey,
    openSchema,
    secretSchema,
    type ApplicationSecrets,
    type SecretKey,
    type Settings,
} from "./schema";

/** A stack's validated configuration: the description, which may be shown, and the secrets. */
export interface Configuration {
    description: LabDescription;
    secrets: Record<SecretKey, string> & { applicationSecrets: ApplicationSecrets };
}

/**
 * Validates a stack's `lab:` configuration: `raw` is key by key, with values already parsed from JSON. `roles` are
 * those that a stack file may name. Throws a ConfigurationError that names everything that is wrong.
 */
export function readConfiguration(
    raw: Record<string, unknown>,
    stack: string,
    roles: readonly RoleRules[],
): Configuration {
    const part = (secret: boolean) =>
        Object.fromEntries(Object.entries(raw).filter(([key]) => isSecretKey(key) === secret));
    const { description, mistakes } = findDescription(part(false), stack, roles);
    const secrets = secretSchema.safeParse(part(true));
    const all = [...mistakes, ...(secrets.error?.issues.map((issue) => toMistake(issue, raw, stack)) ?? [])];
    if (!description || !secrets.data || all.length > 0) throw new ConfigurationError(stack, all);
    return { description, secrets: secrets.data };
}

/**
 * The same without the secrets, which cannot be read before the engine is there. What `moreChecks` find is in the same
 * error.
 */
export function readDescription(
    raw: Record<string, unknown>,
    stack: string,
    roles: readonly RoleRules[],
    moreChecks: readonly Check[] = [],
): LabDescription {
    const { description, mistakes } = findDescription(raw, stack, roles, moreChecks);
    if (!description || mistakes.length > 0) throw new ConfigurationError(stack, mistakes);
    return description;
}

/**
 * The description, if it can be made, and everything that is wrong. An unknown setting hides no other mistake: the rest
 * is checked without it.
 */
function findDescription(
    raw: Record<string, unknown>,
    stack: string,
    roles: readonly RoleRules[],
    moreChecks: readonly Check[] = [],
): { description?: LabDescription; mistakes: Mistake[] } {
    const { data, error } = openSchema.safeParse(raw);
    const settings = data ?? openSchema.safeParse(withoutUnknown(raw, error?.issues ?? [])).data;
    const description = settings && toDescription(settings, roles);
    return {
        description,
        mistakes: [
            ...(error?.issues.map((issue) => toMistake(issue, raw, stack)) ?? []),
            ...rolesExist(raw, roles),
            ...(description
                ? [...findMistakes(description, roles), ...moreChecks.flatMap((check) => check(description))]
                : []),
        ],
    };
}

function withoutUnknown(raw: Record<string, unknown>, issues: z.core.$ZodIssue[]): Record<string, unknown> {
    const known = structuredClone(raw);
    for (const issue of issues)
        if (issue.code === "unrecognized_keys")
            for (const key of issue.keys) delete (at(known, issue.path) as Record<string, unknown>)[key];
    return known;
}

/** What is at `path` of `value`, or undefined. */
const at = (value: unknown, path: readonly PropertyKey[]) =>
    path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown> | undefined)?.[key], value);

/** A session in the heap takes about 8 KiB. A quarter of the heap leaves room for those of an app server that fails. */
const sessionsPerHeapMiB = 32;

const toDescription = (
    { machines, machineSize, hypervisor, hypervisors, ...rest }: Settings,
    roles: readonly RoleRules[],
): LabDescription => ({
    ...rest,
    ...reachOf({ hypervisor, hypervisors, network: rest.network }),
    database: { ...rest.database, server: rest.database.server ?? defaultDatabaseServer(rest.platform) },
    keepalived: { ...rest.keepalived, unicast: rest.keepalived.unicast ?? rest.network.mode === "bridge" },
    director: { ...rest.director, source: rest.director.source ?? releases[rest.release].directorSource },
    sessions: {
        ...rest.sessions,
        client: rest.sessions.client ?? releases[rest.release].sessionClients[0],
        max: rest.sessions.max ?? sessionsPerHeapMiB * rest.tomcat.heapMiB,
    },
    // Pulumi sorts maps in its own way. Here nod2 comes before nod10.
    machines: Object.entries(machines)
        .sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))
        .map(([name, machine]) => ({
            name,
            ...machineSize,
            ...machine,
            mac: machine.mac ?? macFor(machine.address),
            protect:
                machine.protect ??
                (!rest.isolated && roles.some(({ name, holdsData }) => holdsData && machine.roles.includes(name))),
        })),
});

/**
 * Where machines live and how they are reached. If both ways of naming hypervisors are used, checks/hypervisors.ts says
 * so.
 */
function reachOf({
    hypervisor,
    hypervisors = {},
    network,
}: Pick<Settings, "hypervisor" | "hypervisors" | "network">): Pick<LabDescription, "hypervisors" | "network"> {
    const named = Object.entries(hypervisors)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, uri]): HypervisorDescription => ({ name, uri }));
    const [first, ...others] = [...(hypervisor === undefined ? [] : [{ uri: hypervisor }]), ...named];
    const all: LabDescription["hypervisors"] = first ? [first, ...others] : [{ uri: "qemu:///system" }];
    const isRemote = all.some(({ uri }) => parseLibvirtUri(uri).ssh !== undefined);
    return {
        hypervisors: all,
        network: {
            ...network,
            bridge: network.bridge ?? "lab0",
            jump: network.jump ?? (network.mode === "nat" && isRemote),
        },
    };
}

/** QEMU's prefix and the address's last three bytes: fixed, and different within any network of /8 or smaller. */
export const macFor = (address: string) =>
    [
        "52",
        "54",
        "00",
        ...address
            .split(".")
            .slice(1)
            .map((part) => Number(part).toString(16).padStart(2, "0")),
    ].join(":");

function toMistake(issue: z.core.$ZodIssue, raw: Record<string, unknown>, stack: string): Mistake {
    const path = issue.path
        .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index > 0 ? "." : ""}${String(part)}`))
        .join("");
    const value = at(raw, issue.path);
    const isSecret = isSecretKey(String(issue.path[0]));
    if (isSecret && value === undefined)
        return { path, problem: "is not there", remedy: `run ./lab init ${stack}, which makes what is missing` };
    if (issue.code === "unrecognized_keys") {
        const keys = issue.keys.map((key) => `${path}${path ? "." : ""}${key}`);
        return {
            path: keys.join(", lab:"),
            problem: "no such setting",
            remedy: "look for a typing mistake; docs/configuration.md lists all settings",
        };
    }
    if (issue.code === "invalid_key")
        return {
            path,
            problem: `${String(issue.path.at(-1))} ${issue.issues[0]?.message}`,
            remedy: "correct the name",
        };
    if (value === undefined)
        return {
            path,
            problem: "is missing",
            remedy: `add it to Pulumi.${stack}.yaml; Pulumi.local.yaml is an example`,
        };
    return {
        path,
        problem: `${isSecret ? "its value" : JSON.stringify(value)} ${whatIsWrong(issue)}`,
        remedy: "correct the value",
    };
}

const kinds: Record<string, string> = {
    int: "a whole number",
    number: "a number",
    string: "text",
    boolean: "true or false",
    array: "a list",
    object: "a map",
    record: "a map",
};

/** What is wrong with a value, to be read after the value. The schema's own messages are such texts, zod's are not. */
function whatIsWrong(issue: z.core.$ZodIssue): string {
    if (!/^(Invalid|Too) /.test(issue.message)) return issue.message;
    switch (issue.code) {
        case "invalid_type":
            return `is not ${kinds[issue.expected] ?? issue.expected}`;
        case "invalid_value":
            return `is none of ${issue.values.join(", ")}`;
        case "too_small":
            return `is too small: ${issue.minimum} at least`;
        case "too_big":
            return `is too big: ${issue.maximum} at most`;
        default:
            return `is wrong: ${issue.message}`;
    }
}
