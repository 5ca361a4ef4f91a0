import { spawnSync } from "node:child_process";
import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import fc from "fast-check";
import { utils } from "ssh2";
import { describe, expect, test } from "vitest";
import { hostKeyOf, isPrivateKey, keyPairOf, publicKeyOf, shortPrivateKey } from "../../../lib/ssh-keys";

const seed = "0123456789abcdef".repeat(4);
const hasOpenSsh = spawnSync("ssh-keygen", ["-?"]).error === undefined;

describe("a machine's host key", () => {
    test("is the same in each run, byte for byte", () => {
        expect(hostKeyOf(seed, "nod0")).toEqual(hostKeyOf(seed, "nod0"));
        // A value from the first lab. With another value here, all existing machines would get new host keys.
        expect(hostKeyOf(seed, "nod0").publicKey).toBe(
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGxVCK49UEH9c7uO8pl8d0C+ABlegiszNIa/SjPqoY5S",
        );
    });

    test("differs between machines and between seeds", () => {
        const keys = [
            hostKeyOf(seed, "nod0"),
            hostKeyOf(seed, "nod1"),
            hostKeyOf(seed, "nod00"),
            hostKeyOf("f".repeat(64), "nod0"),
        ].map(({ publicKey }) => publicKey);
        expect(new Set(keys).size).toBe(keys.length);
    });

    test("makes signatures that its public half verifies", () => {
        const { privateKey, publicKey } = hostKeyOf(seed, "nod0");
        const [own, shown] = [utils.parseKey(privateKey), utils.parseKey(publicKey)];
        if (own instanceof Error || shown instanceof Error) throw new Error("no key");
        expect(shown.verify("data", own.sign("data"))).toBe(true);
        expect(shown.verify("other data", own.sign("data"))).toBe(false);
    });

    test.skipIf(!hasOpenSsh)("is a key to OpenSSH, whatever the length of its machine's name", () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "keys-"));
        try {
            for (const name of ["a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "abcdefgh", "a".repeat(63)]) {
                const { privateKey, publicKey } = hostKeyOf(seed, name);
                const file = path.join(folder, name);
                fs.writeFileSync(file, privateKey, { mode: 0o600 });
                expect(spawnSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" }).stdout).toBe(
                    `${publicKey} ${name}\n`,
                );
            }
        } finally {
            fs.rmSync(folder, { recursive: true });
        }
    });
});

describe("a login key", () => {
    test("can be derived from any secret", () => {
        fc.assert(
            fc.property(
                fc.uint8Array({ minLength: 32, maxLength: 32 }),
                fc.string({ maxLength: 20 }),
                (secret, comment) => {
                    const { privateKey, publicKey } = keyPairOf(Buffer.from(secret), comment);
                    expect(isPrivateKey(privateKey)).toBe(true);
                    expect(publicKeyOf(privateKey)).toBe(publicKey);
                },
            ),
            { numRuns: 500 },
        );
    });

    test("is the same key in its short form, of whatever secret; one that is no ed25519 key stays as it is", () => {
        fc.assert(
            fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (secret) => {
                const { privateKey, publicKey } = keyPairOf(Buffer.from(secret), "lab");
                const short = shortPrivateKey(privateKey);
                expect(short.length).toBeLessThan(120);
                const { x } = crypto.createPublicKey(short).export({ format: "jwk" });
                expect(
                    Buffer.from(publicKey.split(" ")[1] ?? "", "base64")
                        .subarray(-32)
                        .toString("base64url"),
                ).toBe(x);
            }),
            { numRuns: 300 },
        );
        expect(shortPrivateKey(rsa.privateKey)).toBe(rsa.privateKey);
    });

    const rsa = crypto.generateKeyPairSync("rsa", {
        modulusLength: 2048,
        privateKeyEncoding: { type: "pkcs1", format: "pem" },
        publicKeyEncoding: { type: "pkcs1", format: "pem" },
    });

    test("gives its public half, in OpenSSH's format or PEM", () => {
        const pair = keyPairOf(crypto.randomBytes(32), "lab");
        expect(publicKeyOf(pair.privateKey)).toBe(pair.publicKey);
        expect(publicKeyOf(rsa.privateKey)).toMatch(/^ssh-rsa AAAA/);
    });

    test("is a private one without a passphrase", () => {
        const pair = keyPairOf(crypto.randomBytes(32), "lab");
        expect([pair.privateKey, pair.privateKey.trimEnd(), rsa.privateKey].map(isPrivateKey)).toEqual([
            true,
            true,
            true,
        ]);
        const locked = utils.generateKeyPairSync("ed25519", {
            passphrase: "secret",
            cipher: "aes256-ctr",
            rounds: 1,
        }).private;
        expect([pair.publicKey, locked, "", "-----BEGIN OPENSSH PRIVATE KEY-----"].map(isPrivateKey)).toEqual([
            false,
            false,
            false,
            false,
        ]);
        expect(() => publicKeyOf("no key")).toThrow();
    });
});
