/** The jar of tomcat-valve/: compiled on this machine once for each release, and kept in the cache. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { type ReleaseName, releases } from "../catalog/releases";
import type { LabDescription } from "../config/description";
import { checkout } from "../lib/environment";
import { UserError } from "../lib/errors";
import { withLock } from "../lib/lock";
import type { Progress } from "../lib/progress";
import { mavenEnvironment } from "../lib/proxies";
import { run } from "../lib/run";
import type { LocalArtifact } from "./local-artifacts";

export const valveModule = join(checkout, "tomcat-valve");
/** The name in Tomcat's lib folder. It has no version in it, so that a new jar replaces an old one. */
export const valveFile = "tomcat-valve.jar";

interface Options {
    cache: string;
    offline?: boolean;
    progress: Progress;
    /** The Maven module; another one in tests. */
    module?: string;
}

/**
 * The jar for the release of `description`, from the cache or compiled now; undefined where the stack file wants MSM
 * alone. Its `sha256` is that of the sources, because the same sources compiled by another JDK must not restart a
 * Tomcat. Fails with a UserError.
 */
export async function ensureValve(
    { release, sessions }: Pick<LabDescription, "release" | "sessions">,
    { cache, offline = false, progress, module = valveModule }: Options,
): Promise<LocalArtifact | undefined> {
    if (!sessions.keepCopies) return undefined;
    const sources = readSources(module);
    const sha256 = valveDigest(release, sources);
    const source = cachedValve(cache, sha256);
    await withLock(
        source,
        async () => {
            if (fs.existsSync(source)) return;
            await progress.step("Compiling the Tomcat valve", (say) => build(release, sources, source, offline, say));
        },
        () => progress.info("Waiting for another run that compiles the Tomcat valve."),
    );
    return { name: valveFile, source, sha256 };
}

/** Where the cache has the jar with this digest, or would have it. */
export const cachedValve = (cache: string, sha256: string) => join(cache, "builds", `tomcat-valve-${sha256}.jar`);

/** What the jar is made of, by path in the module. */
type Sources = Record<string, string>;

/** The module's POM and code, without its tests. */
export function readSources(module = valveModule): Sources {
    const code = fs
        .readdirSync(join(module, "src", "main"), { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".java"))
        .map((file) => join("src", "main", file));
    return Object.fromEntries(
        ["pom.xml", ...code].sort().map((file) => [file, fs.readFileSync(join(module, file), "utf8")]),
    );
}

/**
 * sha256 of everything that decides what is in the jar, except the JDK. The POM among the sources names the Java
 * version of the classes.
 */
export function valveDigest(release: ReleaseName, sources = readSources()): string {
    const { tomcat, libraries } = releases[release];
    return createHash("sha256")
        .update(JSON.stringify([release, tomcat.artifact, libraries, Object.entries(sources)]))
        .digest("hex");
}

/** Compiles a copy of the sources, so that the jar is of what was hashed and the checkout stays clean. */
async function build(
    release: ReleaseName,
    sources: Sources,
    jar: string,
    offline: boolean,
    say: (line: string) => void,
): Promise<void> {
    fs.mkdirSync(dirname(jar), { recursive: true });
    const scratch = fs.mkdtempSync(join(dirname(jar), ".tomcat-valve-"));
    try {
        for (const [file, text] of Object.entries(sources)) {
            fs.mkdirSync(dirname(join(scratch, file)), { recursive: true });
            fs.writeFileSync(join(scratch, file), text);
        }
        const settings = ["--batch-mode", "--no-transfer-progress", ...(offline ? ["--offline"] : [])];
        // These goals need the compiler alone; the phase "package" would also get what runs tests.
        await run(
            ["mvn", ...settings, "--file", scratch, "--activate-profiles", release, "compiler:compile", "jar:jar"],
            { env: mavenEnvironment(), say },
        );
        fs.renameSync(join(scratch, "target", valveFile), jar);
    } catch (error) {
        throw buildError((error as Error).message, offline);
    } finally {
        fs.rmSync(scratch, { recursive: true, force: true });
    }
}

export const installJava = "Install Maven and a JDK 11 or newer (Debian: maven, default-jdk-headless).";

/** What to tell a user about a build that failed with these words of Maven's. */
export function buildError(words: string, offline: boolean): UserError {
    const failed = "The Tomcat valve (tomcat-valve/) could not be compiled";
    if (words.includes("ENOENT")) return new UserError(`${failed}: Maven (mvn) is missing.`, installJava);
    if (/No compiler is provided|JAVA_HOME|java: command not found/.test(words))
        return new UserError(
            `${failed}: Maven finds no JDK.`,
            `${installJava} JAVA_HOME, if set, has to name the JDK.`,
        );
    if (/release version 8 not supported|invalid flag: --release/.test(words))
        return new UserError(
            `${failed}: this JDK makes no classes for Java 8.`,
            "Set JAVA_HOME to a JDK of a version from 11 on that still knows --release 8.",
        );
    const reasons = `${failed}:\n${mavensReasons(words)}`;
    return offline && /offline/i.test(words)
        ? new UserError(
              `${reasons}\nIt is not in the cache, nothing may be downloaded, ` +
                  "and Maven's local repository lacks some of what it needs.",
              "Run ./lab fetch once where Maven Central can be reached.",
          )
        : new UserError(reasons, "Correct the code, or make Maven Central reachable (Maven's settings.xml).");
}

/** Maven's errors without its advice on how to call Maven again. */
const mavensReasons = (words: string) =>
    words
        .split("\n")
        .filter((line) => !/^\[ERROR\] *(To see|Re-run|For more|\[Help|$)|^\[INFO\]|^\[WARNING\]/.test(line))
        .join("\n");
