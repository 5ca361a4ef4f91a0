import { findMistakes } from "./checks";
import { ConfigurationError, type Mistake } from "./mistakes";
import { openSchema, schema, secretKeys, type SecretKey, type Settings } from "./schema";
import type { Site } from "./site";
import type { z } from "zod";

/** A stack's configuration, validated: the site description, and apart from it what must not be shown. */
export interface Configuration {
    site: Site;
    secrets: Record<SecretKey, string>;
}

/**
 * Validates a stack's `lab:` configuration (`raw`, key by key, values already parsed from JSON).
 * Throws a ConfigurationError that names everything that is wrong.
 */
export function describe(raw: Record<string, unknown>, stack: string): Configuration {
    const { databasePassword, vrrpPassword, loginKey, hostKeySeed, ...settings } = parse(schema, raw, stack);
    return { site: toSite(settings, stack), secrets: { databasePassword, vrrpPassword, loginKey, hostKeySeed } };
}

/** The same for a configuration whose secrets are out of sight: what can be said of a stack file before anything is started. */
export function describeSite(raw: Record<string, unknown>, stack: string): Site {
    return toSite(parse(openSchema, raw, stack), stack);
}

function parse<T>(type: z.ZodType<T>, raw: Record<string, unknown>, stack: string): T {
    const parsed = type.safeParse(raw, { reportInput: false });
    if (!parsed.success) throw new ConfigurationError(stack, parsed.error.issues.map((issue) => toMistake(issue, raw, stack)));
    return parsed.data;
}

function toSite({ machines, machineSize, ...rest }: Omit<Settings, SecretKey>, stack: string): Site {
    const site: Site = {
        ...rest,
        // In the order of their names, nod2 before nod10: Pulumi hands a map over sorted in its own way.
        machines: Object.entries(machines).sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true })).map(([name, machine]) => ({ name, ...machineSize, ...machine, mac: machine.mac ?? macFor(machine.address) })),
    };
    const mistakes = findMistakes(site);
    if (mistakes.length > 0) throw new ConfigurationError(stack, mistakes);
    return site;
}

/** QEMU's prefix and the address's last three bytes: fixed, and different within any network of /8 or smaller. */
export const macFor = (address: string) =>
    ["52", "54", "00", ...address.split(".").slice(1).map((part) => Number(part).toString(16).padStart(2, "0"))].join(":");

function toMistake(issue: z.core.$ZodIssue, raw: Record<string, unknown>, stack: string): Mistake {
    const path = issue.path.map((part, index) => (typeof part === "number" ? `[${part}]` : `${index > 0 ? "." : ""}${String(part)}`)).join("");
    const value = issue.path.reduce<unknown>((at, part) => (at as Record<PropertyKey, unknown> | undefined)?.[part], raw);
    const isSecret = (secretKeys as readonly string[]).includes(String(issue.path[0]));
    if (isSecret && value === undefined) return { path, problem: "is not there", remedy: `run ./lab init ${stack}, which makes what is missing` };
    if (issue.code === "unrecognized_keys") {
        const keys = issue.keys.map((key) => `${path}${path ? "." : ""}${key}`);
        return { path: keys.join(", lab:"), problem: "no such setting", remedy: "look for a typing mistake; the README's configuration table lists all settings" };
    }
    if (value === undefined) return { path, problem: "is missing", remedy: `add it to Pulumi.${stack}.yaml; Pulumi.local.yaml is an example` };
    const shown = isSecret ? "its value" : JSON.stringify(value);
    return { path, problem: `${shown} ${issue.message.replace(/^Invalid/, "is invalid:")}`, remedy: "correct the value" };
}
