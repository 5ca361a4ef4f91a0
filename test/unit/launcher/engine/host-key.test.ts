import { expect, test } from "vitest";
import { parseHostKey } from "../../../../launcher/engine/command/host-key";
import { hostKeyOf } from "../../../../lib/ssh-keys";

const { publicKey } = hostKeyOf("ab".repeat(32), "machine");
const [type = "", base64 = ""] = publicKey.split(" ");

test.each([
    publicKey,
    `${publicKey} with a comment`,
    `  ${publicKey}\n`,
    `# a comment\n\n${publicKey}`,
    `198.51.100.1 ${publicKey}`,
    `cert-authority ${publicKey}`,
    // Go believes the key, not the word before it.
    `ssh-rsa ${base64}`,
])("%j has the key", (text) => {
    expect(parseHostKey(text)).toEqual({ type, key: Buffer.from(base64, "base64") });
});

test.each([
    "",
    "garbage",
    "ssh-ed25519",
    base64,
    "SHA256:abcdef",
    "ssh-ed25519 AAAA",
    `${type} ${base64.slice(0, -8)}`,
])("%j has none, and is refused", (text) => {
    expect(() => parseHostKey(text)).toThrow("failed to parse host key: ssh: no key found");
});
