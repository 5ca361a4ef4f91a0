/**
 * Pulumi's property values in its wire format: JSON in which secrets, assets and archives are objects with a signature,
 * and unknown values are strings (pulumi/pulumi, sdk/go/common/resource/plugin/rpc.go and sig/sig.go).
 */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
export type ValueMap = Record<string, Value>;

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";

/**
 * The strings for values that are unknown in a preview, one for each type of value. This plugin sends only the first.
 */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const UNKNOWNS = new Set<Value>([
    UNKNOWN,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

export const isUnknown = (value: Value | undefined): boolean => value !== undefined && UNKNOWNS.has(value);

export function isObject(value: Value | undefined): value is ValueMap {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

const signatureOf = (value: Value | undefined): Value | undefined => (isObject(value) ? value[SIGNATURE] : undefined);

export const isSecret = (value: Value | undefined): value is { value: Value } => signatureOf(value) === SECRET;
export const isAsset = (value: Value | undefined): value is ValueMap => signatureOf(value) === ASSET;
export const isArchive = (value: Value | undefined): value is ValueMap => signatureOf(value) === ARCHIVE;

/** An object without a signature: its keys are data. */
export const isPlainObject = (value: Value | undefined): value is ValueMap => isObject(value) && !(SIGNATURE in value);

/** The value as a secret. A secret stays as it is; an unknown value becomes an output without a value. */
export function makeSecret(value: Value): Value {
    if (isSecret(value)) return value;
    return isUnknown(value) ? { [SIGNATURE]: OUTPUT, secret: true } : { [SIGNATURE]: SECRET, value };
}

export const makeAsset = (path: string, hash: string): ValueMap => ({ [SIGNATURE]: ASSET, path, hash });
export const makeArchive = (assets: ValueMap, hash: string): ValueMap => ({ [SIGNATURE]: ARCHIVE, assets, hash });

/**
 * The values with all secrets replaced by their plain values. They are for commands, and must not be sent to the
 * engine.
 */
export function reveal(value: Value): Value {
    if (isSecret(value)) return reveal(value.value);
    if (Array.isArray(value)) return value.map(reveal);
    if (isObject(value)) return mapValues(value, reveal);
    return value;
}

/**
 * Values from the engine in the form that the rest of this plugin uses: objects have no nulls, and output values are
 * replaced by a plain value, a secret or UNKNOWN.
 */
export function normalize(value: Value): Value {
    if (Array.isArray(value)) return value.map(normalize);
    if (!isObject(value)) return value;
    if (signatureOf(value) === OUTPUT) {
        const inner = "value" in value ? normalize(value.value ?? null) : UNKNOWN;
        return value.secret === true && !isUnknown(inner) ? makeSecret(inner) : inner;
    }
    return mapValues(Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null)), normalize);
}

export function mapValues<T, U>(object: Record<string, T>, change: (value: T, key: string) => U): Record<string, U> {
    return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]));
}

/** Values for the engine: assets and archives have all of their properties, and unused ones are empty. */
export function complete(value: Value): Value {
    if (Array.isArray(value)) return value.map(complete);
    if (!isObject(value)) return value;
    const inner = mapValues(value, complete);
    if (isAsset(value)) return { hash: "", text: "", path: "", uri: "", ...inner };
    if (isArchive(value)) return { hash: "", assets: {}, path: "", uri: "", ...inner };
    return inner;
}

/** Whether two values are equal. Assets and archives are equal if their contents are; paths do not matter. */
export function equal(left: Value | undefined, right: Value | undefined): boolean {
    if (left === right) return true;
    if (Array.isArray(left) && Array.isArray(right))
        return left.length === right.length && left.every((value, index) => equal(value, right[index]));
    if (!isObject(left) || !isObject(right)) return false;
    if ((isAsset(left) && isAsset(right)) || (isArchive(left) && isArchive(right))) return left.hash === right.hash;
    const keys = Object.keys(left);
    return (
        keys.length === Object.keys(right).length && keys.every((key) => key in right && equal(left[key], right[key]))
    );
}
