import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../lib/run";

export const layerScript = join(__dirname, "layer.sh");

/**
 * Removes the layer in `folder` and fails if its files are not those that were made, by their names, sizes, modes,
 * owners and times. The next `up` makes it anew.
 */
export async function requireSound(folder: string): Promise<void> {
    const digest = await run(["bash", layerScript, "digest", folder]);
    if (digest.trim() === readFileSync(join(folder, "digest"), "utf8").trim()) return;
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`${folder} has changed since it was made, and was removed.`);
}
