import * as crypto from "node:crypto";
import { utils } from "ssh2";

/** An ed25519 key pair. */
export interface KeyPair {
    /** In OpenSSH's format; a secret. */
    privateKey: string;
    /** As in an authorized_keys line, without a comment. */
    publicKey: string;
}

/**
 * A machine's ssh host key: an ed25519 key made from the stack's seed and the machine's name. Derived instead of stored, so that a
 * machine more needs no step beside its line in the stack file, and a machine made anew shows the key that it had.
 */
export function hostKeyOf(seed: string, machineName: string): KeyPair {
    return keyPairOf(
        Buffer.from(crypto.hkdfSync("sha256", Buffer.from(seed, "hex"), "", `ssh host key of ${machineName}`, 32)),
        machineName,
    );
}

/**
 * The key pair of a secret of 32 bytes. Not ssh2's generateKeyPairSync("ed25519"): one in some 300 of its private keys is malformed, for
 * itself and for OpenSSH (1.17.0).
 */
export function keyPairOf(secret: Buffer, comment: string): KeyPair {
    // RFC 8410: the DER of an ed25519 private key is this prefix and the 32 bytes.
    const key = crypto.createPrivateKey({
        key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), secret]),
        format: "der",
        type: "pkcs8",
    });
    const { x } = crypto.createPublicKey(key).export({ format: "jwk" });
    const privateKey = openSshPrivateKey(secret, Buffer.from(x ?? "", "base64url"), comment);
    return { privateKey, publicKey: publicKeyOf(privateKey) };
}

/** The public half of a private key in PEM or OpenSSH format, as an authorized_keys line. Throws where it is no such key. */
export function publicKeyOf(privateKey: string): string {
    const key = utils.parseKey(privateKey);
    if (key instanceof Error) throw key;
    return `${key.type} ${key.getPublicSSH().toString("base64")}`;
}

/**
 * The same key as short as Go's ssh reads it: an ed25519 one as PKCS #8 has 118 characters instead of 387. For pulumi's connections, which
 * stand in the state of every command twice, encrypted.
 */
export function shortPrivateKey(privateKey: string): string {
    const key = utils.parseKey(privateKey);
    return key instanceof Error || key.type !== "ssh-ed25519" ? privateKey : key.getPrivatePEM();
}

/** Whether `text` is a private key that can be used as it is. */
export function isPrivateKey(text: string): boolean {
    const key = utils.parseKey(text);
    return !(key instanceof Error) && key.isPrivateKey();
}

/**
 * OpenSSH's PROTOCOL.key, unencrypted. Written here because libraries put a random number into it, and a text that differs at each run
 * would be a change at each `pulumi up`.
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
