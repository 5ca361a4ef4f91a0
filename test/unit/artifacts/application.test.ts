/** What is done with an application before a machine gets it. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ensureApplication } from "../../../artifacts/application";
import { pagesFolder } from "../../../artifacts/application-folder";
import type { Wanted } from "../../../artifacts/fetchers";
import { UserError } from "../../../lib/errors";
import { silent } from "../../../lib/progress";
import { run } from "../../../lib/run";
import { siteWith } from "../../support/article";
import { classFile, zip } from "../../support/war";

let folder: string;
beforeEach(() => {
    folder = fs.mkdtempSync(path.join(tmpdir(), "application-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const at = (name: string) => path.join(folder, name);
function put(name: string, content: string | Buffer): string {
    fs.mkdirSync(path.dirname(at(name)), { recursive: true });
    fs.writeFileSync(at(name), content);
    return at(name);
}

const webXml = (version: string, namespace = "http://xmlns.jcp.org/xml/ns/javaee") =>
    `<?xml version="1.0"?>\n<!-- <web-app version="9.9"> -->\n<web-app xmlns="${namespace}" version="${version}"/>`;
const picture = Buffer.from([0x89, 0x50, 0xff, 0, 0xfe]);
const good = { "WEB-INF/web.xml": webXml("3.0"), "WEB-INF/classes/A.class": classFile(8), "a.png": picture };

const site = (application: object, release = "article") => siteWith({ release, site: { application } });
const options = () => ({ cache: at("cache"), progress: silent });
const ensure = (application: object, release?: string, more: object = {}) =>
    ensureApplication(site(application, release), { ...options(), ...more });

/** What a user reads. */
async function refusal(work: Promise<unknown>): Promise<string> {
    const error = await work.then(
        () => undefined,
        (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(UserError);
    return `${(error as UserError).message}\n${(error as UserError).remedy}`;
}

/** The content of a file in the archive for the machines. */
async function packed(archive: string | undefined, name: string): Promise<Buffer> {
    const target = fs.mkdtempSync(at("unpacked-"));
    await run(["tar", "-xzf", archive ?? "", "-C", target]);
    return fs.readFileSync(path.join(target, name));
}

describe("an archive", () => {
    test("is packed for the machines, byte by byte, and once", async () => {
        const source = put("shop.war", zip(good));
        const first = await ensure({ source });
        expect((await packed(first?.source, "a.png")).equals(picture)).toBe(true);
        const { ino } = fs.statSync(first?.source ?? "");
        expect(await ensure({ source })).toEqual(first);
        expect(fs.statSync(first?.source ?? "").ino).toBe(ino);
        put("shop.war", zip({ ...good, "b.txt": "new" }));
        expect((await ensure({ source }))?.sha256).not.toBe(first?.sha256);
    });

    test("gets the files of another folder over its own", async () => {
        const source = put("shop.war", zip(good));
        put("over/WEB-INF/web.xml", webXml("2.5"));
        put("over/WEB-INF/classes/shop.properties", "a=b");
        const { source: archive } = (await ensure({ source, files: at("over") })) ?? {};
        expect(String(await packed(archive, "WEB-INF/web.xml"))).toContain('version="2.5"');
        expect(String(await packed(archive, "WEB-INF/classes/shop.properties"))).toBe("a=b");
        expect((await packed(archive, "a.png")).equals(picture)).toBe(true);
    });

    test("with another sum than the stack file's is refused", async () => {
        const source = put("shop.war", zip(good));
        const said = await refusal(ensure({ source, sha256: "0".repeat(64) }));
        expect(said).toMatch(
            /^lab:site\.application\.sha256: .*shop\.war has the sha256 [0-9a-f]{64} instead of 0{64}\./,
        );
    });

    test.each([
        ["that is none", Buffer.from("<html>404</html>"), "is no ZIP archive, or only the beginning of one"],
        ["without WEB-INF", zip({ "index.html": "" }), "it has no folder WEB-INF, so it is no web application"],
        [
            "with a class of Java 21",
            zip({ ...good, "WEB-INF/classes/B.class": classFile(21) }),
            "WEB-INF/classes/B.class is compiled for Java 21, and the machines have Java 8",
        ],
        [
            "with such a class in a library",
            zip({ ...good, "WEB-INF/lib/x.jar": zip({ "C.class": classFile(11), "D.class": classFile(17) }) }),
            "WEB-INF/lib/x.jar: D.class is compiled for Java 17, and the machines have Java 8 (2 classes are too new)",
        ],
        [
            "with a damaged library",
            zip({ ...good, "WEB-INF/lib/x.jar": "half" }),
            "has WEB-INF/lib/x.jar, which is no ZIP archive",
        ],
        [
            "for Jakarta EE by its web.xml",
            zip({ "WEB-INF/web.xml": webXml("6.0", "https://jakarta.ee/xml/ns/jakartaee") }),
            "it is written for jakarta.servlet, and Tomcat 7.0.62 has javax.servlet",
        ],
        [
            "for Jakarta EE by its classes",
            zip({ "WEB-INF/classes/A.class": classFile(8, "jakarta/servlet/http/HttpServlet") }),
            "it is written for jakarta.servlet",
        ],
        [
            "for a newer servlet API",
            zip({ "WEB-INF/web.xml": webXml("3.1") }),
            "its web.xml asks for Servlet 3.1, and Tomcat 7.0.62 has 3.0; `lab:release: maintained` has 4.0",
        ],
    ])("%s is refused, with its name and a remedy, and nothing is kept", async (_name, content, problem) => {
        const source = put("shop.war", content);
        const said = await refusal(ensure({ source }));
        expect(said).toContain("lab:site.application.source: ");
        expect(said).toContain("shop.war");
        expect(said).toContain(problem);
        expect(said).toContain("Nothing was created or changed.\nRemedy: ");
        expect(fs.existsSync(at("cache"))).toBe(false);
    });

    test("may bring newer classes for newer Javas, and fit the one release and not the other", async () => {
        const library = zip({
            "E.class": classFile(8, "jakarta/servlet/Filter javax/servlet/Filter"),
            "module-info.class": classFile(9),
            "META-INF/versions/11/E.class": classFile(11),
        });
        const source = put("shop.war", zip({ "WEB-INF/web.xml": webXml("4.0"), "WEB-INF/lib/e.jar": library }));
        expect(await ensure({ source }, "maintained")).toBeDefined();
        expect(await refusal(ensure({ source }))).toContain("asks for Servlet 4.0");
    });

    test("that does not exist is refused", async () => {
        expect(await refusal(ensure({ source: at("none.war") }))).toContain("none.war does not exist");
        expect(await refusal(ensure({ source: at("none") }))).toContain("none is no folder");
        const source = put("shop.war", zip(good));
        expect(await refusal(ensure({ source, files: at("none") }))).toContain("lab:site.application.files: ");
    });
});

describe("a download", () => {
    const fetched: Wanted[] = [];
    const fetch = async (wanted: Wanted[], target: string) => {
        fetched.push(...wanted);
        for (const { file } of wanted) fs.writeFileSync(path.join(target, file), zip(good));
        return Promise.resolve();
    };
    const refused = () => Promise.reject(new Error("no such file"));
    beforeEach(() => void fetched.splice(0));

    test("of a Maven coordinate happens once, and again where the file was damaged", async () => {
        const source = "org.example:shop:1.0:all";
        const fetchers = { maven: fetch, url: refused };
        const first = await ensure({ source }, "article", { fetchers });
        expect(fetched).toEqual([{ file: "shop-1.0-all.war", address: "org.example:shop:1.0:war:all" }]);
        expect(await ensure({ source }, "article", { fetchers: { maven: refused, url: refused } })).toEqual(first);
        const [file = ""] = fs
            .readdirSync(at("cache/applications"), { recursive: true, encoding: "utf8" })
            .filter((name) => name.endsWith(".war"));
        fs.appendFileSync(at(`cache/applications/${file}`), "x");
        expect(await ensure({ source }, "article", { fetchers })).toEqual(first);
        expect(fetched).toHaveLength(2);
    });

    test("of an address is checked against its sum", async () => {
        const source = "https://example.org/files/shop.war?x=1";
        const said = await refusal(
            ensure({ source, sha256: "0".repeat(64) }, "article", { fetchers: { maven: refused, url: fetch } }),
        );
        expect(fetched).toEqual([{ file: "shop.war", address: source }]);
        expect(said).toContain("instead of 0000");
        expect(() => site({ source })).toThrow("lab:site.application.sha256: is missing");
    });

    test("that fails, or is forbidden, names the source", async () => {
        const source = "org.example:shop:1.0";
        const none = { fetchers: { maven: refused, url: refused } };
        expect(await refusal(ensure({ source }, "article", none))).toContain(
            `${source} could not be downloaded: no such file`,
        );
        expect(await refusal(ensure({ source }, "article", { ...none, offline: true }))).toContain(
            "is not in the cache",
        );
    });
});

describe("a folder", () => {
    test("of pages alone goes to the machines as it is", async () => {
        put("pages/WEB-INF/web.xml", webXml("3.0"));
        const source = at("pages");
        expect(pagesFolder(site({ source }))).toBe(source);
        expect(await ensure({ source })).toBeUndefined();
        expect(await ensure({})).toBeUndefined();
    });

    test("with classes is packed, and a changed file makes another version", async () => {
        for (const [name, content] of Object.entries(good)) put(`shop/${name}`, content);
        const source = at("shop");
        const first = await ensure({ source });
        expect((await packed(first?.source, "a.png")).equals(picture)).toBe(true);
        put("shop/a.png", "x");
        expect((await ensure({ source }))?.sha256).not.toBe(first?.sha256);
        put("shop/WEB-INF/classes/A.class", classFile(21));
        expect(await refusal(ensure({ source }))).toContain("is compiled for Java 21");
    });

    test("without WEB-INF is refused", async () => {
        put("pages/index.jsp", "");
        expect(await refusal(ensure({ source: at("pages") }))).toContain("it has no folder WEB-INF");
    });
});
