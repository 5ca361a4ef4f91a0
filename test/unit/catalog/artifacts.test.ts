import { expect, test } from "vitest";
import { type ArtifactName, artifactCatalog } from "../../../catalog/artifacts";
import { releases } from "../../../catalog/releases";

test("the catalog: file names are unique, sums well formed, keys say the version", () => {
    const all = Object.keys(artifactCatalog) as ArtifactName[];
    const files = all.map((name) => artifactCatalog[name].file);
    expect(new Set(files).size).toBe(files.length);
    for (const name of all) {
        expect(artifactCatalog[name].sha256 ?? "0".repeat(64)).toMatch(/^[0-9a-f]{64}$/);
        expect(artifactCatalog[name].file).toContain(/-([0-9.u]+)$/.exec(name)?.[1]);
    }
    expect(all.filter((name) => !artifactCatalog[name].sha256)).toEqual(["tengine-3.1.0", "tengine-2.1.0", "jdk-8u45"]);
    const libraries = Object.values(releases).flatMap((release) => release.libraries);
    expect(libraries.map((name) => artifactCatalog[name].file).every((file) => file.endsWith(".jar"))).toBe(true);
});
