import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DOMParser } from "@xmldom/xmldom";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
    buildError,
    cachedValve,
    ensureValve,
    readSources,
    valveDigest,
    valveFile,
    valveModule,
} from "../../../artifacts/tomcat-valve";
import { artifactCatalog } from "../../../catalog/artifacts";
import { releaseNames, releases } from "../../../catalog/releases";
import { silent } from "../../../lib/progress";
import { siteWith } from "../../support/article";

let folder: string;
let cache: string;
beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), "valve-"));
    cache = join(folder, "cache");
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** Puts a Maven into PATH that does what the shell lines say; `$@` are its words. */
async function withMaven<T>(lines: string, work: () => Promise<T>): Promise<T> {
    const bin = join(folder, "bin");
    fs.mkdirSync(bin, { recursive: true });
    fs.writeFileSync(join(bin, "mvn"), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
    const { PATH: before } = process.env;
    process.env.PATH = `${bin}:${before}`;
    try {
        return await work();
    } finally {
        process.env.PATH = before;
    }
}

/** Makes the jar that is expected of it, and writes its words down. */
const goodMaven = () => `echo "$@" >> ${join(folder, "calls")}
while [ "$1" != --file ]; do shift; done
mkdir "$2/target" && echo jar > "$2/target/${valveFile}"`;
const calls = () => fs.readFileSync(join(folder, "calls"), "utf8").trim().split("\n");

const options = () => ({ cache, progress: silent });
const builds = () => fs.readdirSync(join(cache, "builds"));

describe("the jar", () => {
    test("is compiled once for each release, with that release's profile, and kept", async () => {
        await withMaven(goodMaven(), async () => {
            for (const release of [...releaseNames, ...releaseNames]) {
                const sha256 = valveDigest(release);
                expect(await ensureValve(siteWith({ release }), options())).toEqual({
                    name: valveFile,
                    source: cachedValve(cache, sha256),
                    sha256,
                });
            }
        });
        expect(calls().map((words) => /--activate-profiles (\S+)/.exec(words)?.[1])).toEqual([...releaseNames]);
        expect(calls().join("\n")).not.toContain("--offline");
        expect(builds(), "nothing half made").toHaveLength(releaseNames.length);
    });

    test("is compiled once by runs at the same time", async () => {
        await withMaven(goodMaven(), () => Promise.all([1, 2, 3].map(() => ensureValve(siteWith(), options()))));
        expect(calls()).toHaveLength(1);
    });

    test("is not compiled where the stack file wants the session manager alone", async () => {
        expect(await ensureValve(siteWith({ sessions: { keepCopies: false } }), options())).toBeUndefined();
        expect(fs.existsSync(cache)).toBe(false);
    });

    test("is compiled without a download, if there is to be none", async () => {
        await withMaven(goodMaven(), () => ensureValve(siteWith(), { ...options(), offline: true }));
        expect(calls()).toEqual([expect.stringContaining("--offline")]);
    });
});

describe("its digest", () => {
    test("changes with the release, the POM and the code, and with nothing else", () => {
        const module = join(folder, "module");
        fs.cpSync(valveModule, module, { recursive: true });
        const digest = () => valveDigest("maintained", readSources(module));
        const first = digest();
        expect(first).toBe(valveDigest("maintained"));
        expect(first).not.toBe(valveDigest("article", readSources(module)));
        fs.appendFileSync(join(module, "src/test/java/de/javakaffee/web/msm/SessionCopiesValveTest.java"), "\n");
        fs.appendFileSync(join(module, "README.md"), "\n");
        expect(digest()).toBe(first);
        fs.appendFileSync(join(module, "src/main/java/de/javakaffee/web/msm/MemcachedProbe.java"), "\n");
        const second = digest();
        expect(second).not.toBe(first);
        fs.appendFileSync(join(module, "pom.xml"), "\n");
        expect(digest()).not.toBe(second);
    });

    test("the POM's profiles have the versions of the releases", () => {
        const pom = new DOMParser().parseFromString(fs.readFileSync(join(valveModule, "pom.xml"), "utf8"), "text/xml");
        const text = (parent: { getElementsByTagName: typeof pom.getElementsByTagName }, tag: string) =>
            parent.getElementsByTagName(tag)[0]?.textContent;
        const profiles = [...pom.getElementsByTagName("profile")];
        expect(profiles.map((profile) => text(profile, "id"))).toEqual([...releaseNames]);
        for (const profile of profiles) {
            const release = releases[text(profile, "id") as (typeof releaseNames)[number]];
            const msm = text(profile, "msm.version");
            expect(text(profile, "tomcat.version")).toBe(release.tomcat.version);
            expect(release.libraries).toContain(`memcached-session-manager-${msm}`);
            expect(release.libraries).toContain(`memcached-session-manager-${text(profile, "msm.tomcat")}-${msm}`);
            const [client] = release.sessionClients;
            expect(artifactCatalog[client].file).toBe(`spymemcached-${text(profile, "spymemcached.version")}.jar`);
        }
    });
});

describe("a build that fails", () => {
    const failure = (lines: string, offline = false) =>
        withMaven(lines, () => ensureValve(siteWith(), { ...options(), offline })).then(
            () => expect.unreachable(),
            (error: unknown) => error,
        );

    test("shows the compiler's errors, and leaves nothing in the cache", async () => {
        const said =
            "[INFO] BUILD FAILURE\n[ERROR] SessionCopiesValve.java:[3,1] ';' expected\n[ERROR] Re-run Maven using -X";
        expect(await failure(`printf '%s\\n' "${said}"; exit 1`)).toMatchObject({
            name: "UserError",
            message: expect.stringMatching(/tomcat-valve\/[\s\S]*';' expected$/) as string,
        });
        expect(builds()).toEqual([]);
    });

    test("says what to do offline", async () => {
        const said =
            "[ERROR] Cannot access central in offline mode and the artifact x:y:1 has not been downloaded before";
        expect(await failure(`echo "${said}"; exit 1`, true)).toMatchObject({
            name: "UserError",
            message: expect.stringContaining("is not in the cache") as string,
            remedy: expect.stringContaining("./lab fetch") as string,
        });
    });

    test.each([
        ["mvn: spawn mvn ENOENT", "Maven (mvn) is missing"],
        ["[ERROR] No compiler is provided in this environment. Perhaps you are running on a JRE?", "finds no JDK"],
        ["The JAVA_HOME environment variable is not defined correctly,", "finds no JDK"],
        ["[ERROR] Fatal error compiling: error: release version 8 not supported", "no classes for Java 8"],
        ["[ERROR] Fatal error compiling: error: invalid flag: --release", "no classes for Java 8"],
    ])("names the tool that is missing: %s", (words, message) => {
        const error = buildError(words, false);
        expect(error.message).toContain(message);
        expect(error.remedy).toMatch(/JDK/);
    });
});
