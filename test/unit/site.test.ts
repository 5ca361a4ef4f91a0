/** Checks of the sample application's source. The lab tests run it on Tomcat. */
import * as fs from "node:fs";
import * as path from "node:path";
import { DOMParser, onErrorStopParsing } from "@xmldom/xmldom";
import { describe, expect, test } from "vitest";
import { repository } from "../support/repository";

const folder = repository("site");
const application = path.join(folder, "mysite");
const read = (name: string) => fs.readFileSync(path.join(application, name), "utf8");
const named = (pattern: RegExp) =>
    fs
        .readdirSync(application, { recursive: true, encoding: "utf8" })
        .filter((name) => pattern.test(name))
        .sort();

const pages = named(/\.jsp$/);
const htmlPages = pages.filter((name) => read(name).includes("text/html"));
const html = [...htmlPages, ...named(/\.tag$/)];
/** The text without scriptlets, declarations, directives and comments: output for the client, and actions. */
const markup = (name: string) => read(name).replace(/<%[\s\S]*?%>/g, "");

describe("web.xml", () => {
    const document = new DOMParser({ onError: onErrorStopParsing }).parseFromString(
        read("WEB-INF/web.xml"),
        "text/xml",
    );
    const texts = (tag: string) => [...document.getElementsByTagName(tag)].map((element) => element.textContent ?? "");

    test("is for Servlet 3.0", () => {
        expect(document.documentElement?.namespaceURI).toBe("http://java.sun.com/xml/ns/javaee");
        expect(document.documentElement?.getAttribute("version")).toBe("3.0");
    });

    test("every page is one of its servlets, out of reach but for its mapping", () => {
        expect(pages).toHaveLength(4);
        expect(texts("jsp-file").sort()).toEqual(pages.map((page) => `/${page}`));
        expect(pages.every((page) => page.startsWith("WEB-INF/"))).toBe(true);
        expect(texts("url-pattern")).toEqual(["", "/counter.jsp", "/counter/*", "/health"]);
    });

    test("any error gets a page of ours, and sessions are in cookies alone", () => {
        expect(texts("location")).toEqual(["/WEB-INF/pages/error.jsp"]);
        expect(texts("error-code")).toEqual([]);
        expect(texts("tracking-mode")).toEqual(["COOKIE"]);
        expect(texts("http-only")).toEqual(["true"]);
    });
});

describe("nothing reaches HTML unescaped", () => {
    test.each(html)("%s: values are written by the escaping tag alone", (name) => {
        expect(html.length).toBeGreaterThan(6);
        expect(read(name)).not.toContain("<%=");
        // An expression may only be the whole value of an attribute of our own tags, because they write through
        // site:text only.
        const outside = markup(name).replace(/<site:\w+(?:\s+\w+="(?:\$\{[\w.]+\}|[^"$]*)")*\s*\/?>/g, "");
        expect(outside).not.toMatch(/[$#]\{/);
        if (!name.endsWith("/text.tag")) expect(read(name)).not.toMatch(/\bout\s*\.|getWriter|getOut\(/);
    });

    test("the escaping tag escapes every character that means something in text or an attribute", () => {
        const replacements = [...read("WEB-INF/tags/text.tag").matchAll(/\.replace\("(\\?.)", "([^"]+)"\)/g)];
        const escaped = replacements.reduce(
            (text, [, from, to]) => text.replaceAll((from ?? "").replace("\\", ""), to ?? ""),
            `<a href="x" title='&lt;'>`,
        );
        expect(escaped).toBe("&lt;a href=&quot;x&quot; title=&#39;&amp;lt;&#39;&gt;");
    });

    test("and the browser is told to run nothing", () => {
        expect(read("WEB-INF/tags/layout.tag")).toContain("default-src 'none'; style-src 'self'");
        for (const name of html) expect(markup(name)).not.toMatch(/<script|<style|\son\w+=|\sstyle=/i);
    });
});

test.each(pages)("%s makes no session unasked", (name) => {
    expect(read(name)).toContain(`<%@ page session="false"`);
    if (!/\/(index|counter)\.jsp$/.test(name)) expect(read(name)).not.toContain("getSession");
});

test("every page is framed by the layout, whose footer has its text in one place", () => {
    for (const page of htmlPages) expect(read(page)).toMatch(/<site:layout title="[^"]+">[\s\S]*<\/site:layout>\s*$/);
    const texts = [...read("WEB-INF/tags/footer.tag").matchAll(/<footer>(.+)<\/footer>/g)].map(([, text]) => text);
    expect(texts).toHaveLength(1);
    const files = named(/\.(jsp|tag|jspf|xml|css)$/).filter((name) => read(name).includes(texts[0] ?? ""));
    expect(files).toEqual(["WEB-INF/tags/footer.tag"]);
});

test("a session holds only what old serialisers know: its counter, an Integer", () => {
    const shared = read("WEB-INF/jspf/site.jspf");
    const stored = named(/\.(jsp|tag|jspf)$/).flatMap((name) =>
        [...read(name).matchAll(/\bsession\.setAttribute\(([^)]*)\)/gi)].map(([, what]) => `${name}: ${what ?? ""}`),
    );
    expect(stored).toEqual([`WEB-INF/jspf/site.jspf: "count", count`]);
    expect(shared).toMatch(/int count = count\(session\) \+ 1;/);
});

test("a note's limit is the same in the form, in the code and in the table, and the table can be made any number of times", () => {
    const schema = fs.readFileSync(path.join(folder, "schema.sql"), "utf8").replace(/^--.*$/gm, "");
    const limits = [
        /text VARCHAR\((\d+)\)/.exec(schema),
        /NOTE_LIMIT = (\d+)/.exec(read("WEB-INF/jspf/notes.jspf")),
        /maxlength="(\d+)"/.exec(read("WEB-INF/pages/index.jsp")),
    ];
    expect(limits.map((match) => match?.[1])).toEqual(["500", "500", "500"]);
    const statements = schema
        .split(";")
        .map((statement) => statement.trim())
        .filter(Boolean);
    expect(statements.every((statement) => statement.startsWith("CREATE TABLE IF NOT EXISTS "))).toBe(true);
    expect(statements.every((statement) => statement.includes("utf8mb4"))).toBe(true);
});
