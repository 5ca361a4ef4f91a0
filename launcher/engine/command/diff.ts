import { equal, isPlainObject, type Value, type ValueMap } from "./values";

/**
 * A change of one property. The path is in Pulumi's notation: `connection.port`, `triggers[0]`, `environment["A.B"]`.
 */
export interface PropertyChange {
    path: string;
    kind: "add" | "delete" | "update";
}

/** The changes from one map of values to another. Maps and lists are compared element by element. */
export function diffMaps(before: ValueMap, after: ValueMap, prefix = ""): PropertyChange[] {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => diffValues(before[key], after[key], prefix + pathElement(key, prefix === "")));
}

function diffValues(before: Value | undefined, after: Value | undefined, path: string): PropertyChange[] {
    const missing = (value: Value | undefined) => value === undefined || value === null;
    if (missing(before)) return missing(after) ? [] : [{ path, kind: "add" }];
    if (missing(after)) return [{ path, kind: "delete" }];
    if (Array.isArray(before) && Array.isArray(after)) {
        return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => {
            const element = `${path}[${index}]`;
            if (index >= before.length) return [{ path: element, kind: "add" as const }];
            if (index >= after.length) return [{ path: element, kind: "delete" as const }];
            return diffValues(before[index], after[index], element);
        }).flat();
    }
    if (isPlainObject(before) && isPlainObject(after)) return diffMaps(before, after, path);
    return equal(before, after) ? [] : [{ path, kind: "update" }];
}

function pathElement(key: string, first: boolean): string {
    if (!/[."[\]]/.test(key)) return first ? key : `.${key}`;
    return `["${key.replaceAll('"', '\\"')}"]`;
}
