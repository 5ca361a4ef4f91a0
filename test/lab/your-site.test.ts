/**
 * An application that nobody here wrote: JSPWiki from Maven Central, with logins by Tomcat. Two app servers, one
 * director, by the commands that users type.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silent } from "../../lib/progress";
import { inTime } from "../../lib/until";
import { readZip } from "../../lib/zip";
import { ensureApplication } from "../../artifacts/application";
import { fetchers } from "../../artifacts/fetchers";
import { cacheFolder } from "../../lib/environment";
import { siteWith } from "../support/article";
import { Checkout } from "../support/checkout";
import { classFile, zip } from "../support/war";

const site = "http://192.168.0.111/";
const source = "org.apache.jspwiki:jspwiki-war:2.11.2";
const settings = {
    machineKind: "container",
    platform: "debian-13",
    hypervisor: "lxc:///system",
    isolated: true,
    packageProxy: 3142,
    release: "maintained",
    virtualAddress: "192.168.0.111",
    machines: {
        nod0: { address: "192.168.0.200", roles: ["app", "memcached"] },
        nod2: { address: "192.168.0.202", roles: ["app", "memcached", "database"] },
        nod3: { address: "192.168.0.203", roles: ["director"], priority: 180 },
    },
    director: { source: "nginx-1.26.3" },
};
const password = "Wiki-s3cret";

let lab: Checkout;

/** Writes the stack file. */
function describeSite(application: object): void {
    const all = {
        ...settings,
        site: { application },
        applicationSecrets: JSON.stringify({ users: { anna: { password, roles: ["Authenticated"] } } }),
    };
    const config = Object.fromEntries(Object.entries(all).map(([key, value]) => [`lab:${key}`, value]));
    lab.write("Pulumi.local.yaml", JSON.stringify({ config }));
}

/** web.xml of JSPWiki with the part that lets Tomcat log users in, which is a comment there. */
async function webXml(): Promise<string> {
    await ensureApplication(siteWith({ release: "maintained", site: { application: { source } } }), {
        cache: cacheFolder(),
        progress: silent,
        fetchers,
    });
    const folder = join(cacheFolder(), "applications");
    const war = readdirSync(folder, { recursive: true, encoding: "utf8" }).find((name) =>
        name.endsWith("/jspwiki-war-2.11.2.war"),
    );
    const entry = readZip(readFileSync(join(folder, war ?? ""))).find(({ name }) => name === "WEB-INF/web.xml");
    return String(entry?.read().toString("latin1"))
        .replace("<!--  REMOVE ME TO ENABLE CONTAINER-MANAGED AUTH", "")
        .replace("REMOVE ME TO ENABLE CONTAINER-MANAGED AUTH  -->", "")
        .replaceAll(/<user-data-constraint>[^]*?<\/user-data-constraint>/g, "");
}

const wiki = () => ({
    source,
    files: join(lab.folder, "wiki"),
    health: "/Login.jsp",
    properties: {
        "jspwiki.fileSystemProvider.pageDir": "/var/lib/site/pages",
        "jspwiki.basicAttachmentProvider.storageDir": "/var/lib/site/pages",
        "jspwiki.workDir": "/var/lib/site/work",
    },
});

beforeAll(async () => {
    lab = await Checkout.create();
    mkdirSync(join(lab.folder, "wiki/WEB-INF"), { recursive: true });
    writeFileSync(join(lab.folder, "wiki/WEB-INF/web.xml"), await webXml(), "latin1");
});
afterAll(() => lab.remove());

/** curl with a visitor's cookies. */
const visit = (path: string, ...words: string[]) => {
    const jar = join(lab.home, "cookies");
    return lab.ok("curl", "-sS", "--location", "--max-time", "20", "-b", jar, "-c", jar, ...words, `${site}${path}`);
};
const greeting = async () => /G&#8217;day, [^<]*/.exec(await visit("Wiki.jsp?page=Main"))?.[0];
const server = () => /JSESSIONID\t\S+\.jvm(\d+)/.exec(readFileSync(join(lab.home, "cookies"), "utf8"))?.[1];

