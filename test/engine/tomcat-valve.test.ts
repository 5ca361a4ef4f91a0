/** The module tomcat-valve/ with the user's own Maven: its JUnit tests, and the jar that app servers get. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { sha256Of } from "../../artifacts/disk-image";
import { ensureValve, valveFile, valveModule } from "../../artifacts/tomcat-valve";
import { releaseNames } from "../../catalog/releases";
import { silent } from "../../lib/progress";
import { mavenEnvironment } from "../../lib/proxies";
import { run } from "../../lib/run";
import { siteWith } from "../support/article";

let folder: string;
beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "lab-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("Maven asks the proxy of the environment", async () => {
    const asked: string[] = [];
    const proxy = createServer(({ url = "" }, response) => {
        asked.push(url);
        response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    for (const name of ["http_proxy", "HTTP_PROXY"]) vi.stubEnv(name, address);
    const settings = join(folder, "settings.xml");
    writeFileSync(
        settings,
        "<settings><mirrors><mirror><id>all</id><mirrorOf>*</mirrorOf><url>http://repository.example/</url>" +
            "</mirror></mirrors></settings>",
    );
    const repository = `-Dmaven.repo.local=${join(folder, "empty")}`;
    await run(["mvn", "--batch-mode", "--settings", settings, repository, "dependency:copy"], {
        env: mavenEnvironment(),
    }).catch(() => undefined);
    expect(asked.filter((url) => url.startsWith("http://repository.example/"))).not.toEqual([]);
    vi.unstubAllEnvs();
    proxy.close();
});

/** Bytes 6 and 7 of a class name its version: 52 is Java 8. */
const java8 = 52;

describe.each(releaseNames)("release %s", (release) => {
    const build = (cache: string) =>
        ensureValve(siteWith({ release }), { cache: join(folder, release, cache), progress: silent });

    test("JUnit tests pass against its session manager and its Tomcat", async () => {
        const lines: string[] = [];
        const module = ["--file", valveModule, `-DbuildFolder=${join(folder, release, "target")}`];
        await run(
            ["mvn", "--batch-mode", "--no-transfer-progress", "--activate-profiles", release, ...module, "test"],
            { say: (line) => lines.push(line) },
        ).catch(() => undefined);
        const errors = lines.filter((line) => line.startsWith("[ERROR]"));
        expect(errors, errors.join("\n")).toEqual([]);
        const output = lines.join("\n");
        expect(output).toMatch(/Tests run: [1-9]\d*, Failures: 0, Errors: 0, Skipped: 0/);
        expect(existsSync(join(valveModule, "target"))).toBe(false);
    });

    test("two builds give the same jar, with classes for Java 8", async () => {
        const [one, other] = [await build("one"), await build("other")];
        expect(one?.name).toBe(valveFile);
        expect(await sha256Of(one?.source ?? "")).toBe(await sha256Of(other?.source ?? ""));
        const jar = join(folder, release, "jar");
        mkdirSync(jar);
        await run(["jar", "--extract", "--file", one?.source ?? ""], { cwd: jar });
        const valve = readFileSync(join(jar, "de/javakaffee/web/msm/SessionCopiesValve.class"));
        expect(valve.readUInt16BE(6)).toBe(java8);
    });

    test("with Maven's local repository full, nothing has to be downloaded", async () => {
        const cache = join(folder, release, "offline");
        const valve = await ensureValve(siteWith({ release }), { cache, offline: true, progress: silent });
        expect(existsSync(valve?.source ?? "")).toBe(true);
    });
});
