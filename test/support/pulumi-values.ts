/** Pulumi's special values in the format between engine and plugins. */

const SIGNATURE = "4dabf18193072939515e22adb298388d";

export const UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const names: Record<string, string> = {
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7": "[unknown boolean]",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421": "[unknown number]",
    [UNKNOWN_STRING]: "[unknown]",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2": "[unknown array]",
    "030794c1-ac77-496b-92df-f27374a8bd58": "[unknown asset]",
    "e48ece36-62e2-4504-bad9-02848725956a": "[unknown archive]",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff": "[unknown object]",
    "1b47061264138c4ac30d75fd1eb44270": "secret",
    d0e6a833031e9bbcd3f4e8bde6ca49a4: "output",
    c44067f5952c0a294b673a41bacd8c17: "asset",
    "0def7320c3a5731c473e5ecbe6d01bc7": "archive",
};

const signatureOf = (kind: string) => Object.keys(names).find((key) => names[key] === kind);
const marked = (kind: string, properties: object) => ({ [SIGNATURE]: signatureOf(kind), ...properties });

export const secret = (value: unknown) => marked("secret", { value });
export const output = (value: unknown, isSecret = false) =>
    marked("output", { value, secret: isSecret, dependencies: [] });
export const unknownOutput = (isSecret = false) => marked("output", { secret: isSecret, dependencies: [] });
export const fileAsset = (path: string, hash: string) => marked("asset", { path, hash });
export const stringAsset = (text: string, hash: string) => marked("asset", { text, hash });
export const remoteAsset = (uri: string) => marked("asset", { uri });
export const fileArchive = (path: string, hash: string) => marked("archive", { path, hash });
export const assetArchive = (assets: object, hash: string) => marked("archive", { assets, hash });

/** Values with their signatures written out: `{ secret: ... }`, `"[unknown]"`. */
export function readable(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(readable);
    if (typeof value === "string") return names[value] ?? value;
    if (typeof value !== "object" || value === null) return value;
    const { [SIGNATURE]: signature, ...rest } = value as Record<string, unknown>;
    const inner = Object.fromEntries(Object.entries(rest).map(([key, property]) => [key, readable(property)]));
    const kind = typeof signature === "string" ? names[signature] : undefined;
    if (kind === undefined) return inner;
    // In a state, the value of a secret is JSON text: encrypted, or in plain text with --show-secrets.
    if (kind === "secret")
        return { secret: typeof inner.plaintext === "string" ? readable(JSON.parse(inner.plaintext)) : inner.value };
    return { [kind]: inner };
}
