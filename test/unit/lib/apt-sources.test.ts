import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { debianMirror, parseDeb822, parseOneLine, readAptSources } from "../../../lib/apt-sources";

const archive = parseDeb822(`# a comment
Types: deb deb-src
# another, inside of the stanza
URIs: http://mirror.example/debian/
Suites: bookworm
 bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm bookworm-updates
Components: main
`);

test("deb822: comments, continued lines, several values, and stanzas that are switched off", () => {
    expect(archive).toEqual([
        {
            types: ["deb", "deb-src"],
            uris: ["http://mirror.example/debian/"],
            suites: ["bookworm", "bookworm-updates"],
            components: ["main", "contrib"],
        },
        {
            types: ["deb"],
            uris: ["http://mirror.example/debian-security"],
            suites: ["bookworm-security"],
            components: ["main"],
        },
    ]);
});

test("one-line: options, comments and deb-src", () => {
    expect(
        parseOneLine(`# deb http://off.example/debian sid main
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] http://mirror.example/debian trixie main contrib # why
deb-src http://mirror.example/debian trixie main
`),
    ).toEqual([
        { types: ["deb"], uris: ["http://mirror.example/debian"], suites: ["trixie"], components: ["main", "contrib"] },
        { types: ["deb-src"], uris: ["http://mirror.example/debian"], suites: ["trixie"], components: ["main"] },
    ]);
});

test("the Debian archive is told from its security archive and from third parties that use its suites", () => {
    const thirdParty = parseOneLine(
        "deb http://db.example/repo/11.4/debian bookworm main\ndeb http://tool.example/debian bookworm stable",
    );
    expect(debianMirror([...thirdParty, ...archive])).toBe("http://mirror.example/debian");
    expect(debianMirror(parseOneLine("deb http://mirror.example/debian sid main"))).toBe(
        "http://mirror.example/debian",
    );
    expect(
        debianMirror(
            parseOneLine(
                "deb http://mirror.example/ubuntu noble main\ndeb http://mirror.example/ubuntu noble-updates main",
            ),
        ),
    ).toBeUndefined();
});

test("the folder is read as apt reads it: .list and .sources only, lists of mirrors resolved, nothing there is no error", () => {
    const folder = mkdtempSync(join(tmpdir(), "apt-sources-"));
    try {
        expect(readAptSources(join(folder, "absent"))).toEqual([]);
        mkdirSync(join(folder, "sources.list.d"));
        writeFileSync(join(folder, "mirrors"), "# nearest first\nhttp://near.example/debian\tpriority:1\n");
        writeFileSync(
            join(folder, "sources.list.d", "debian.sources"),
            `Types: deb\nURIs: mirror+file:${folder}/mirrors\nSuites: trixie trixie-updates\nComponents: main\n`,
        );
        writeFileSync(
            join(folder, "sources.list.d", "old.sources.disabled"),
            "Types: deb\nURIs: http://off.example/debian\nSuites: sid\nComponents: main\n",
        );
        writeFileSync(join(folder, "sources.list"), "deb http://first.example/debian sid main\n");
        expect(readAptSources(folder).flatMap((source) => source.uris)).toEqual([
            "http://first.example/debian",
            "http://near.example/debian",
        ]);
    } finally {
        rmSync(folder, { recursive: true });
    }
});
