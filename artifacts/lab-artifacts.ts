import type { ArtifactName } from "../catalog/artifacts";
import type { LabDescription } from "../config/description";
import type { Progress } from "../lib/progress";
import { ensureArtifacts } from "./cache";
import { type Artifacts, localArtifacts } from "./local-artifacts";
import { ensureApplication } from "./application";
import { ensureValve } from "./tomcat-valve";

/**
 * All files that the roles of a lab upload, downloaded or compiled where the cache lacks them. `names` are the
 * downloads (neededArtifacts in roles/of-machine.ts). Fails with a UserError.
 */
export async function ensureLabArtifacts(
    description: LabDescription,
    names: readonly ArtifactName[],
    options: { cache: string; offline?: boolean; progress: Progress },
): Promise<Artifacts> {
    // First, because the application is the part that its owner changes most often.
    const application = await ensureApplication(description, options);
    const downloads = localArtifacts(await ensureArtifacts(names, options));
    // After the downloads, as two runs of Maven at once may spoil its local repository.
    const valve = await ensureValve(description, options);
    return { ...downloads, ...(valve && { "tomcat-valve": valve }), ...(application && { application }) };
}
