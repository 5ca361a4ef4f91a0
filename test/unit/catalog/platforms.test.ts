/** Checks of the platforms' data that need no machine. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { LabDescription } from "../../../config/description";
import { platforms } from "../../../catalog/platforms/index";
import { onCentos, siteWith } from "../../support/article";
import { rolesOf } from "../../support/steps";

/** OpenPGP's fingerprint of the first key in an armoured text: SHA-1 of the key's packet (RFC 4880, 12.2). */
function fingerprint(armoured: string): string {
    const bytes = Buffer.from(
        armoured.replace(/^-----BEGIN[^]*?\n\n/, "").replace(/\n=....\n-----END[^]*/, ""),
        "base64",
    );
    expect(bytes[0], "a public key with a length of two bytes").toBe(0x99);
    return createHash("sha1")
        .update(bytes.subarray(0, 3 + bytes.readUInt16BE(1)))
        .digest("hex")
        .toUpperCase();
}

test("packages of MySQL's publisher are taken with its signing key only, which is pinned", () => {
    const repositories = Object.values(platforms).flatMap(({ databases }) => databases.mysql?.repository ?? []);
    expect(repositories.map(({ address }) => address)).toEqual(
        [7, 9].map((version) => `https://repo.mysql.com/yum/mysql-8.4-community/el/${version}/$basearch/`),
    );
    for (const { key } of repositories) {
        // The fingerprint is from MySQL's manual, "Signature Checking Using GnuPG". The file is a copy of
        // RPM-GPG-KEY-mysql-2025.
        expect(fingerprint(key)).toBe("BCA43417C3B485DD128EC6D4B7B3B788A8D3785C");
        expect(createHash("sha256").update(key).digest("hex")).toBe(
            "a4bcd9f16a53cc763f87b9955dbcdced33c7aa90296b157eb6ceef0f156f4327",
        );
    }
    const script = platforms["centos-7"].installPackages(["mysql-community-server"], repositories.slice(0, 1));
    expect(script).toContain("gpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-mysql\n");
    expect(script).not.toContain("nogpgcheck");
});

test("what Debian's services read is, but for these files, what CentOS's would", async () => {
    const files = async (description: LabDescription) =>
        new Map(
            (
                await Promise.all(
                    description.machines.map(async ({ name }) =>
                        Object.values(await rolesOf(description, name))
                            .flatMap((role) => role.files)
                            .map((file): [string, string] => [`${name} ${file.path}`, file.text]),
                    ),
                )
            ).flat(),
        );
    const debian = await files(siteWith());
    const own = [
        "/etc/lab-logrotate.conf",
        "/etc/profile.d/java.sh",
        ...[
            "lab-logrotate.service",
            "memcached.service.d/lab.conf",
            "tomcat.service",
            "tomcat.service.d/httpd.conf",
        ].map((name) => `/etc/systemd/system/${name}`),
    ];
    const drain = "/usr/libexec/lab/drain-httpd";
    const differ = {
        "centos-7": [
            "/etc/keepalived/keepalived.conf",
            ...own,
            "/usr/libexec/keepalived/check-web-server",
            drain,
            "/usr/libexec/lab/dump-database",
        ],
        "centos-stream-9": [...own, drain],
    };
    for (const [platform, expected] of Object.entries(differ)) {
        const centos = await files(
            onCentos(platform, { database: { server: "mariadb" }, director: { source: "nginx-1.26.3" } }),
        );
        const shared = [...centos.keys()].filter((name) => debian.has(name));
        const differing = new Set(
            shared.filter((name) => centos.get(name) !== debian.get(name)).map((name) => name.split(" ")[1]),
        );
        // nginx.conf, server.xml, context.xml and database.xml are the same on Debian and CentOS.
        expect([...differing].filter((name) => !/hardening\.conf$/.test(name ?? "")).sort(), platform).toEqual(
            expected,
        );
        expect(shared.map((name) => name.split(" ")[1])).toEqual(
            expect.arrayContaining([
                "/etc/tengine/nginx.conf",
                ...["server", "context", "database"].map((name) => `/usr/local/tomcat/conf/${name}.xml`),
            ]),
        );
    }
});
