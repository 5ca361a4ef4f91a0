import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { accept, readAccepted } from "../../../artifacts/accepted";
import { ensureArtifacts, missingArtifacts, obtainArtifacts, unacceptedArtifacts } from "../../../artifacts/cache";
import { type ArtifactName, artifactCatalog } from "../../../catalog/artifacts";
import { type Fetch, type Fetchers } from "../../../artifacts/fetchers";
import { UserError } from "../../../lib/errors";
import type { Progress } from "../../../lib/progress";
import { silent } from "../../../lib/progress";

// In these tests, the right content of a file is its name; the catalog's sums are replaced accordingly.
const rightContent = (name: ArtifactName) => artifactCatalog[name].file;
const realSums = Object.fromEntries(Object.entries(artifactCatalog).map(([name, { sha256 }]) => [name, sha256]));
const all = Object.keys(artifactCatalog) as ArtifactName[];

let cache: string;
let asked: Record<keyof Fetchers, string[][]>;

beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), "artifacts-"));
    asked = { maven: [], debianSource: [], url: [] };
    for (const name of all) {
        if (realSums[name])
            artifactCatalog[name].sha256 = createHash("sha256").update(rightContent(name)).digest("hex");
    }
});
afterEach(() => {
    rmSync(cache, { recursive: true });
});

/**
 * A fetcher that writes `contentOf` each file, or no file if that is undefined, and records the requested addresses.
 */
function source(kind: keyof Fetchers, contentOf: (file: string) => string | undefined = (file) => file): Fetch {
    return (wanted, folder) => {
        asked[kind].push(wanted.map(({ address }) => address));
        for (const { file } of wanted) {
            const content = contentOf(file);
            if (content !== undefined) writeFileSync(join(folder, file), content);
        }
        return Promise.resolve();
    };
}
const goodFetchers = () => ({ maven: source("maven"), debianSource: source("debianSource"), url: source("url") });

const lay = (path: string, content: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
};

