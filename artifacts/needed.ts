import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { serverSources } from "../catalog/director-servers";
import type { LabDescription } from "../config/description";
import { artifactCatalog, type ArtifactName } from "../catalog/artifacts";
import { drivers, releases } from "../catalog/releases";
import { jdkOf } from "../config/chosen-jdk";

/** A downloaded file that a role needs on its machine. */
export interface LocalArtifact {
    /** The file's name on both machines. */
    name: string;
    /** Path on the control machine. */
    source: string;
    sha256: string;
}

/** The artifacts of a stack by name. Only those that neededArtifacts() lists are there. */
export type Artifacts = Readonly<Record<ArtifactName, LocalArtifact>>;

/** The artifacts that the lab's machines need. */
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

/** The files at `paths` with their sha256: the published one, or the file's where none is published. */
export function localArtifacts(paths: Partial<Record<ArtifactName, string>>): Artifacts {
    const entries = (Object.entries(paths) as [ArtifactName, string][]).map(
        ([name, source]): [string, LocalArtifact] => [
            name,
            {
                name: artifactCatalog[name].file,
                source,
                sha256: artifactCatalog[name].sha256 ?? createHash("sha256").update(readFileSync(source)).digest("hex"),
            },
        ],
    );
    return Object.fromEntries(entries) as Artifacts;
}
