import * as fs from "node:fs";
import * as path from "node:path";
import Mustache from "mustache";
import { expect, test } from "vitest";
import { render } from "../../../roles/template";
import { repository } from "../../support/repository";

const folder = repository("files");
const templates = fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".mustache"))
    .map((name) => name.replace(/\.mustache$/, ""));

test("a value that nobody gave is an error that names it", () => {
    expect(() => render("etc/profile.d/java.sh", {})).toThrow("the template names {{javaHome}}, which nobody gave it");
    expect(() => render("etc/profile.d/java.sh", { javaHome: undefined })).toThrow("{{javaHome}}");
});

test("so is one that only a list's items lack, and a section's name", () => {
    const hosts = { virtualAddress: "192.0.2.1", siteName: "example" };
    expect(() =>
        render("etc/hosts", { ...hosts, machines: [{ address: "192.0.2.2", name: "one" }, { address: "192.0.2.3" }] }),
    ).toThrow("{{name}}");
    expect(() => render("etc/hosts", hosts)).toThrow("{{machines}}");
});

test("what an item lacks comes from around it", () => {
    expect(
        render("etc/hosts", {
            virtualAddress: "192.0.2.1",
            siteName: "example",
            name: "outer",
            machines: [{ address: "192.0.2.2" }],
        }),
    ).toContain("192.0.2.2 outer\n");
});

test("false, zero and the empty text are values", () => {
    expect(
        render("usr/local/tomcat/bin/setenv.sh", { heapMiB: 0, copyBufferBytes: 0, properties: false, options: false }),
    ).toContain("-Xmx0m");
    expect(render("etc/profile.d/java.sh", { javaHome: "" })).toContain("JAVA_HOME=\n");
});

test.each(templates)("%s names something, or nothing at all", (name) => {
    const names = Mustache.parse(fs.readFileSync(path.join(folder, `${name}.mustache`), "utf8")).filter(
        ([kind]) => kind !== "text",
    );
    const attempt = () => render(name, {});
    if (names.length > 0) expect(attempt).toThrow(/which nobody gave it/);
    else expect(attempt).not.toThrow();
});

test("XML is escaped, and nothing else is", () => {
    const value = `<a & "b">`;
    expect(
        render("usr/local/tomcat/conf/context.xml", {
            dataSource: "",
            environment: [],
            transcoderFactory: "",
            memcachedNodes: value,
            failoverNodes: "",
            metrics: false,
            backupAsync: false,
            keepCopies: true,
            maxKiB: 0,
            maxSessions: 0,
            node: "",
        }),
    ).toContain(`memcachedNodes="&#60;a &#38; &#34;b&#34;&#62;"`);
    expect(render("etc/profile.d/java.sh", { javaHome: value })).toContain(`JAVA_HOME=${value}\n`);
});
