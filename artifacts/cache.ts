/** The catalog's files in the cache of this machine. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../lib/errors";
import type { Progress } from "../lib/progress";
import { readAccepted, type Sums } from "./accepted";
import { type ArtifactName, artifactCatalog } from "../catalog/artifacts";
import { type Fetchers, fetchers } from "./fetchers";

/** A file that is not in the cache, or not as it should be. */
export interface MissingArtifact {
    name: ArtifactName;
    file: string;
    /** Where it comes from, in words. */
    origin: string;
    /** Whether the lab fetches it by itself from a registry; else it takes the internet, or a user who brings it. */
    fromRegistry: boolean;
    /** Where a user may lay it by hand. */
    place: string;
    /** Why what lies there cannot be used; undefined where nothing does. */
    fault?: string;
}

/** Where the lab keeps its own copy: a folder of its own for each content, so that one file name can mean two of them over time. */
export const ownPlace = (name: ArtifactName, cache: string) =>
    join(cache, "artifacts", artifactCatalog[name].sha256 ?? name, artifactCatalog[name].file);

/** Where a user lays a file: it needs no knowledge of sums, and the lab never changes or removes it. */
const usersPlace = (name: ArtifactName, cache: string) => join(cache, "artifacts", artifactCatalog[name].file);

/** Which kind of source an artifact has, and its address there. */
const sourceOf = (name: ArtifactName) =>
    Object.entries(artifactCatalog[name].from)[0] as [keyof Fetchers | "byHand", string];

/** What the kinds of sources are called: all of them, and one address there. */
const sourceNames: Record<ReturnType<typeof sourceOf>[0], { all: string; one: (address: string) => string }> = {
    maven: { all: "Maven", one: (coordinates) => `Maven, ${coordinates}` },
    debianSource: { all: "Debian 13's source packages", one: (name) => `Debian 13's source package ${name}` },
    url: { all: "their publishers", one: (url) => url },
    byHand: { all: "by hand", one: (where) => `${where}, by hand` },
};

/** What is wrong with the file at `path`, or undefined. All files together are about 12 MB: hashing them takes some 30 ms. */
async function faultOf(path: string, sha256: string | undefined): Promise<string | undefined> {
    const { length, sum } = await contentOf(path);
    if (length === 0) return `${path} is empty`;
    return sha256 === undefined || sum === sha256 ? undefined : `${path} has the sha256 ${sum} instead of ${sha256}`;
}

async function contentOf(path: string) {
    const content = await readFile(path);
    return { length: content.length, sum: createHash("sha256").update(content).digest("hex") };
}

/** The good file of that name in the cache, a user's before the lab's own, or what is missing. */
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

/** Which of `names` the cache does not hold intact. Downloads and changes nothing: for previews. */
export async function missingArtifacts(
    names: readonly ArtifactName[],
    cache: string,
    accepted: Sums = readAccepted(),
): Promise<MissingArtifact[]> {
    const found = await Promise.all(names.map((name) => look(name, cache, accepted)));
    return found.flatMap((each) => ("missing" in each ? [each.missing] : []));
}

/** One error for all that is missing: which files, where they come from, where to put them. `reasons` says why fetching failed. */
export function missingError(missing: readonly MissingArtifact[], reasons: readonly string[] = []): UserError {
    const files = missing.map(
        ({ file, origin, fault }) => `  ${file} (from ${origin})${fault ? `\n    ${fault}` : ""}`,
    );
    return new UserError(
        [`These files are needed and not there:`, ...files, ...reasons].join("\n"),
        `Lay them into ${[...new Set(missing.map(({ place }) => dirname(place)))].join(" or ")} under these names, or go where their sources can be reached.`,
    );
}

interface Options {
    cache: string;
    offline?: boolean;
    progress: Progress;
    fetchers?: Fetchers;
    /** Sums that were accepted of files whose publisher gives none; by default those of this checkout. */
    accepted?: Sums;
}

/**
 * Makes sure that the cache holds all of `names`, and gives their paths. What is not there, or not intact, is fetched: a run of Maven
 * and one of apt at most, whatever the number of files. Every file that is returned had its sha256 checked just now, against its publisher's sum or one
 * that was accepted. With `offline` nothing is fetched. Fails with one UserError for everything that cannot be had, or that nobody has accepted.
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

/** The same also for files that nobody has accepted yet: to show them to whom may do so. */
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

/** A file that no publisher's sum and no one's word stands for. */
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
            "Nobody publishes a sha256 of these files, and nobody has accepted them yet:",
            ...artifacts.map(({ path, origin, sha256 }) => `  ${path} (from ${origin})\n    sha256 ${sha256}`),
        ].join("\n"),
        `If they are what they should be, ./lab accept ${artifacts.map(({ name }) => name).join(" ")} pins them: from then on no other file passes for them.`,
    );

/** Fetches what is missing, every kind of source side by side, into the lab's own places; gives the reasons for what failed. */
async function fetchInto(
    cache: string,
    missing: MissingArtifact[],
    sources: Fetchers,
    progress: Progress,
): Promise<string[]> {
    if (missing.length === 0) return [];
    for (const { fault } of missing) if (fault) progress.info(`${fault}: fetching the file again`);
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
                    .step(`Fetching ${wanted.length.toString()} file(s) from ${sourceNames[kind].all}`, (say) =>
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

/** Moves a fetched file to the lab's own place, in one step so that no other process sees half of it; what is wrong with it, if so. */
async function keep(path: string, name: ArtifactName, cache: string): Promise<string[]> {
    if (!existsSync(path)) return [];
    const fault = await faultOf(path, artifactCatalog[name].sha256);
    if (fault !== undefined) return [fault];
    await mkdir(dirname(ownPlace(name, cache)), { recursive: true });
    await rename(path, ownPlace(name, cache));
    return [];
}
