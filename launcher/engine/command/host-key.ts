import { utils } from "ssh2";

export interface HostKey {
    /** As in the key itself: `ssh-ed25519`. */
    type: string;
    /** The key in SSH's wire format. */
    key: Buffer;
}

/**
 * The first key of a text in the format of authorized_keys, as Go's ssh.ParseAuthorizedKey reads it. A word before the
 * key's type, such as a host name, is skipped. Throws the genuine plugin's error for a text without a key: a key that
 * cannot be parsed must never mean that any key is accepted.
 */
export function parseHostKey(text: string): HostKey {
    for (const line of text.split("\n").map((each) => each.trim())) {
        if (line === "" || line.startsWith("#")) continue;
        const [, ...fields] = line.split(/[ \t]+/);
        for (const field of fields.slice(0, 2)) {
            const key = wireKey(field);
            if (key) return key;
        }
    }
    throw new Error("failed to parse host key: ssh: no key found");
}

/** A key from its base64; undefined for anything else. */
function wireKey(field: string): HostKey | undefined {
    const key = Buffer.from(field, "base64");
    // Node.js skips what is no base64.
    if (key.length < 4 || key.toString("base64").replace(/=+$/, "") !== field.replace(/=+$/, "")) return undefined;
    const type = key.subarray(4, 4 + key.readUInt32BE()).toString();
    return utils.parseKey(`${type} ${field}`) instanceof Error ? undefined : { type, key };
}
