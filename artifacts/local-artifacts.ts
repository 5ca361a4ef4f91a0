import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { artifactCatalog, type ArtifactName } from "../catalog/artifacts";

/** A downloaded file that a role needs on its machine. */
export interface LocalArtifact {
    /** The file's name, there and here. */
    name: string;
    /** Path on the control machine. */
    source: string;
    sha256: string;
}

/** The artifacts of a lab by name. It holds those that roles ask for (neededArtifacts in roles/of-machine.ts) and no other. */
export type Artifacts = Readonly<Record<ArtifactName, LocalArtifact>>;

/** The files at `paths` with their digests: the published one, or that of the file where none is published. */
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
