import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { serverSources } from "../catalog/director-servers";
import type { LabDescription } from "../config/description";
import { catalogue, type ArtifactName } from "../catalog/artifacts";
import { drivers, releases } from "../catalog/releases";
import { jdkOf } from "../config/chosen-jdk";

/** A file that a role uploads to its machine: downloaded, or compiled here. */
export interface LocalArtifact {
    /** The file's name, there and here. */
    name: string;
    /** Path on the control machine. */
    source: string;
    /** Changes with the content; of a compiled file it is the digest of the sources. */
    sha256: string;
}

/**
 * What roles take their artifacts from. It has those that neededArtifacts() names, and "tomcat-valve" where ensureValve() gives one: to ask
 * for another is a mistake of the program's.
 */
export type Artifacts = Readonly<Record<ArtifactName | "tomcat-valve", LocalArtifact>>;

/** The artifacts that a site is built from. */
export function neededArtifacts(description: LabDescription): ArtifactName[] {
    const { server, jemalloc } = serverSources[description.director.source];
    const { tomcat, libraries } = releases[description.release];
    const { rpm } = jdkOf(description);
    return [
        ...(rpm ? [rpm] : []),
        tomcat.artifact,
        ...libraries,
        drivers[description.database.server].artifact,
        description.sessions.client,
        server,
        jemalloc,
    ];
}

/** The files at `paths` with their digests: the published one, or that of the file where none is published. */
export function localArtifacts(paths: Partial<Record<ArtifactName, string>>): Artifacts {
    const entries = (Object.entries(paths) as [ArtifactName, string][]).map(
        ([name, source]): [string, LocalArtifact] => [
            name,
            {
                name: catalogue[name].file,
                source,
                sha256: catalogue[name].sha256 ?? createHash("sha256").update(readFileSync(source)).digest("hex"),
            },
        ],
    );
    return Object.fromEntries(entries) as Artifacts;
}
