import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { aptConfiguration, fetchers, mavenPom } from "../../../artifacts/fetchers";
import { keepLoopbackOffProxies } from "../../../lib/proxies";

test("Maven's project copies each file, with its packaging, under its own name", () => {
    const pom = mavenPom(
        [
            { file: "tomcat-7.0.62.tar.gz", address: "org.apache.tomcat:tomcat:7.0.62:tar.gz" },
            { file: "asm-3.2.jar", address: "asm:asm:3.2" },
        ],
        "/staging",
    );
    expect(pom).toContain("<outputDirectory>/staging</outputDirectory>");
    expect(pom).toContain(
        "<groupId>org.apache.tomcat</groupId><artifactId>tomcat</artifactId><version>7.0.62</version>" +
            "<type>tar.gz</type><destFileName>tomcat-7.0.62.tar.gz</destFileName>",
    );
    expect(pom).toContain("<groupId>asm</groupId><artifactId>asm</artifactId><version>3.2</version><type>jar</type>");
});

test("apt keeps to lists and a cache of its own and runs none of the host's hooks", () => {
    expect(aptConfiguration("/staging/apt")).toMatchInlineSnapshot(`
      "Dir::Etc::SourceList "/staging/apt/trixie.sources";
      Dir::Etc::SourceParts "-";
      Dir::State::Lists "/staging/apt/lists";
      Dir::Cache "/staging/apt/cache";
      APT::Sandbox::User "root";
      #clear APT::Update::Post-Invoke;
      #clear APT::Update::Post-Invoke-Success;
      #clear DPkg::Post-Invoke;
      "
    `);
});

describe("a file at an address", () => {
    let folder: string, server: Server, here: string, asked: string[];
    beforeEach(async () => {
        folder = mkdtempSync(join(tmpdir(), "fetchers-"));
        asked = [];
        server = createServer(({ url = "" }, response) => {
            asked.push(url);
            response.writeHead(url.endsWith("missing") ? 404 : 200).end("content");
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        here = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        for (const name of ["https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"]) vi.stubEnv(name, undefined);
    });
    afterEach(() => {
        vi.unstubAllEnvs();
        server.close();
        rmSync(folder, { recursive: true });
    });
    const fetch = (address: string) => fetchers.url([{ file: "file", address }], folder, () => undefined);
    const fetched = () => readFileSync(join(folder, "file"), "utf8");

    test.each(["http_proxy", "HTTP_PROXY"])("is asked for through the proxy that %s names", async (name) => {
        for (const each of ["http_proxy", "HTTP_PROXY"]) vi.stubEnv(each, undefined);
        vi.stubEnv(name, here);
        keepLoopbackOffProxies();
        await fetch("http://publisher.example/file.jar");
        expect([fetched(), asked]).toEqual(["content", ["http://publisher.example/file.jar"]]);
    });

    test("is asked for directly where no_proxy says so", async () => {
        for (const each of ["http_proxy", "HTTP_PROXY"]) vi.stubEnv(each, "http://127.0.0.1:1");
        vi.stubEnv("no_proxy", "a.example, 127.0.0.1");
        keepLoopbackOffProxies();
        await fetch(`${here}/[file].jar`);
        expect([fetched(), asked]).toEqual(["content", ["/[file].jar"]]);
    });

    test("that is not there is an error with the address and the status", async () => {
        for (const each of ["http_proxy", "HTTP_PROXY"]) vi.stubEnv(each, undefined);
        await expect(fetch(`${here}/missing`)).rejects.toThrow(new RegExp(`${here}/missing.*exit code 22[^]*404`));
    });
});
