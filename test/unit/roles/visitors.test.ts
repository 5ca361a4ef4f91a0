/** What the servers tell each other about a visitor. test/lab/lab.test.ts asks the real ones. */
import { describe, expect, test } from "vitest";
import { nginxConf, textOf, tomcat, trimmedLines } from "../../support/rendered";
import { articleLab, siteWith } from "../../support/article";

const description = siteWith();
const virtualHost = "/etc/apache2/sites-enabled/virtual.conf";
const conf = () => textOf(description, "nod3", nginxConf);

describe("the visitor's address", () => {
    test("is what the director sees, and nothing that the visitor claims goes on", async () => {
        const told = trimmedLines(await conf()).filter((line) => /^proxy_set_header (X-)?Forwarded/.test(line));
        expect(told).toEqual([
            "proxy_set_header X-Forwarded-For $remote_addr;",
            "proxy_set_header X-Forwarded-Proto $scheme;",
            "proxy_set_header X-Forwarded-Port $visitor_port;",
            `proxy_set_header X-Forwarded-Host "";`,
            `proxy_set_header X-Forwarded-Server "";`,
            `proxy_set_header X-Forwarded-By "";`,
            `proxy_set_header Forwarded "";`,
        ]);
    });

    test("httpd believes the directors, and Tomcat believes httpd", async () => {
        expect(trimmedLines(await textOf(description, "nod0", virtualHost))).toContain(
            "RemoteIPInternalProxy 192.168.0.203 192.168.0.204",
        );
        const serverXml = `${tomcat}/conf/server.xml`;
        expect(await textOf(description, "nod0", serverXml)).toContain(String.raw`internalProxies="127\.0\.0\.1"`);
        // One more director restarts no Tomcat.
        const { machines } = articleLab();
        const third = { nod5: { address: "192.168.0.206", roles: ["director"], priority: 170 } };
        const more = siteWith({ machines: { ...machines, ...third } });
        expect(await textOf(more, "nod0", virtualHost)).toContain("192.168.0.204 192.168.0.206\n");
        expect(await textOf(more, "nod0", serverXml)).toBe(await textOf(description, "nod0", serverXml));
    });
});

describe("the director's locations", () => {
    /** The regular expressions of locations, by what they do. They see the path that nginx has decoded. */
    async function locations() {
        const found = [...(await conf()).matchAll(/location ~ "(.*)" \{\n\s*(\w+)/g)];
        const by = new Map(found.map(([, expression = "", first = ""]) => [first, new RegExp(expression)]));
        return { health: by.get("proxy_pass")!, refused: by.get("return")! };
    }

    test("know all names of the health page", async () => {
        const { health } = await locations();
        for (const path of [
            "/health",
            "/health;x",
            "/health;jsessionid=1;y",
            "/;x/health",
            "/\\health",
            "\\;x\\health;y",
        ])
            expect(health.test(path), path).toBe(true);
        for (const path of [
            "/healthy",
            "/health/",
            "/health/;x",
            "/a/health",
            "/;x/a/health",
            "/ahealth",
            "/health;x/y",
        ])
            expect(health.test(path), path).toBe(false);
    });

    test("refuse hidden dot segments, which Tomcat would resolve", async () => {
        const { refused } = await locations();
        for (const path of ["/..;/health", "/a/..;x=1/b", "/.;/b", "/a\\..\\b", "/a\\..", "/a/..\\b", "/a/..;"])
            expect(refused.test(path), path).toBe(true);
        for (const path of ["/", "/a..b", "/..a", "/a..", "/.well-known/x", "/a;..;b", "/...", "/a\\b", "/a;x=../b"])
            expect(refused.test(path), path).toBe(false);
    });

    test("take exactly their own names", async () => {
        const names = [...(await conf()).matchAll(/location (?!@)(.*) \{/g)].map(([, name = ""]) => name);
        expect(names).toEqual(expect.arrayContaining(["= /status", "= /director"]));
        // Nothing else takes paths from the application by their beginning.
        expect(names.filter((name) => name.startsWith("/"))).toEqual(["/"]);
    });
});
