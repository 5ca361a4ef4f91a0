import type { LabDescription } from "../config/description";
import type { Progress } from "../lib/progress";
import { ensureArtifacts } from "./cache";
import { type Artifacts, localArtifacts, neededArtifacts } from "./needed";
import { ensureValve } from "./tomcat-valve";

/** All files that the roles of a lab upload: downloaded or compiled where the cache lacks them. Fails with a UserError. */
export async function ensureLabArtifacts(
    description: LabDescription,
    options: { cache: string; offline?: boolean; progress: Progress },
): Promise<Artifacts> {
    const downloads = localArtifacts(await ensureArtifacts(neededArtifacts(description), options));
    // After the downloads, as two runs of Maven at once may spoil its local repository.
    const valve = await ensureValve(description, options);
    return valve ? { ...downloads, "tomcat-valve": valve } : downloads;
}
