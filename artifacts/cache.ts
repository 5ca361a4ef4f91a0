/** Gets the files of the artifact catalog into the cache of this machine. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../lib/errors";
import type { Progress } from "../lib/progress";
import { readAccepted, type Sums } from "./accepted";
import { type ArtifactName, artifactCatalog } from "../catalog/artifacts";
import { type Fetchers, fetchers } from "./fetchers";

/** A file that is not in the cache, or has another sum than it should. */
export interface MissingArtifact {
    name: ArtifactName;
    file: string;
    /** Its source, for messages. */
    origin: string;
    /** Whether a package registry has it. Other files need internet access, or a user who downloads them. */
    fromRegistry: boolean;
    /** The path at which a user can put the file. */
    place: string;
    /** Why the file that is there cannot be used; undefined where there is none. */
    fault?: string;
}

/** What is said of a damaged file in the cache, after its fault. */
export const downloadsAgain = "downloading the file again";

/**
 * Path of the copy that the lab downloads. The folder is named by the sum, so that two files of one name can be in the
 * cache.
 */
export const ownPlace = (name: ArtifactName, cache: string) =>
    join(cache, "artifacts", artifactCatalog[name].sha256 ?? name, artifactCatalog[name].file);

/** Path at which a user puts a file. The lab never changes or removes it. */
const usersPlace = (name: ArtifactName, cache: string) => join(cache, "artifacts", artifactCatalog[name].file);

/** The kind of an artifact's source, and the address there. */
const sourceOf = (name: ArtifactName) =>
    Object.entries(artifactCatalog[name].from)[0] as [keyof Fetchers | "byHand", string];

/** Names of the kinds of source for messages: of the kind, and of one address. */
const sourceNames: Record<ReturnType<typeof sourceOf>[0], { all: string; one: (address: string) => string }> = {
    maven: { all: "Maven", one: (coordinates) => `Maven, ${coordinates}` },
    debianSource: { all: "Debian 13's source packages", one: (name) => `Debian 13's source package ${name}` },
    url: { all: "their publishers", one: (url) => url },
    byHand: { all: "by hand", one: (where) => `${where}, by hand` },
};

/** What is wrong with the file at `path`; undefined where nothing is. Hashing all files, about 12 MB, takes 30 ms. */
async function faultOf(path: string, sha256: string | undefined): Promise<string | undefined> {
    const { length, sum } = await contentOf(path);
    if (length === 0) return `${path} is empty`;
    return sha256 === undefined || sum === sha256 ? undefined : `${path} has the sha256 ${sum} instead of ${sha256}`;
}

async function contentOf(path: string) {
    const content = await readFile(path);
    return { length: content.length, sum: createHash("sha256").update(content).digest("hex") };
}

/** The artifact's file in the cache, preferably the user's, or a description of what is missing. */
async function look(
    name: ArtifactName,
    cache: string,
    accepted: Sums,
): Promise<{ path: string } | { missing: MissingArtifact }> {
    const artifact = artifactCatalog[name];
    let fault: string | undefined;
    for (const path of [usersPlace(name, cache), ownPlace(name, cache)].filter(existsSync)) {
        const faultHere = await faultOf(path, artifact.sha256 ?? accepted[name]);
        if (faultHere === undefined) return { path };
        fault ??= faultHere;
    }
    const [kind, address] = sourceOf(name);
    const origin = sourceNames[kind].one(address);
    return {
        missing: {
            name,
            file: artifact.file,
            origin,
            fromRegistry: kind !== "url" && kind !== "byHand",
            place: usersPlace(name, cache),
            fault,
        },
    };
}

/** The artifacts whose file is missing in the cache or damaged. Downloads and changes nothing. */
export async function missingArtifacts(
    names: readonly ArtifactName[],
    cache: string,
    accepted: Sums = readAccepted(),
): Promise<MissingArtifact[]> {
    const found = await Promise.all(names.map((name) => look(name, cache, accepted)));
    return found.flatMap((each) => ("missing" in each ? [each.missing] : []));
}

/** One error for all missing files, with their sources and the place to put them. `reasons`: why downloads failed. */
export function missingError(missing: readonly MissingArtifact[], reasons: readonly string[] = []): UserError {
    const files = missing.map(
        ({ file, origin, fault }) => `  ${file} (from ${origin})${fault ? `\n    ${fault}` : ""}`,
    );
    return new UserError(
        ["These files are needed and not in the cache:", ...files, ...reasons].join("\n"),
        `Put them into ${[...new Set(missing.map(({ place }) => dirname(place)))].join(" or ")} under these ` +
            "names, or run this where their sources can be reached.",
    );
}

interface Options {
    cache: string;
    offline?: boolean;
    progress: Progress;
    fetchers?: Fetchers;
    /** Accepted sums; default: those in this checkout. */
    accepted?: Sums;
}

