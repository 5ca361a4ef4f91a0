/** The web application of a site: fetched, checked and packed before any machine gets it. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { releases } from "../catalog/releases";
import { sourceKind } from "../config/application";
import type { LabDescription } from "../config/description";
import { UserError } from "../lib/errors";
import { withLock } from "../lib/lock";
import type { Progress } from "../lib/progress";
import { run } from "../lib/run";
import { writeWholeFile } from "../lib/write-file";
import { readZip, ZipError } from "../lib/zip";
import { applicationFaults } from "./application-checks";
import { filesIn, pagesFolder, pathOf } from "./application-folder";
import { fetchers, type Fetchers } from "./fetchers";
import type { LocalArtifact } from "./local-artifacts";

interface Options {
    cache: string;
    offline?: boolean;
    progress: Progress;
    fetchers?: Pick<Fetchers, "maven" | "url">;
}

/** Every JDK of the catalog is one. */
const javaOfMachines = 8;

/** The file's name on the machines. */
export const applicationFile = "application.tar.gz";

/** A file of the application, with the time that it gets on the machines. */
interface Part {
    name: string;
    /** Milliseconds since 1970. */
    time: number;
    read: () => Buffer;
}

/**
 * The application as one archive for the machines, unpacked from its source once and kept in the cache. Undefined for a
 * folder of pages, which goes to the machines file by file. Fails with a UserError that says what is wrong with it.
 */
export async function ensureApplication(
    description: Pick<LabDescription, "site" | "release">,
    options: Options,
): Promise<LocalArtifact | undefined> {
    const { application } = description.site;
    const kind = sourceKind(application.source);
    for (const [setting, folder] of [
        ["files", application.files],
        ["source", kind === "folder" ? application.source : undefined],
    ] as const)
        if (folder !== undefined && !fs.statSync(pathOf(folder), { throwIfNoEntry: false })?.isDirectory())
            throw mistake(
                setting,
                `${pathOf(folder)} is no folder`,
                "name a folder, a .war file or a Maven coordinate",
            );
    const pages = pagesFolder(description);
    if (pages !== undefined) {
        refuseFaults(partsOf(filesIn(pages)), description);
        return undefined;
    }
    const archive = kind === "folder" ? undefined : await obtainArchive(description, options);
    const ownFiles = kind === "folder" ? filesIn(pathOf(application.source)) : [];
    const overFiles = application.files === undefined ? [] : filesIn(pathOf(application.files));
    const digests = [archive?.sha256, ...[...ownFiles, ...overFiles].map(({ name, digest }) => `${digest} ${name}`)];
    const sha256 = createHash("sha256").update(digests.join("\n")).digest("hex");
    // What a release refuses another one may take.
    const source = path.join(options.cache, "applications", `${sha256}-${description.release}`, applicationFile);
    await withLock(source, async () => {
        if (fs.existsSync(source)) return;
        const { source: name } = application;
        await options.progress.step(`Unpacking and checking ${name}`, async () => {
            const parts = new Map(
                [...(archive ? archiveParts(archive.path) : []), ...partsOf(ownFiles), ...partsOf(overFiles)].map(
                    (part) => [part.name, part],
                ),
            );
            refuseFaults([...parts.values()], description);
            await pack([...parts.values()], source);
        });
    });
    return { name: applicationFile, source, sha256 };
}

const partsOf = (files: ReturnType<typeof filesIn>): Part[] =>
    // A file's time on the control machine is that of its checkout. The content decides, as with the sample's pages.
    files.map(({ name, source, digest }) => ({
        name,
        time: (946_684_800 + Math.floor(parseInt(digest.slice(0, 8), 16) / 8)) * 1000,
        read: () => fs.readFileSync(source),
    }));

function archiveParts(file: string): Part[] {
    return tellingWhich(file, () => {
        const entries = readZip(fs.readFileSync(file)).filter(({ name }) => !name.endsWith("/"));
        // Damage is found here, not on the machines.
        return entries.map(({ name, time, read }) => {
            const content = read();
            return { name, time, read: () => content };
        });
    });
}

function refuseFaults(parts: Part[], { site, release }: Pick<LabDescription, "site" | "release">): void {
    const where = site.application.source;
    const faults = tellingWhich(where, () =>
        applicationFaults(parts, { java: javaOfMachines, release: releases[release] }),
    );
    if (faults.length > 0)
        throw mistake(
            "source",
            `${where} cannot run on the app servers: ${faults.join("; ")}`,
            `name a version of the application for Java ${javaOfMachines} and Tomcat ` +
                `${releases[release].tomcat.version}, or compile it anew (docs/your-site.md)`,
        );
}

