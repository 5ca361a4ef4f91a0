import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { bundled, checkout } from "../../lib/environment";

/** Generated, installed or not ours to write. */
const foreign = ["node_modules", "sdks", ".git", ".bundle", ".stage"];

/** The files below `folder` with one of the endings, as paths from the checkout. */
function filesBelow(folder: string, endings: string[]): string[] {
    return fs.readdirSync(path.join(checkout, folder), { withFileTypes: true }).flatMap((entry) => {
        const name = path.join(folder, entry.name);
        if (entry.isDirectory()) return foreign.includes(entry.name) ? [] : filesBelow(name, endings);
        return endings.includes(path.extname(entry.name)) ? [name] : [];
    });
}

const textOf = (file: string) => fs.readFileSync(path.join(checkout, file), "utf8");
const exists = (file: string) => fs.existsSync(path.join(checkout, file));
/** Without code blocks: fenced, or indented by four spaces after an empty line. */
const proseOf = (file: string) =>
    textOf(file)
        .replaceAll(/^```[\s\S]*?^```$/gm, "")
        .replaceAll(/(?<=\n\n)(?: {4}.*\n|\n)+/g, "\n");

const documents = filesBelow(".", [".md"]);
const guides = documents.filter((file) => !file.includes("/") || file.startsWith("docs/"));

/** A heading's anchor, as GitHub makes it. */
const anchorOf = (heading: string) =>
    heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .trim()
        .replaceAll(" ", "-");
const anchorsOf = (file: string) =>
    [...proseOf(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading));

describe.each(documents)("%s", (file) => {
    const links = [...proseOf(file).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target = ""]) => target)
        .filter((target) => !/^[a-z]+:/.test(target));

    test("has links to files and headings that exist", () => {
        const broken = links.filter((link) => {
            const [name = "", anchor] = link.split("#");
            const target = name === "" ? file : path.join(path.dirname(file), name);
            return !exists(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
        });
        expect(broken).toEqual([]);
    });

    test("names files that exist", () => {
        const words = [...proseOf(file).matchAll(/`([^`\n]+)`/g)].map(([, word = ""]) => word);
        const missing = words
            .filter((word) => isRepositoryPath(word, guides.includes(file)))
            .filter((word) => !exists(word) && !isBelow(path.dirname(file), word));
        expect(missing).toEqual([]);
    });
});

/** A folder's README names its files without the folder, guides name the whole path. */
const isBelow = (folder: string, word: string) =>
    folder !== "." && filesBelow(folder, [path.extname(word)]).some((file) => file.endsWith(`/${word}`));

/** Files that the program makes: a fresh checkout lacks them. */
const made = [".stage/", "artifacts/accepted.json"];
const looksLikePath = /^\.?[a-z][\w.@-]*(\/[\w.@-]+)*\/?$/;

/** Such as `launcher/main.ts`; in guides also folders and data files. Not `/etc/hosts`, `LAB_CACHE/artifacts/`. */
const isRepositoryPath = (word: string, isGuide: boolean) =>
    looksLikePath.test(word) &&
    (/\.(ts|cjs|sh|mustache|java)$/.test(word) || (isGuide && /(\/|\.md|\.json|\.yaml)$/.test(word))) &&
    !made.includes(word) &&
    !/\b[A-Z]{3,}\b/.test(word);

test("paths of the repository are recognised", () => {
    const paths = ["launcher/main.ts", "index.ts", "roles/", "docs/stack-file.schema.json"];
    const others = ["/etc/hosts", "LAB_CACHE/artifacts/", "Pulumi.STACK.yaml", "server.xml", "a b.ts", ".stage/"];
    expect([...paths, ...others].filter((word) => isRepositoryPath(word, true))).toEqual(paths);
});

test("the README has 150 lines at most", () => {
    expect(textOf("README.md").trimEnd().split("\n").length).toBeLessThanOrEqual(150);
});

test("every page of docs/ is linked from the README", () => {
    const linked = [...textOf("README.md").matchAll(/\]\((docs\/[\w-]+\.md)/g)].map(([, page]) => page);
    expect(guides.filter((file) => /^docs\/[^/]*$/.test(file) && !linked.includes(file))).toEqual([]);
});

test("every runbook is linked from the page on monitoring", () => {
    const linked = [...textOf("docs/monitoring.md").matchAll(/\]\((runbooks\/[\w-]+\.md)/g)].map(([, page]) => page);
    const runbooks = guides.filter((file) => file.startsWith("docs/runbooks/"));
    expect(runbooks.map((file) => file.slice("docs/".length)).sort()).toEqual(linked.sort());
});

test.each(documents)("%s has no line wider than 120 columns", (file) => {
    const wide = textOf(file)
        .split("\n")
        .filter((line) => [...line].length > 120);
    expect(wide).toEqual([]);
});

test("messages and comments name pages of docs/ that exist", () => {
    const missing = filesBelow(".", [".ts", ".cjs", ".sh", ".yaml"]).flatMap((file) =>
        [...textOf(file).matchAll(/\bdocs\/[\w.-]+\.(?:md|json)/g)]
            .filter(([page]) => !exists(page))
            .map(([page]) => `${file}: ${page}`),
    );
    expect(missing.filter((line) => !line.startsWith("test/"))).toEqual([]);
});

test("docs/architecture.md shows the imports between folders as they are", () => {
    const folders = ["lib", "catalog", "config", "artifacts", "hypervisors", "roles", "components", "launcher"];
    const importsOf = (files: string[], own: string) => {
        const imported = files.flatMap((file) =>
            [...textOf(file).matchAll(/(?:from|import\()\s*"(\.{1,2}\/[^"]+)"/g)].map(
                ([, target = ""]) => path.join(path.dirname(file), target).split("/")[0] ?? "",
            ),
        );
        return folders.filter((folder) => folder !== own && imported.includes(folder)).sort();
    };
    const actual = [
        ...folders.map((folder) => [`${folder}/`, importsOf(filesBelow(folder, [".ts"]), folder)] as const),
        ["index.ts", importsOf(["index.ts"], "")] as const,
    ];
    const [, table = ""] = textOf("docs/architecture.md").split("| imports from");
    const shown = [...(table.split("\n\n")[0] ?? "").matchAll(/^\| `([^`]+)` *\| (.*?) *\|$/gm)].map(
        ([, folder = "", targets = ""]) =>
            [folder, [...targets.matchAll(/`(\w+)\/`/g)].map(([, name]) => name)] as const,
    );
    expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(actual));
});

test("docs/commands.md has every command that ./lab help lists", () => {
    const [program, ...words] = [...bundled("lab"), "help"];
    const { stdout } = spawnSync(program, words, { cwd: checkout, encoding: "utf8" });
    const names = [...stdout.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name = ""]) => name);
    expect(names).toContain("up");
    const listed = [...textOf("docs/commands.md").matchAll(/^- \*\*`([a-z-]+)/gm)].map(([, name]) => name);
    expect(names.filter((name) => name !== "help" && !listed.includes(name))).toEqual([]);
});
