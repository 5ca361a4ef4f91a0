import * as pulumi from "@pulumi/pulumi";
import { isSecretKey } from "./schema";
import { parseValue } from "../lib/pulumi-value";

/**
 * The stack's `lab:` configuration as plain values. Pulumi hands lists, maps and numbers over as text; they are parsed
 * here.
 */
export function stackConfiguration(): Record<string, unknown> {
    const prefix = "lab:";
    return Object.fromEntries(
        Object.entries(pulumi.runtime.allConfig())
            .filter(([key]) => key.startsWith(prefix))
            .map(([key, text]) => [key.slice(prefix.length), text] as const)
            .map(([key, text]) => [key, isSecretKey(key) ? text : parseValue(text)]),
    );
}