/** Lets the message of a ZipError name the file. */
function tellingWhich<T>(file: string, work: () => T): T {
    try {
        return work();
    } catch (error) {
        if (!(error instanceof ZipError)) throw error;
        throw mistake("source", `${file} ${error.message}`, "get or build the file again, or name another one");
    }
}

const mistake = (setting: string, problem: string, remedy: string) =>
    new UserError(`lab:site.application.${setting}: ${problem}. Nothing was created or changed.`, `Remedy: ${remedy}.`);

/** The archive that the stack file names, with its sum. */
async function obtainArchive(
    { site }: Pick<LabDescription, "site">,
    options: Options,
): Promise<{ path: string; sha256: string }> {
    const { source, sha256 } = site.application;
    const file = sourceKind(source) === "archive" ? pathOf(source) : await download(source, sha256, options);
    if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile())
        throw mistake("source", `${file} does not exist`, "put the file there, or name another one");
    const sum = sumOf(file);
    if (sha256 !== undefined && sum !== sha256)
        throw mistake(
            "sha256",
            `${file} has the sha256 ${sum} instead of ${sha256}`,
            "get the right file, or change the setting if this is the file that you want",
        );
    return { path: file, sha256: sum };
}

const sumOf = (file: string) => createHash("sha256").update(fs.readFileSync(file)).digest("hex");

/**
 * The file of a Maven coordinate or an address in the cache. Its sum stands beside it from the first download on: a
 * file with another one is downloaded again.
 */
async function download(source: string, sha256: string | undefined, options: Options): Promise<string> {
    const { cache, offline, progress } = options;
    const { maven, url } = options.fetchers ?? fetchers;
    const isMaven = sourceKind(source) === "maven";
    const [, artifact = "", version = "", classifier] = source.split(":");
    const file = isMaven
        ? `${[artifact, version, ...(classifier ? [classifier] : [])].join("-")}.war`
        : path.basename(new URL(source).pathname) || "application.war";
    const key = createHash("sha256").update(`${source} ${sha256}`).digest("hex").slice(0, 16);
    const place = path.join(cache, "applications", key, file);
    const sumFile = `${place}.sha256`;
    return withLock(place, async () => {
        const known = fs.existsSync(sumFile) ? fs.readFileSync(sumFile, "utf8").trim() : undefined;
        if (fs.existsSync(place) && known === sumOf(place)) return place;
        if (offline)
            throw mistake(
                "source",
                `${source} is not in the cache, and downloads are forbidden (--offline, LAB_OFFLINE)`,
                "run ./lab fetch where it can be reached, or name a .war file",
            );
        fs.mkdirSync(path.dirname(place), { recursive: true });
        const scratch = fs.mkdtempSync(path.join(path.dirname(place), ".fetching-"));
        try {
            const address = isMaven ? mavenAddress(source) : source;
            await progress
                .step(`Downloading ${source}`, (say) => (isMaven ? maven : url)([{ file, address }], scratch, say))
                .catch((error: unknown) => {
                    throw mistake(
                        "source",
                        `${source} could not be downloaded: ${(error as Error).message}`,
                        "correct the name, or run this where it can be reached",
                    );
                });
            const fetched = path.join(scratch, file);
            writeWholeFile(sumFile, `${sumOf(fetched)}\n`);
            fs.renameSync(fetched, place);
        } finally {
            fs.rmSync(scratch, { recursive: true, force: true });
        }
        return place;
    });
}

/** As the fetchers take it: with the packaging before the classifier. */
function mavenAddress(coordinate: string): string {
    const [group, artifact, version, classifier] = coordinate.split(":");
    return [group, artifact, version, "war", ...(classifier === undefined ? [] : [classifier])].join(":");
}

/** Writes `parts` as a tar archive, which every machine can unpack. */
async function pack(parts: Part[], target: string): Promise<void> {
    fs.mkdirSync(path.dirname(target), { recursive: true });
    const scratch = fs.mkdtempSync(path.join(path.dirname(target), ".packing-"));
    try {
        for (const { name, time, read } of parts) {
            const file = path.join(scratch, "files", name);
            fs.mkdirSync(path.dirname(file), { recursive: true });
            fs.writeFileSync(file, read());
            fs.utimesSync(file, time / 1000, time / 1000);
        }
        const packed = path.join(scratch, applicationFile);
        // Most of an application is compressed already.
        await run([
            "tar",
            "--create",
            "--use-compress-program=gzip -1",
            "--file",
            packed,
            "--directory",
            path.join(scratch, "files"),
            ".",
        ]);
        fs.renameSync(packed, target);
    } finally {
        fs.rmSync(scratch, { recursive: true, force: true });
    }
}
