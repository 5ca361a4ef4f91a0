/** The rules of .dependency-cruiser.cjs, on small made-up trees. `./lab test` applies them to the project itself. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { repository } from "../support/repository";

let folder: string;
beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "layers-"));
    fs.writeFileSync(path.join(folder, "tsconfig.json"), "{}\n");
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** The violations in a tree of these files (path: modules that it imports), as "RULE: FROM -> TO". */
function violationsIn(tree: Record<string, string[]>): string[] {
    for (const [file, imports] of Object.entries(tree)) {
        fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
        const lines = imports.map((name) => `export * from "./${path.relative(path.dirname(file), name)}";\n`);
        fs.writeFileSync(path.join(folder, file), `${lines.join("")}export type Own = string;\n`);
    }
    const { stdout, stderr } = spawnSync(
        repository("node_modules/.bin/depcruise"),
        ["--config", repository(".dependency-cruiser.cjs"), "--output-type", "json", "."],
        { cwd: folder, encoding: "utf8", maxBuffer: 2 ** 24 },
    );
    if (stdout === "") throw new Error(stderr);
    const { summary } = JSON.parse(stdout) as {
        summary: { violations: { from: string; to: string; rule: { name: string } }[] };
    };
    return summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} -> ${to}`).sort();
}

test("each layer may import its own files and lower layers", () => {
    expect(
        violationsIn({
            "lib/text.ts": [],
            "lib/table.ts": ["lib/text"],
            "catalog/releases.ts": ["lib/text"],
            "config/schema.ts": ["catalog/releases", "lib/table"],
            "artifacts/cache.ts": ["config/schema"],
            "hypervisors/virsh.ts": ["config/schema", "artifacts/cache"],
            "roles/tomcat.ts": ["hypervisors/virsh"],
            "components/lab.ts": ["roles/tomcat"],
            "index.ts": ["components/lab"],
            "launcher/main.ts": ["index", "lib/text"],
            "test/unit/main.test.ts": ["launcher/main"],
        }),
    ).toEqual([]);
});

test("each layer refuses imports of a higher one, even of a type", () => {
    expect(
        violationsIn({
            "lib/text.ts": ["catalog/releases"],
            "catalog/releases.ts": ["config/schema"],
            "config/schema.ts": ["hypervisors/virsh"],
            "artifacts/cache.ts": ["roles/tomcat"],
            "hypervisors/virsh.ts": ["roles/tomcat"],
            "roles/tomcat.ts": ["components/lab"],
            "components/lab.ts": ["index"],
            "index.ts": ["launcher/main"],
            "launcher/main.ts": [],
        }),
    ).toEqual([
        "artifacts-and-hypervisors-imports-no-higher-layer: artifacts/cache.ts -> roles/tomcat.ts",
        "artifacts-and-hypervisors-imports-no-higher-layer: hypervisors/virsh.ts -> roles/tomcat.ts",
        "catalog-imports-no-higher-layer: catalog/releases.ts -> config/schema.ts",
        "components-imports-no-higher-layer: components/lab.ts -> index.ts",
        "config-imports-no-higher-layer: config/schema.ts -> hypervisors/virsh.ts",
        "index.ts-imports-no-higher-layer: index.ts -> launcher/main.ts",
        "lib-imports-no-higher-layer: lib/text.ts -> catalog/releases.ts",
        "roles-imports-no-higher-layer: roles/tomcat.ts -> components/lab.ts",
    ]);
});

test("circles are refused in all folders but the generated SDK", () => {
    expect(
        violationsIn({
            "lib/one.ts": ["lib/two"],
            "lib/two.ts": ["lib/three"],
            "lib/three.ts": ["lib/one"],
            "sdks/libvirt/domain.ts": ["sdks/libvirt/index"],
            "sdks/libvirt/index.ts": ["sdks/libvirt/domain"],
        }),
    ).toEqual([expect.stringMatching(/^no-circle: lib\//)]);
});

test("the product imports no test", () => {
    expect(violationsIn({ "launcher/main.ts": ["test/support/article"], "test/support/article.ts": [] })).toEqual([
        "no-test-in-the-product: launcher/main.ts -> test/support/article.ts",
    ]);
});
