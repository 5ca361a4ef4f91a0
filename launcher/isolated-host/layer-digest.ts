import { join } from "node:path";
import { requireDigest } from "../../artifacts/package-layer";
import { run } from "../../lib/run";

export const layerScript = join(__dirname, "layer.sh");

/**
 * Removes a container's layer in `folder` and fails if its files are not those that were made, by their names, sizes,
 * modes, owners and times.
 */
export const requireSound = async (folder: string): Promise<void> => {
    requireDigest(folder, (await run(["bash", layerScript, "digest", folder])).trim());
};