test("a broken application is refused before anything is made", async () => {
    writeFileSync(join(lab.folder, "broken.war"), zip({ "WEB-INF/classes/New.class": classFile(21) }));
    describeSite({ source: "broken.war" });
    const { code, all } = await lab.lab("preview");
    expect(code).toBe(2);
    expect(all).toContain("WEB-INF/classes/New.class is compiled for Java 21, and the machines have Java 8");
    expect(all).toContain("Nothing was created or changed.");
    expect((await lab.lab("status")).code).not.toBe(0);
});

test("a login outlives the Tomcat that took it, and a release that goes out; verify passes", async () => {
    describeSite(wiki());
    await lab.ok("up");
    const checks = "services,pages,app-servers,sessions,memcached,database,banners";
    expect(await lab.ok("verify", "--only", checks)).toContain("0 failed, 0 not run");

    await visit("Login.jsp");
    await visit(
        "j_security_check",
        "--data-urlencode",
        "j_username=anna",
        "--data-urlencode",
        `j_password=${password}`,
    );
    expect(await greeting()).toContain("anna (authenticated)");
    const first = server();
    const machine = first === "200" ? "nod0" : "nod2";
    await lab.ok("ssh", machine, "systemctl kill --signal=KILL tomcat; systemctl stop tomcat");
    expect(await greeting()).toContain("anna (authenticated)");
    expect(server()).not.toBe(first);
    await lab.ok("ssh", machine, "systemctl start tomcat");

    // keepalived's check goes through to the application.
    expect(
        await lab.ok(
            "ssh",
            "nod3",
            "curl --noproxy '*' -s -o /dev/null -w '%{http_code}' 127.0.0.1/director/app-servers",
        ),
    ).toBe("200");

    writeFileSync(join(lab.folder, "wiki/version.txt"), "second");
    await lab.ok("up");
    expect(await visit("version.txt")).toBe("second");
    expect(await greeting()).toContain("anna (authenticated)");
    expect(await lab.ok("ssh", "nod0", "ls /tomcat/applications | wc -l")).toBe("1\n");
    expect(await lab.ok("up")).toMatch(/Resources:\n\s+\d+ unchanged/);
});

test("nobody reads a secret in a list of processes", async () => {
    for (const machine of ["nod0", "nod2"])
        expect(await lab.ok("ssh", machine, "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'")).not.toContain(
            password,
        );
});

test("logs brings the lines of all machines in the order of their times, and says which one does not answer", async () => {
    await visit("Wiki.jsp?page=FindMe");
    const sourcesOf = (text: string) =>
        new Set(
            text
                .split("\n")
                .flatMap((line) => (line.includes("FindMe") ? (/ (nod\d +[^:]+): /.exec(line)?.[1] ?? "") : [])),
        );
    let stdout = "";
    // Tomcat writes its access log every ten seconds.
    const found = async () => {
        const answer = await lab.lab("logs", "--since", "5m");
        expect(answer.code).toBe(0);
        stdout = answer.stdout;
        return sourcesOf(stdout).size === 3;
    };
    expect(await inTime(found, { seconds: 30 })).toBe(true);
    expect([...sourcesOf(stdout)].map((name) => name.replace(/^nod\d +/, "")).sort()).toEqual([
        "apache2/access.log",
        "tengine/access.log",
        expect.stringMatching(/^tomcat\/nod[02]_access_log\.\.txt$/),
    ]);
    const times = stdout.split("\n").flatMap((line) => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.exec(line)?.[0] ?? []);
    expect(times.length).toBeGreaterThan(100);
    expect(times).toEqual([...times].sort());

    // An open connection outlives its ssh server.
    await lab.ok("ssh", "nod3", "systemctl stop ssh.socket ssh.service");
    const { code: without, all } = await lab.lab("logs", "--lines", "5");
    expect(without).toBe(1);
    expect(all).toContain("nod3 does not answer: ");
    expect(all.split("\n").filter((line) => /^\d{4}-/.test(line))).toHaveLength(5);
});