async function failure(promise: Promise<unknown>): Promise<UserError> {
    const error = await promise.then(
        () => undefined,
        (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(UserError);
    return error as UserError;
}

test("each source is asked once for all its files, and a second call asks none", async () => {
    const names = ["tomcat-7.0.62", "asm-3.2", "nginx-1.26.3", "tengine-3.1.0", "jemalloc-3.6.0"] as const;
    const accepted = { "tengine-3.1.0": createHash("sha256").update(rightContent("tengine-3.1.0")).digest("hex") };
    const paths = await ensureArtifacts(names, { cache, progress: silent, fetchers: goodFetchers(), accepted });
    const asks = {
        maven: [["org.apache.tomcat:tomcat:7.0.62:tar.gz", "asm:asm:3.2"]],
        debianSource: [["nginx"]],
        url: [
            [
                "https://tengine.taobao.org/download/tengine-3.1.0.tar.gz",
                "https://github.com/jemalloc/jemalloc/releases/download/3.6.0/jemalloc-3.6.0.tar.bz2",
            ],
        ],
    };
    expect(asked).toEqual(asks);
    expect(Object.keys(paths).sort()).toEqual([...names].sort());
    for (const name of names) expect(readFileSync(paths[name], "utf8")).toBe(rightContent(name));

    expect(await ensureArtifacts(names, { cache, progress: silent, fetchers: goodFetchers(), accepted })).toEqual(
        paths,
    );
    expect(asked).toEqual(asks);
    expect(readdirSync(join(cache, "artifacts")).filter((entry) => entry.startsWith("."))).toEqual([]);
});

test("a damaged file in the cache is fetched again, with a message", async () => {
    const options = { cache, progress: silent, fetchers: goodFetchers() };
    const path = (await ensureArtifacts(["asm-3.2", "minlog-1.2"], options))["asm-3.2"];
    writeFileSync(path, "damaged");
    const info = vi.fn<Progress["info"]>();
    await ensureArtifacts(["asm-3.2", "minlog-1.2"], { ...options, progress: { ...silent, info } });
    expect(readFileSync(path, "utf8")).toBe("asm-3.2.jar");
    expect(asked.maven[1]).toEqual(["asm:asm:3.2"]);
    expect(info.mock.calls).toEqual([
        [expect.stringContaining(`${path} has the sha256 ${createHash("sha256").update("damaged").digest("hex")}`)],
    ]);
});

test("a file with another sum than the catalog's never gets into the cache", async () => {
    const fetchers = { ...goodFetchers(), maven: source("maven", () => "something else") };
    const error = await failure(ensureArtifacts(["asm-3.2"], { cache, progress: silent, fetchers }));
    expect(error.message).toContain("asm-3.2.jar has the sha256 ");
    expect(error.message).toContain(`instead of ${artifactCatalog["asm-3.2"].sha256 ?? ""}`);
    expect(readdirSync(join(cache, "artifacts"))).toEqual([]);
});

test("a file without a published sum has to be accepted once; from then on nothing else passes for it", async () => {
    const file = join(cache, "accepted.json");
    const fetchers = { ...goodFetchers(), url: source("url", () => "as it came") };
    const options = { cache, progress: silent, fetchers };
    const sum = createHash("sha256").update("as it came").digest("hex");
    const names = ["asm-3.2", "tengine-3.1.0"] as const;
    const error = await failure(ensureArtifacts(names, { ...options, accepted: {} }));
    expect(error.message).toMatch(
        new RegExp(`tengine-3\\.1\\.0\\.tar\\.gz \\(from https://\\S+\\)\n    sha256 ${sum}`),
    );
    expect(error.message).not.toContain("asm");
    expect(error.remedy).toContain("./lab accept tengine-3.1.0: from then on only files with these sums");

    const [artifact] = await unacceptedArtifacts(await obtainArtifacts(names, { ...options, accepted: {} }), {});
    accept({ "tengine-3.1.0": artifact?.sha256 }, file);
    accept({ "jdk-8u45": "0".repeat(64) }, file);
    expect(readAccepted(file)).toEqual({ "tengine-3.1.0": sum, "jdk-8u45": "0".repeat(64) });
    const accepted = readAccepted(file);
    const paths = await ensureArtifacts(names, { ...options, accepted });
    writeFileSync(paths["tengine-3.1.0"], "as somebody changed it");
    expect((await failure(ensureArtifacts(names, { ...options, offline: true, accepted }))).message).toContain(
        `instead of ${sum}`,
    );
    // A file that the publisher changed is refused, too.
    const changed = {
        ...options,
        fetchers: { ...goodFetchers(), url: source("url", () => "as the publisher changed it") },
    };
    expect((await failure(ensureArtifacts(names, { ...changed, accepted }))).message).toContain(`instead of ${sum}`);
});

test("an empty file is refused", async () => {
    const fetchers = { ...goodFetchers(), url: source("url", (file) => (file.includes("3.1.0") ? "anything" : "")) };
    const error = await failure(
        ensureArtifacts(["tengine-3.1.0", "tengine-2.1.0"], { cache, progress: silent, fetchers }),
    );
    expect(error.message).toContain("tengine-2.1.0.tar.gz is empty");
    expect(await missingArtifacts(["tengine-3.1.0", "tengine-2.1.0"], cache)).toMatchObject([
        { name: "tengine-2.1.0" },
    ]);
});

test("a file that only users can get: the error names file and folder, and the file is taken from there", async () => {
    const accepted = { "jdk-8u45": createHash("sha256").update("an RPM").digest("hex") };
    const options = { cache, progress: silent, fetchers: goodFetchers(), accepted };
    const error = await failure(ensureArtifacts(["jdk-8u45"], options));
    expect(error.message).toMatch(/jdk-8u45-linux-x64\.rpm \(from Oracle's .*, by hand\)/);
    expect(error.remedy).toContain(join(cache, "artifacts"));
    expect(asked).toEqual({ maven: [], debianSource: [], url: [] });
    lay(join(cache, "artifacts", "jdk-8u45-linux-x64.rpm"), "an RPM");
    expect(await ensureArtifacts(["jdk-8u45"], options)).toEqual({
        "jdk-8u45": join(cache, "artifacts", "jdk-8u45-linux-x64.rpm"),
    });
});

test("missing files are one error: file names, sources, reasons, and the folder to put them into", async () => {
    const fetchers: Fetchers = {
        maven: source("maven", (file) => (file === "asm-3.2.jar" ? file : undefined)),
        debianSource: () => Promise.reject(new Error("no mirror of Debian")),
        url: () => Promise.reject(new Error("getaddrinfo ENOTFOUND")),
    };
    const names = ["tomcat-7.0.62", "asm-3.2", "nginx-1.26.3", "tengine-2.1.0"] as const;
    const error = await failure(ensureArtifacts(names, { cache, progress: silent, fetchers }));
    expect(error.message).toBe(
        [
            "These files are needed and not in the cache:",
            "  tomcat-7.0.62.tar.gz (from Maven, org.apache.tomcat:tomcat:7.0.62:tar.gz)",
            "  nginx_1.26.3.orig.tar.gz (from Debian 13's source package nginx)",
            "  tengine-2.1.0.tar.gz (from https://tengine.taobao.org/download/tengine-2.1.0.tar.gz)",
            "no mirror of Debian",
            "getaddrinfo ENOTFOUND",
        ].join("\n"),
    );
    expect(error.remedy).toContain(join(cache, "artifacts"));
    expect(await missingArtifacts(["asm-3.2"], cache)).toEqual([]);
});

test("a user's file in the cache is taken if its sum is right", async () => {
    const laid = join(cache, "artifacts", "jemalloc-3.6.0.tar.bz2");
    lay(laid, "jemalloc-3.6.0.tar.bz2");
    const options = { cache, progress: silent, offline: true };
    expect(await ensureArtifacts(["jemalloc-3.6.0"], options)).toEqual({ "jemalloc-3.6.0": laid });

    writeFileSync(laid, "another");
    expect((await failure(ensureArtifacts(["jemalloc-3.6.0"], options))).message).toContain(`${laid} has the sha256`);
    expect(readFileSync(laid, "utf8")).toBe("another");

    const fetched = await ensureArtifacts(["jemalloc-3.6.0"], { cache, progress: silent, fetchers: goodFetchers() });
    expect(readFileSync(fetched["jemalloc-3.6.0"], "utf8")).toBe("jemalloc-3.6.0.tar.bz2");
    expect(readFileSync(laid, "utf8")).toBe("another");
});

test("nothing is fetched offline, and a check creates no file", async () => {
    const fetchers = goodFetchers();
    await failure(ensureArtifacts(all, { cache, offline: true, progress: silent, fetchers }));
    expect(asked).toEqual({ maven: [], debianSource: [], url: [] });
    expect(existsSync(join(cache, "artifacts"))).toBe(false);
    expect(await missingArtifacts(["nginx-1.26.3", "tengine-3.1.0"], cache)).toEqual([
        {
            name: "nginx-1.26.3",
            file: "nginx_1.26.3.orig.tar.gz",
            origin: "Debian 13's source package nginx",
            fromRegistry: true,
            place: join(cache, "artifacts", "nginx_1.26.3.orig.tar.gz"),
        },
        {
            name: "tengine-3.1.0",
            file: "tengine-3.1.0.tar.gz",
            origin: "https://tengine.taobao.org/download/tengine-3.1.0.tar.gz",
            fromRegistry: false,
            place: join(cache, "artifacts", "tengine-3.1.0.tar.gz"),
        },
    ]);
});
