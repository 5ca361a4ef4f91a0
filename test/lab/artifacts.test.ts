import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ensureArtifacts } from "../../artifacts/cache";
import { type ArtifactName, artifactCatalog } from "../../catalog/artifacts";
import { silent } from "../../lib/progress";

/** The artifacts that package registries have. A publisher's own site may be out of a test's reach. */
const names = (Object.keys(artifactCatalog) as ArtifactName[]).filter(
    (name) => !("url" in artifactCatalog[name].from || "byHand" in artifactCatalog[name].from),
);

test(
    "Maven and Debian really give every file, with the catalog's sums; from the cache it takes no time",
    { timeout: 300_000 },
    async () => {
        const cache = mkdtempSync(join(tmpdir(), "artifacts-"));
        try {
            const paths = await ensureArtifacts(names, { cache, progress: silent });
            expect(names.map((name) => statSync(paths[name]).size).every((size) => size > 4_000)).toBe(true);

            const start = performance.now();
            await ensureArtifacts(names, { cache, offline: true, progress: silent });
            expect(performance.now() - start).toBeLessThan(1_000);
        } finally {
            rmSync(cache, { recursive: true });
        }
    },
);
