import { expect, test } from "vitest";
import { type ArtifactName, catalogue } from "../../../catalog/artifacts";
import { releases } from "../../../catalog/releases";

test("the catalogue: file names are unique, sums well formed, keys say the version", () => {
    const all = Object.keys(catalogue) as ArtifactName[];
    const files = all.map((name) => catalogue[name].file);
    expect(new Set(files).size).toBe(files.length);
    for (const name of all) {
        expect(catalogue[name].sha256 ?? "0".repeat(64)).toMatch(/^[0-9a-f]{64}$/);
        expect(catalogue[name].file).toContain(/-([0-9.u]+)$/.exec(name)?.[1]);
    }
    expect(all.filter((name) => !catalogue[name].sha256)).toEqual(["tengine-3.1.0", "tengine-2.1.0", "jdk-8u45"]);
    const libraries = Object.values(releases).flatMap((release) => release.libraries);
    expect(libraries.map((name) => catalogue[name].file).every((file) => file.endsWith(".jar"))).toBe(true);
});
