/** What an application of one's own changes on the machines. The folder of this test holds one with a class. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { DOMParser } from "@xmldom/xmldom";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pagesBuild } from "../../../roles/compiled-pages";
import { articleLab, siteWith } from "../../support/article";
import { mistakesOf } from "../../support/mistakes";
import { contextOn, fileOf, rolesOf } from "../../support/steps";

const home = "/usr/local/tomcat";
let source: string;
beforeAll(() => {
    source = fs.mkdtempSync(path.join(tmpdir(), "own-"));
    fs.mkdirSync(path.join(source, "WEB-INF/classes"), { recursive: true });
});
afterAll(() => fs.rmSync(source, { recursive: true }));

const own = (application: object = {}, more: object = {}) =>
    siteWith({ site: { application: { source, ...application } }, ...more });
const nod0 = (description: ReturnType<typeof own>) => description.machines.find(({ name }) => name === "nod0");
const text = async (description: ReturnType<typeof own>, file: string, machine = "nod0") =>
    (await fileOf(description, machine, file)).text;
const xml = async (description: ReturnType<typeof own>, file: string) =>
    new DOMParser().parseFromString(await text(description, `${home}/conf/${file}`), "text/xml");

const version = "/tomcat/applications/5a5a5a5a5a5a";

test("each version has its own folder, its own classes of pages, and a Tomcat that changes to it in its turn", async () => {
    const { site, tomcat } = await rolesOf(own(), "nod0");
    expect(site?.files).toEqual([]);
    expect(site?.script).toContain(`if [ ! -d ${version} ]; then`);
    expect(tomcat?.script).toContain("install -d -o tomcat -g tomcat -m 750 /var/lib/site");
    expect(await text(own(), `${home}/conf/server.xml`)).toContain(
        `<Context path="" docBase="${version}" workDir="work/5a5a5a5a5a5a"/>`,
    );
    const machine = nod0(own());
    expect(machine && pagesBuild(contextOn(own(), machine))).toBeUndefined();
});

test("directors ask the path that is named, by a name that makes no sessions, and treat it as any other page", async () => {
    const description = own({ contextPath: "/shop", health: "/shop/alive" });
    const script = await text(description, "/usr/libexec/tengine/check-app-servers", "nod3");
    expect(script).toContain(`--user-agent 'lab-health (bot)' "http://$1/shop/alive")`);
    const conf = await text(description, "/etc/tengine/nginx.conf", "nod3");
    expect(conf).toMatch(/proxy_pass http:\/\/\S+\/shop\/alive;\n/);
    expect(await text(description, "/usr/libexec/keepalived/check-site", "nod3")).toContain(
        `--user-agent 'lab-health (bot)' "http://$1/director/app-servers"`,
    );
    expect(conf).not.toContain("health(?:");
    expect((await rolesOf(description, "nod0")).tomcat?.configuration.ready?.command).toContain(":8081/shop/alive");
    expect((await rolesOf(own({ contextPath: "/shop" }), "nod0")).tomcat?.configuration.ready?.command).toMatch(
        /:8081\/shop\/$/,
    );
    expect(await text(description, `${home}/conf/server.xml`)).toContain('<Context path="/shop" ');
    const tengine = own({ health: "/alive" }, { director: { source: "tengine-3.1.0" } });
    expect(await text(tengine, "/etc/tengine/nginx.conf", "nod3")).toContain(
        'check_http_send "HEAD /alive HTTP/1.0\\r\\nUser-Agent: lab-health (bot)\\r\\n\\r\\n";',
    );
});

test("settings of the application", async () => {
    const description = own({
        environment: { "mail/host": `<a & "b">` },
        properties: { "shop.name": " Bücher\\", "shop.size": "1" },
        jvmOptions: ["-XX:+UseG1GC", "-Dx=1"],
        dataSource: "jdbc/shop",
        poolSize: 4,
        sessionMinutes: 90,
    });
    const context = await xml(description, "context.xml");
    const entries = Array.from(context.getElementsByTagName("Environment"));
    expect(entries.map((entry) => [entry.getAttribute("name"), entry.getAttribute("value")])).toEqual([
        ["node", "nod0"],
        ["mail/host", `<a & "b">`],
    ]);
    expect(context.getElementsByTagName("ResourceLink")[0]?.getAttribute("global")).toBe("jdbc/shop");
    const pool = (await xml(description, "database.xml")).documentElement;
    expect(["name", "maxActive", "maxIdle"].map((name) => pool?.getAttribute(name))).toEqual(["jdbc/shop", "4", "4"]);
    const properties = await fileOf(description, "nod0", `${home}/conf/site.properties`);
    expect(properties).toMatchObject({ mode: "640", owner: "root:tomcat", isSecret: false });
    expect(properties.text).toContain("\nshop.name=\\ B\\u00fccher\\\\\nshop.size=1\n");
    expect(properties.text).toContain('common.loader="${catalina.base}/lib"');
    const setenv = await text(description, `${home}/bin/setenv.sh`);
    expect(setenv).toContain("-Dcatalina.config=file://$CATALINA_HOME/conf/site.properties");
    expect(setenv).toContain('CATALINA_OPTS="$CATALINA_OPTS -XX:+UseG1GC -Dx=1"');
    expect((await rolesOf(description, "nod0")).tomcat?.script).toContain("<session-timeout>90</session-timeout>");
});

test("an application may write to folders of its own, and its logs are rotated without its help", async () => {
    const description = own({ writableFolders: ["WEB-INF/cache"] });
    const { tomcat, logs } = await rolesOf(description, "nod0");
    expect(tomcat?.script).toContain(`chown -R tomcat:tomcat ${version}/WEB-INF/cache\n`);
    const rotation = (of: typeof logs) => of?.files.find(({ path: file }) => file === "/etc/lab-logrotate.conf")?.text;
    expect(rotation(logs)).toContain("/var/log/tomcat/*.log {\n    copytruncate\n}\n");
    expect(rotation((await rolesOf(siteWith(), "nod0")).logs)).not.toContain("copytruncate");
});

test("sessions become copies by Java's own serialization where a stack says so", async () => {
    const factory = async (sessions: object) =>
        (await xml(own({}, { sessions }), "context.xml"))
            .getElementsByTagName("Manager")[0]
            ?.getAttribute("transcoderFactoryClass");
    expect(await factory({})).toBe("de.javakaffee.web.msm.serializer.kryo.KryoTranscoderFactory");
    expect(await factory({ serializer: "java" })).toBe("de.javakaffee.web.msm.JavaSerializationTranscoderFactory");
});

describe("secret values", () => {
    const secret = {
        environment: { "mail/password": "env-s3cret" },
        properties: { "shop.key": "prop-s3cret" },
        users: { anna: { password: "user-s3cret", roles: ["Admin", "Staff"] } },
    };

    test("come through standard input into files that Tomcat alone may read, and into no other text", async () => {
        const { tomcat } = await rolesOf(own({ properties: { a: "1" } }), "nod0", secret);
        const holding = tomcat?.files.filter((file) => file.text.includes("s3cret")) ?? [];
        expect(holding.map(({ path: file, mode, owner, isSecret }) => [file, mode, owner, isSecret])).toEqual(
            ["context.xml", "site.properties", "site-users.xml"].map((name) => [
                `${home}/conf/${name}`,
                "640",
                "root:tomcat",
                true,
            ]),
        );
        expect(tomcat?.script).not.toContain("s3cret");
        const file = (name: string) => holding.find(({ path: found }) => found.endsWith(name))?.text ?? "";
        expect(file("context.xml")).toContain('name="mail/password" value="env-s3cret"');
        expect(file("site.properties")).toContain("\na=1\nshop.key=prop-s3cret\n");
        expect(file("site-users.xml")).toContain('username="anna" password="user-s3cret" roles="Admin,Staff"');
        expect(tomcat?.files.find(({ path: found }) => found.endsWith("server.xml"))?.text).toContain(
            'pathname="conf/site-users.xml"',
        );
    });

    test.each([
        ["no JSON", "{", "the whole"],
        ["a typing mistake", '{"propertys": {}}', "Unrecognized key"],
        ["a number", '{"properties": {"a": 1}}', "properties.a"],
    ])("%s is a mistake that shows no value", (_name, applicationSecrets, problem) => {
        const { said } = mistakesOf((stack) => void Object.assign(stack, { applicationSecrets }));
        expect(said).toHaveLength(1);
        expect(said[0]?.[0]).toBe("applicationSecrets");
        expect(said[0]?.[1]).toContain(problem);
    });

    test("are read from JSON text, as Pulumi hands them over", () => {
        expect(articleLab().applicationSecrets).toBeUndefined();
        const { said } = mistakesOf(
            (stack) => void Object.assign(stack, { applicationSecrets: JSON.stringify(secret) }),
        );
        expect(said).toEqual([]);
    });
});

test.each([
    [{ source: "a b" }, "site.application.source"],
    [{ source: "group:artifact" }, "site.application.source"],
    [{ contextPath: "shop" }, "site.application.contextPath"],
    [{ contextPath: "/" }, "site.application.contextPath"],
    [{ health: "alive" }, "site.application.health"],
    [{ health: '/a" b' }, "site.application.health"],
    [{ environment: { node: "x" } }, "site.application.environment.node"],
    [{ properties: { "a b": "x" } }, "site.application.properties.a b"],
    [{ properties: { a: "${b}" } }, "site.application.properties.a"],
    [{ jvmOptions: ['-D"a b"'] }, "site.application.jvmOptions[0]"],
    [{ writableFolders: ["../x"] }, "site.application.writableFolders[0]"],
    [{ writableFolders: ["/x"] }, "site.application.writableFolders[0]"],
    [{ jvmOptions: ["-Xmx1g"] }, "site.application.jvmOptions[0]"],
])("%j is a mistake", (application, place) => {
    const { said } = mistakesOf((stack) => void Object.assign(stack, { site: { application } }));
    expect(said.map(([where]) => where)).toEqual([place]);
});

test("a picture among pages is carried byte by byte", async () => {
    const pages = fs.mkdtempSync(path.join(tmpdir(), "pages-"));
    const picture = Buffer.from([0x89, 0x50, 0xff, 0, 0xfe]);
    try {
        fs.mkdirSync(path.join(pages, "WEB-INF"));
        fs.writeFileSync(path.join(pages, "a.png"), picture);
        const { site } = await rolesOf(siteWith({ site: { application: { source: pages } } }), "nod0");
        const content = site?.configuration.files?.find(({ path: file }) => file.endsWith("/a.png"))?.content;
        expect(Buffer.isBuffer(content) && content.equals(picture)).toBe(true);
    } finally {
        fs.rmSync(pages, { recursive: true });
    }
});
