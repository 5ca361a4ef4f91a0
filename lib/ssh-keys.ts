import * as crypto from "node:crypto";
import { utils } from "ssh2";

/** An ed25519 key pair. */
export interface KeyPair {
    /** In OpenSSH's format. A secret. */
    privateKey: string;
    /** As in an authorized_keys line, without a comment. */
    publicKey: string;
}

/**
 * A machine's ssh host key, derived from the stack's seed (hexadecimal) and the machine's name. Nothing has to be
 * stored for a new machine, and a machine that is made anew keeps its host key.
 */
export function hostKeyOf(seed: string, machineName: string): KeyPair {
    return keyPairOf(
        Buffer.from(crypto.hkdfSync("sha256", Buffer.from(seed, "hex"), "", `ssh host key of ${machineName}`, 32)),
        machineName,
    );
}

/**
 * The ed25519 key pair of a secret of 32 bytes. ssh2's generateKeyPairSync("ed25519") is no alternative: about one in
 * 300 of its private keys is malformed (ssh2 1.17.0).
 */
export function keyPairOf(secret: Buffer, comment: string): KeyPair {
    // RFC 8410: the DER form of an ed25519 private key is this prefix, then the 32 bytes.
    const key = crypto.createPrivateKey({
        key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), secret]),
        format: "der",
        type: "pkcs8",
    });
    const { x } = crypto.createPublicKey(key).export({ format: "jwk" });
    const privateKey = openSshPrivateKey(secret, Buffer.from(x ?? "", "base64url"), comment);
    return { privateKey, publicKey: publicKeyOf(privateKey) };
}

/**
 * The public key of a private key in PEM or OpenSSH format, as an authorized_keys line. Throws if `privateKey` cannot
 * be parsed.
 */
export function publicKeyOf(privateKey: string): string {
    const key = utils.parseKey(privateKey);
    if (key instanceof Error) throw key;
    return `${key.type} ${key.getPublicSSH().toString("base64")}`;
}

/**
 * The key in the shortest format that Go's ssh reads: an ed25519 key has 118 characters as PKCS #8 and 387 in OpenSSH's
 * format. Pulumi's state has the key twice for every command, encrypted.
 */
export function shortPrivateKey(privateKey: string): string {
    const key = utils.parseKey(privateKey);
    return key instanceof Error || key.type !== "ssh-ed25519" ? privateKey : key.getPrivatePEM();
}

/** Whether `text` is a private key without a passphrase. */
export function isPrivateKey(text: string): boolean {
    const key = utils.parseKey(text);
    return !(key instanceof Error) && key.isPrivateKey();
}

/**
 * An unencrypted private key in OpenSSH's format (its PROTOCOL.key). Libraries write a random number into it; here it
 * is derived from the key, because a text that differs at each run is a change at each `pulumi up`.
 */
function openSshPrivateKey(secret: Buffer, publicBytes: Buffer, comment: string): string {
    const uint32 = (value: number) => {
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32BE(value);
        return bytes;
    };
    const field = (content: Buffer | string) =>
        Buffer.concat([uint32(Buffer.byteLength(content)), Buffer.from(content)]);
    const check = crypto.createHash("sha256").update(publicBytes).digest().subarray(0, 4);
    const keyPair = Buffer.concat([
        check,
        check,
        field("ssh-ed25519"),
        field(publicBytes),
        field(Buffer.concat([secret, publicBytes])),
        field(comment),
    ]);
    const padding = Buffer.from(Array.from({ length: (8 - (keyPair.length % 8)) % 8 }, (_, index) => index + 1));
    const whole = Buffer.concat([
        Buffer.from("openssh-key-v1\0"),
        field("none"),
        field("none"),
        field(""),
        uint32(1),
        field(Buffer.concat([field("ssh-ed25519"), field(publicBytes)])),
        field(Buffer.concat([keyPair, padding])),
    ]);
    const lines = whole.toString("base64").match(/.{1,70}/g) ?? [];
    return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}