/**
 * Gives the paths of artifacts in the cache, after downloading those that are missing or damaged (never with
 * `offline`). Checks the sha256 of every file at every call, against the published or the accepted sum. One UserError
 * names all files that are missing or not accepted.
 */
export async function ensureArtifacts<Name extends ArtifactName>(
    names: readonly Name[],
    options: Options,
): Promise<Record<Name, string>> {
    const paths = await obtainArtifacts(names, options);
    const unaccepted = await unacceptedArtifacts(paths, options.accepted);
    if (unaccepted.length > 0) throw unacceptedError(unaccepted);
    return paths;
}

/** Like ensureArtifacts, but also gives files that have not been accepted, so that a user can check them. */
export async function obtainArtifacts<Name extends ArtifactName>(
    names: readonly Name[],
    options: Options,
): Promise<Record<Name, string>> {
    const { cache, progress, accepted = readAccepted() } = options;
    const missing = await missingArtifacts(names, cache, accepted);
    const reasons = options.offline ? [] : await fetchInto(cache, missing, options.fetchers ?? fetchers, progress);

    const found = await Promise.all(names.map(async (name) => [name, await look(name, cache, accepted)] as const));
    const stillMissing = found.flatMap(([, each]) => ("missing" in each ? [each.missing] : []));
    if (stillMissing.length > 0) throw missingError(stillMissing, reasons);
    return Object.fromEntries(found.map(([name, each]) => [name, "path" in each ? each.path : ""])) as Record<
        Name,
        string
    >;
}

/** A file without a published sum that has not been accepted. */
export interface UnacceptedArtifact {
    name: ArtifactName;
    origin: string;
    path: string;
    sha256: string;
}

export async function unacceptedArtifacts(
    paths: Partial<Record<ArtifactName, string>>,
    accepted: Sums = readAccepted(),
): Promise<UnacceptedArtifact[]> {
    const entries = (Object.entries(paths) as [ArtifactName, string][]).filter(
        ([name]) => artifactCatalog[name].sha256 === undefined && accepted[name] === undefined,
    );
    return Promise.all(
        entries.map(async ([name, path]) => {
            const [kind, address] = sourceOf(name);
            return { name, path, origin: sourceNames[kind].one(address), sha256: (await contentOf(path)).sum };
        }),
    );
}

export const unacceptedError = (artifacts: UnacceptedArtifact[]) =>
    new UserError(
        [
            "These files have no published sha256, and nobody has accepted them yet:",
            ...artifacts.map(({ path, origin, sha256 }) => `  ${path} (from ${origin})\n    sha256 ${sha256}`),
        ].join("\n"),
        `Check that they are genuine, then run ./lab accept ${artifacts.map(({ name }) => name).join(" ")}: ` +
            "from then on only files with these sums are used.",
    );

/** Downloads missing files, from all kinds of source at once. Gives the reasons for what failed. */
async function fetchInto(
    cache: string,
    missing: MissingArtifact[],
    sources: Fetchers,
    progress: Progress,
): Promise<string[]> {
    if (missing.length === 0) return [];
    for (const { fault } of missing) if (fault) progress.info(`${fault}: ${downloadsAgain}`);
    await mkdir(join(cache, "artifacts"), { recursive: true });
    const staging = await mkdtemp(join(cache, "artifacts", ".fetching-"));
    try {
        const reasons = await Promise.all(
            (Object.keys(sources) as (keyof Fetchers)[]).map(async (kind) => {
                const ofKind = missing.filter(({ name }) => sourceOf(name)[0] === kind);
                if (ofKind.length === 0) return [];
                const folder = join(staging, kind);
                await mkdir(folder);
                const wanted = ofKind.map(({ name, file }) => ({ file, address: sourceOf(name)[1] }));
                const failures = await progress
                    .step(`Downloading ${wanted.length.toString()} file(s) from ${sourceNames[kind].all}`, (say) =>
                        sources[kind](wanted, folder, say),
                    )
                    .then(
                        () => [],
                        (error: unknown) => [(error as Error).message],
                    );
                const faults = await Promise.all(ofKind.map(({ name, file }) => keep(join(folder, file), name, cache)));
                return [...failures, ...faults.flat()];
            }),
        );
        return reasons.flat();
    } finally {
        await rm(staging, { recursive: true, force: true });
    }
}

/**
 * Moves a downloaded file to its place by a rename, so that no other process sees a part of it. Gives what is wrong
 * with the file.
 */
async function keep(path: string, name: ArtifactName, cache: string): Promise<string[]> {
    if (!existsSync(path)) return [];
    const fault = await faultOf(path, artifactCatalog[name].sha256);
    if (fault !== undefined) return [fault];
    await mkdir(dirname(ownPlace(name, cache)), { recursive: true });
    await rename(path, ownPlace(name, cache));
    return [];
}
