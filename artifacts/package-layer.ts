import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Removes the package layer in `folder` and fails if its digest is another one than when it was made. */
export function requireDigest(folder: string, digest: string): void {
    if (digest === readFileSync(join(folder, "digest"), "utf8").trim()) return;
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`${folder} has changed since it was made, and was removed.`);
}
