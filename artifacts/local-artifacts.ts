import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { artifactCatalog, type ArtifactName } from "../catalog/artifacts";

/** A file that a role uploads to its machine: downloaded, or compiled here. */
export interface LocalArtifact {
    /** The file's name on both machines. */
    name: string;
    /** Path on the control machine. */
    source: string;
    /** Changes with the content. For a compiled file it is the digest of the sources. */
    sha256: string;
}

/**
 * The artifacts of a lab by name. It holds those that roles ask for (neededArtifacts in roles/of-machine.ts),
 * "tomcat-valve" where ensureValve() gives one, and "application" where ensureApplication() gives one.
 */
export type Artifacts = Readonly<Record<ArtifactName | "tomcat-valve", LocalArtifact>> & {
    readonly application?: LocalArtifact;
};

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
