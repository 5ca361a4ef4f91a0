/** Pages as classes: how they are compiled, and the times that Tomcat compares. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { run } from "../../../lib/run";
import { compiledPages, pagesBuild } from "../../../roles/compiled-pages";
import { dateByContent, siteFiles } from "../../../roles/web-site";
import { onCentos, siteWith } from "../../support/article";
import { contextOn } from "../../support/steps";

let folder: string;
beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "pages-"));
});
afterEach(() => {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
    fs.rmSync(folder, { recursive: true });
});

describe("a page's time", () => {
    async function timeOf(content: string): Promise<number> {
        const file = path.join(folder, "a page.jsp");
        fs.writeFileSync(file, content);
        await run(["sh", "-euc", `${dateByContent}\ndate_by_content "$1"`, "sh", file]);
        return fs.statSync(file).mtimeMs;
    }

    test("is a whole second between 2000 and 2017, made from the content alone", async () => {
        const [first, other, again] = [await timeOf("one\n"), await timeOf("two\n"), await timeOf("one\n")];
        expect(again).toBe(first);
        expect(other).not.toBe(first);
        for (const time of [first, other]) {
            expect(time % 1000).toBe(0);
            expect(time).toBeGreaterThanOrEqual(Date.UTC(2000));
            expect(time).toBeLessThan(Date.UTC(2018));
        }
    });
});

describe("what compiles the pages", () => {
    const buildFor = (settings: Record<string, unknown> = {}) => {
        const description = siteWith(settings);
        const [machine] = description.machines;
        if (!machine) throw new Error("no machine");
        const context = contextOn(description, machine);
        // The test's artifacts have no sums.
        const artifacts = Object.fromEntries(
            Object.entries(context.artifacts).map(([name, artifact]) => [
                name,
                { ...artifact, sha256: `sum-of-${name}` },
            ]),
        ) as typeof context.artifacts;
        return { build: pagesBuild({ ...context, artifacts }), classes: compiledPages({ ...context, artifacts }) };
    };

    test("gets Tomcat and every file of the application", () => {
        const { build } = buildFor();
        expect(build?.sources.map(({ name }) => name)).toEqual([
            "tomcat-7.0.62.tar.gz",
            ...siteFiles(siteWith()).map((_, index) => `page-${index}`),
        ]);
        for (const [index, { name }] of siteFiles(siteWith()).entries())
            expect(build?.script).toContain(`\nplace page-${index} ${name}\n`);
    });

    test("is another build for another page, and is not done again for it where Tomcat runs", () => {
        const { build: before } = buildFor();
        const real = fs.readFileSync;
        vi.spyOn(fs, "readFileSync").mockImplementation(((file: string, ...words: [BufferEncoding]) =>
            String(file).endsWith("footer.tag")
                ? Buffer.from("another footer")
                : real(file, ...words)) as typeof fs.readFileSync);
        syncBuiltinESMExports();
        const { build: after } = buildFor();
        expect(after?.key).not.toBe(before?.key);
        expect(after?.redoFor).toBe(before?.redoFor);
    });

    test("is done again for another Tomcat, which never gets the classes of this one", () => {
        const [article, maintained] = [buildFor(), buildFor({ release: "maintained" })];
        expect(maintained.build?.key).not.toBe(article.build?.key);
        expect(maintained.build?.redoFor).not.toBe(article.build?.redoFor);
        expect(maintained.classes).not.toBe(article.classes);
        expect(article.build?.script).toContain("JasperListener");
        expect(maintained.build?.script).not.toContain("JasperListener");
    });

    test("is left out where a later step installs the JDK", () => {
        const description = onCentos("centos-7", { java: "oracle-rpm" });
        const [machine] = description.machines;
        expect(machine && pagesBuild(contextOn(description, machine))).toBeUndefined();
    });
});
