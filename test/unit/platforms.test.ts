/** What platforms hold as data and no machine is needed for. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { platforms } from "../../platforms";

/** OpenPGP's fingerprint of the first key in an armoured text: SHA-1 over its packet (RFC 4880, 12.2), which begins as the file does. */
function fingerprint(armoured: string): string {
    const bytes = Buffer.from(armoured.replace(/^-----BEGIN[^]*?\n\n/, "").replace(/\n=....\n-----END[^]*/, ""), "base64");
    expect(bytes[0], "a public key with a length of two bytes").toBe(0x99);
    return createHash("sha1").update(bytes.subarray(0, 3 + bytes.readUInt16BE(1))).digest("hex").toUpperCase();
}

test("packages of MySQL's publisher are taken with its signing key only, which is pinned", () => {
    const repositories = Object.values(platforms).flatMap(({ databases }) => databases.mysql?.repository ?? []);
    expect(repositories.map(({ address }) => address)).toEqual([7, 9].map((version) => `https://repo.mysql.com/yum/mysql-8.4-community/el/${version}/$basearch/`));
    for (const { key } of repositories) {
        // The manual's, "Signature Checking Using GnuPG"; the file is the publisher's RPM-GPG-KEY-mysql-2025 to the byte.
        expect(fingerprint(key)).toBe("BCA43417C3B485DD128EC6D4B7B3B788A8D3785C");
        expect(createHash("sha256").update(key).digest("hex")).toBe("a4bcd9f16a53cc763f87b9955dbcdced33c7aa90296b157eb6ceef0f156f4327");
    }
    const script = platforms["centos-7"].installPackages(["mysql-community-server"], repositories.slice(0, 1));
    expect(script).toContain("gpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-mysql\n");
    expect(script).not.toContain("nogpgcheck");
});
