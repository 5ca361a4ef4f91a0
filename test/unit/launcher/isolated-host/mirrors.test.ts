import { describe, expect, test } from "vitest";
import { UserError } from "../../../../lib/errors";
import { parseDeb822, parseOneLine } from "../../../../lib/apt-sources";
import { mirrorsFrom } from "../../../../launcher/isolated-host/mirrors";

describe("mirrors", () => {
    const archive = parseOneLine(
        "deb http://mirror.example/debian trixie main\ndeb http://mirror.example/debian trixie-updates main",
    );
    const settings = `Acquire::http::Proxy "http://proxy.example:8080";\nAcquire::Check-Valid-Until "false";\nAcquire::Languages "none";\nAPT::Architecture "amd64";\n`;

    test("archive, security archive, the host's proxy and its setting for expired lists", () => {
        const security = parseDeb822(
            "Types: deb\nURIs: http://safe.example/debian-security/\nSuites: trixie-security\nComponents: main\n",
        );
        expect(mirrorsFrom([...archive, ...security], settings)).toEqual({
            main: "http://mirror.example/debian",
            security: "http://safe.example/debian-security",
            proxy: [`Acquire::http::Proxy "http://proxy.example:8080";`],
            expiry: [`Acquire::Check-Valid-Until "false";`],
        });
    });

    test("without a security source, the security archive is beside the archive", () => {
        expect(mirrorsFrom(archive, "")).toEqual({
            main: "http://mirror.example/debian",
            security: "http://mirror.example/debian-security",
            proxy: [],
            expiry: [],
        });
    });

    test("no Debian mirror is a user's mistake", () => {
        expect(() => mirrorsFrom(parseOneLine("deb http://mirror.example/ubuntu noble main"), "")).toThrow(UserError);
    });
});
