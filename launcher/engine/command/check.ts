import { types, type ObjectSpec, type PropertySpec, type TypeSpec } from "./schema";
import {
    UNKNOWN,
    isArchive,
    isAsset,
    isPlainObject,
    isSecret,
    isUnknown,
    makeSecret,
    mapValues,
    type Value,
    type ValueMap,
} from "./values";

export interface Failure {
    property: string;
    reason: string;
}

/** The genuine plugin's name of a type, for messages: `remote.Connection` for `command:remote:Connection`. */
const goName = (token: string) => token.split(":").slice(1).join(".");

/**
 * Checks inputs against a type of the schema, whose name is `token`. Gives them back with defaults filled in, and with
 * secrets marked as the schema says. A value that is unknown in a preview counts as valid.
 */
export function checkInputs(
    spec: ObjectSpec,
    token: string,
    inputs: ValueMap,
): { inputs: ValueMap; failures: Failure[] } {
    const failures = objectFailures(spec, token, inputs);
    return { inputs: complete(spec, inputs, failures.length === 0), failures };
}

function objectFailures(spec: ObjectSpec, token: string, value: ValueMap): Failure[] {
    const type = goName(token);
    return [
        ...Object.entries(spec.properties).flatMap(([name, property]): Failure[] => {
            const given = value[name];
            if (given !== undefined) return failuresOf(property, given, name, type);
            return spec.required?.includes(name)
                ? [{ property: name, reason: `Missing required field '${name}' on '${type}'` }]
                : [];
        }),
        ...Object.keys(value)
            .filter((name) => !(name in spec.properties))
            .map((name) => ({ property: name, reason: `Unrecognized field '${name}' on '${type}'` })),
    ];
}

function failuresOf(type: TypeSpec, value: Value, path: string, owner: string): Failure[] {
    if (isSecret(value)) return failuresOf(type, value.value, path, owner);
    if (isUnknown(value)) return [];
    const wrong = (expected: string): Failure[] => [
        {
            property: path,
            reason: `Field '${path}' on '${owner}' must be a '${expected}'; got '${kindOf(value)}' instead`,
        },
    ];
    const object = objectOf(type);
    if (object) {
        if (!isPlainObject(value)) return wrong(goName(object.token));
        const inner = objectFailures(object.spec, object.token, value);
        if (inner.length === 0) return [];
        const list = inner.map(({ property, reason }) => `\n\t${property}: ${reason}`).join("");
        return undecodable(path, owner, `${inner.length} failures decoding:${list}`);
    }
    // Any other value counts as an empty asset. The resource's own check then says that it needs one.
    if (type.$ref) return [];
    switch (type.type ?? "string") {
        case "array":
            if (Array.isArray(value))
                return value.flatMap((item, index) => failuresOf(type.items ?? {}, item, `${path}[${index}]`, owner));
            return isPlainObject(value)
                ? undecodable(
                      path,
                      owner,
                      `Cannot decode Object{} to type ${listName(type)}; ` +
                          "it isn't a struct, and no custom decoder exists",
                  )
                : wrong(listName(type));
        case "object":
            return isPlainObject(value)
                ? Object.entries(value).flatMap(([key, item]) =>
                      failuresOf(type.additionalProperties ?? {}, item, `${path}[${key}] value`, owner),
                  )
                : wrong("map[string]string");
        case "boolean":
            return typeof value === "boolean" ? [] : wrong("bool");
        case "number":
            return typeof value === "number" ? [] : wrong("float64");
        case "integer":
            return typeof value === "number" ? [] : wrong("int");
        default:
            return typeof value === "string" ? [] : wrong("string");
    }
}

const undecodable = (path: string, owner: string, reason: string): Failure[] => [
    { property: path, reason: `An error occurred decoding '${owner.replace(/.*\./, "")}.${path}': ${reason}` },
];

const listName = (type: TypeSpec) => (type.items?.type === "string" ? "[]string" : "[]interface {}");

/** Go's name for the type of a value. */
function kindOf(value: Value): string {
    if (value === null) return "nil";
    if (Array.isArray(value)) return "[]interface {}";
    if (typeof value === "object") return "map[string]interface {}";
    return { boolean: "bool", number: "float64", string: "string" }[typeof value as "boolean" | "number" | "string"];
}

function objectOf(type: TypeSpec): { token: string; spec: ObjectSpec } | undefined {
    const token = type.$ref?.startsWith("#/types/") ? type.$ref.slice("#/types/".length) : undefined;
    const spec = token === undefined ? undefined : types[token];
    return token !== undefined && spec ? { token, spec } : undefined;
}

function complete(spec: ObjectSpec, value: ValueMap, withDefaults: boolean): ValueMap {
    const defaults = Object.entries(spec.properties).flatMap(([name, property]) =>
        withDefaults && property.default !== undefined && !(name in value) ? [[name, property.default]] : [],
    );
    return mapValues({ ...value, ...(Object.fromEntries(defaults) as ValueMap) }, (inner, name) => {
        const property: PropertySpec = spec.properties[name] ?? {};
        const completed = completeValue(property, inner, withDefaults);
        return property.secret ? makeSecret(completed) : completed;
    });
}

function completeValue(type: TypeSpec, value: Value, withDefaults: boolean): Value {
    if (isSecret(value)) return makeSecret(completeValue(type, value.value, withDefaults));
    const object = objectOf(type);
    if (isUnknown(value)) return UNKNOWN;
    if (type.$ref === "pulumi.json#/Asset" && !isAsset(value) && !isArchive(value)) return {};
    return object && isPlainObject(value) ? complete(object.spec, value, withDefaults) : value;
}
