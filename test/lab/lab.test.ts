/**
 * The shipped lab from the first `./lab up`, which is killed twice, to the last `./lab down`, by the commands that
 * users type.
 */
import { existsSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silent } from "../../lib/progress";
import { findIsolatedHost } from "../../launcher/isolated-host/index";
import { ensureHostPackages } from "../../launcher/isolated-host/host-packages";
import { Checkout, descendant, type Call } from "../support/checkout";
import { hostState, namespaces, reportOn, eventually } from "../support/host-state";

const site = "http://192.168.0.111/";
const maxSessions = 500;
const heap = `  lab:sessions: { max: ${maxSessions} }\n  lab:tomcat: { heapMiB: 200 }\n`;
const names = ["mysql", "nod0", "nod1", "nod2", "nod3", "nod4"];

let lab: Checkout;
let before: Record<string, string>;
let stackFile: string;
const state = () =>
    hostState([join(lab.home, "local")], () => String(existsSync(lab.home) && existsSync(join(lab.home, "local"))));

beforeAll(async () => {
    await ensureHostPackages("container", silent);
    lab = await Checkout.create();
    stackFile = lab.read("Pulumi.local.yaml");
    before = await state();
});

afterAll(() => lab.remove());

interface Page {
    node?: string;
    count: number;
    session?: string;
    text: string;
}

function parsePage(text: string): Page {
    const field = (id: string) => new RegExp(`id="${id}">(?:<code>)?([^<]+)<`).exec(text)?.[1];
    return {
        node: field("node"),
        count: Number(field("count")),
        session: /^[0-9A-F]+/.exec(field("session") ?? "")?.[0],
        text,
    };
}

/** The page through the virtual address; `words` are arguments of curl. */
const page = async (...words: string[]) =>
    parsePage(await lab.ok("curl", "-sS", "--fail", "--max-time", "10", ...words, site));

/** Files in the folder where Tomcat looks for the classes of pages. */
const workFiles = async (machine: string, pattern: string) =>
    (await lab.ok("ssh", machine, `cd /usr/local/tomcat/work/mysite/org/apache/jsp && find * -name '${pattern}'`))
        .split("\n")
        .filter(Boolean);
const classes = (machine: string) => workFiles(machine, "*.class");
/** Tomcat leaves the Java text beside the class of each page that it compiles. */
const compiledByTomcat = (machine: string) => workFiles(machine, "*.java");

/** A visitor who keeps cookies. */
const jar = (name = "cookies") => join(lab.home, name);
const visit = (name?: string) => page("-b", jar(name), "-c", jar(name));

interface Visitor extends Page {
    /** The memcached that the session's id names. */
    copy?: string;
    visit: () => Promise<Page>;
}

/**
 * A visitor whose session is on `home`. Any server gets the first request; the hash of the session's id decides from
 * the second one on.
 */
async function visitorOf(home: string): Promise<Visitor> {
    for (;;) {
        await page("-c", jar(home));
        const visitor: Visitor = {
            ...(await visit(home)),
            visit: async () => {
                const now = await visit(home);
                return Object.assign(visitor, now, {
                    copy: /id="session"><code>[^<]*-(memcached\d)/.exec(now.text)?.[1],
                });
            },
        };
        if (visitor.node === home) return visitor;
    }
}

async function addNote(text: string): Promise<void> {
    expect(
        await lab.ok(
            "curl",
            "-sS",
            "--max-time",
            "10",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "--data-urlencode",
            `text=${text}`,
            site,
        ),
    ).toBe("303");
}

/** The output of `script` on each machine, by machine. */
async function onAll(script: string): Promise<Record<string, string>> {
    const config = (await lab.ok("ssh-config")).trim();
    const answers = await lab.inside(
        `for machine in ${names.join(" ")}; do ssh -F ${config} $machine ${quote(script)} | sed "s/^/$machine /"; done`,
    );
    return Object.fromEntries(
        names.map((name) => [
            name,
            answers
                .split("\n")
                .filter((line) => line.startsWith(`${name} `))
                .map((line) => line.slice(name.length + 1))
                .join("\n"),
        ]),
    );
}
const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** The last start of each running service: machine/unit to microseconds since boot. */
async function starts(): Promise<Map<string, string>> {
    const answers = await onAll(
        "systemctl show --property=Id,ActiveEnterTimestampMonotonic $(systemctl list-units --type=service --state=running --plain --no-legend | cut -d' ' -f1)",
    );
    return new Map(
        Object.entries(answers).flatMap(([name, text]) =>
            text.split("\n\n").map((unit) => {
                const [id, time] = ["Id", "ActiveEnterTimestampMonotonic"].map(
                    (key) => new RegExp(`^${key}=(.*)$`, "m").exec(unit)?.[1] ?? "",
                );
                return [`${name}/${id}`, time ?? ""] as const;
            }),
        ),
    );
}

/** The services that were started since `earlier`. */
async function restartedSince(earlier: Map<string, string>): Promise<string[]> {
    return [...(await starts())]
        .filter(([unit, time]) => earlier.get(unit) !== time)
        .map(([unit]) => unit)
        .sort();
}

/** What a preview would touch: resource to changed properties. */
async function planned(): Promise<Record<string, string[]>> {
    const { steps } = JSON.parse(await lab.ok("preview", "--json")) as {
        steps: { op: string; urn: string; detailedDiff?: Record<string, unknown> | null }[];
    };
    const touched = steps
        .filter(({ op }) => op !== "same")
        .map(({ urn, detailedDiff }) => [urn.split("::").at(-1) ?? "", Object.keys(detailedDiff ?? {})] as const);
    return Object.fromEntries(
        touched.map(([name]) => [
            name,
            [...new Set(touched.filter(([other]) => other === name).flatMap(([, keys]) => keys))].sort(),
        ]),
    );
}

/** The start time of each machine's process 1, which changes with each boot. */
const boots = () => onAll("cut -d' ' -f22 /proc/1/stat");
const isWell = (seconds: number) =>
    eventually(
        () => lab.lab("status"),
        ({ code }) => code === 0,
        seconds,
    );
const holder = async () => /is on (.*)\.$/m.exec((await lab.lab("status")).stdout)?.[1];

describe("up", () => {
    /** Kills a run's pulumi as soon as `isThere`. */
    async function killAt(call: Call, isThere: () => boolean): Promise<void> {
        let ended = false;
        void call.ended.then(() => {
            ended = true;
        });
        await eventually(
            () => Promise.resolve(isThere() || ended),
            (now) => now,
            600,
        );
        const pulumi = descendant(call.child.pid!, "pulumi");
        expect(pulumi, call.output()).toBeDefined();
        process.kill(pulumi!, "SIGKILL");
        expect((await call.ended).code).not.toBe(0);
    }

    test("killed while machines are made, then while software is installed, goes on to a good end without a question", async () => {
        const file = join(lab.home, "local", "pulumi", ".pulumi", "stacks", "lab", "local.json");
        // The state has a step that runs a moment after the screen shows it.
        const underWay = () =>
            /"pending_operations": \[[^]*nod\d-domain/.test(existsSync(file) ? readFileSync(file, "utf8") : "");
        // With package layers there would be nothing to install, and nothing to interrupt.
        await killAt(lab.start(["up", "--no-layers"]), underWay);
        const second = lab.start(["up", "--no-layers"]);
        await killAt(second, () => /nod\d-packages created/.test(second.output()));
        expect(second.output()).toMatch(
            /The last run was killed \(process \d+\)\. Its lock is removed\.\n.*interrupted at .*nod\d-domain/,
        );
        const { code, all } = await lab.lab("up");
        expect(all).toMatch(/interrupted at .*-packages/);
        expect(all).not.toMatch(/warning|pending operations/i);
        expect(code, all).toBe(0);
        expect(all.split("\n").length).toBeLessThan(300);
    });

    test("the page comes through the virtual address, with a session and a row of the database, from both app servers", async () => {
        await addNote("Ein Gruß & <ein> 'Test'");
        const first = await visit();
        expect(first.text).toContain("Ein Gruß &amp; &lt;ein&gt; &#39;Test&#39;");
        expect(first.count).toBe(1);
        const second = await visit();
        // Any server got the first request, which had no session. From the second one on, the hash of the session's id
        // decides.
        expect([second.count, second.session]).toEqual([2, first.session]);
        const third = await visit();
        expect([third.count, third.session, third.node]).toEqual([3, first.session, second.node]);
        const nodes = (await lab.inside(`for i in $(seq 30); do curl -sS --fail --max-time 10 ${site}; done`)).matchAll(
            /id="node">([^<]+)</g,
        );
        expect([...new Set([...nodes].map(([, node]) => node))].sort()).toEqual(["nod0", "nod2"]);
    });

    test("Tomcat compiled no page: the classes came with it", async () => {
        for (const name of ["nod0", "nod2"]) {
            expect(await classes(name)).toContain("WEB_002dINF/pages/index_jsp.class");
            expect(await compiledByTomcat(name)).toEqual([]);
        }
    });

    test("status says that all is well, and who holds the virtual address", async () => {
        const table = await lab.ok("status");
        for (const name of names) expect(table).toMatch(new RegExp(`^${name} .* well`, "m"));
        expect(table.split("\n").filter((line) => /^\S.* 192\.168\.0\.111$/.test(line))).toHaveLength(1);
        expect(await holder()).toBe("nod3");
    });

    test("again changes nothing, and a preview agrees", async () => {
        const earlier = await starts();
        const time = performance.now();
        expect(await lab.ok("up")).toMatch(/Resources:\n +\d+ unchanged\n/);
        const up = performance.now();
        await lab.ok("preview", "--expect-no-changes");
        process.stdout.write(
            `up again: ${((up - time) / 1000).toFixed(1)} s; preview: ${((performance.now() - up) / 1000).toFixed(1)} s\n`,
        );
        expect(await restartedSince(earlier)).toEqual([]);
    });

    test("nothing on this machine or in the lab is asked through a proxy of the environment", async () => {
        // Nothing listens on port 1, so whatever is asked through it fails.
        const closed = "http://127.0.0.1:1";
        const env = {
            ...Object.fromEntries(
                ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "grpc_proxy"].map((name) => [
                    name,
                    closed,
                ]),
            ),
            no_proxy: "a.example, b.example",
        };
        for (const words of [
            ["preview", "--expect-no-changes"],
            ["verify"],
            ["status"],
            ["curl", "-sS", "--fail", "--resolve", "www.test.com:80:192.168.0.111", "http://www.test.com/health"],
            ["exec", "curl", "-sS", "--fail", `${site}health`],
        ]) {
            const { code, all } = await lab.start(words, env).ended;
            expect(code, `${words.join(" ")}: ${all}`).toBe(0);
        }
    });
});

describe("a change touches only what it is about:", () => {
    test("the footer: the site's files, and no service", async () => {
        const earlier = await starts();
        lab.edit("site/mysite/WEB-INF/tags/footer.tag", "Two directors", "Zwei Direktoren");
        const footer = `triggers[1]["files/tomcat/app/mysite/WEB-INF/tags/footer.tag"]`;
        expect(await planned()).toEqual({
            "nod0-files": ["source"],
            "nod0-site": [footer],
            "nod2-files": ["source"],
            "nod2-site": [footer],
        });
        await lab.ok("up");
        await eventually(page, ({ text }) => text.includes("<footer>Zwei Direktoren"));
        expect(await restartedSince(earlier)).toEqual([]);
        expect((await Promise.all(["nod0", "nod2"].map(compiledByTomcat))).flat()).toContain("tag/webfooter_tag.java");
    });

    test("Tomcat's heap, sessions and the largest form: three files and Tomcat on the app servers; what is in the way there is named, and the next up goes on", async () => {
        const earlier = await starts();
        lab.edit("Pulumi.local.yaml", "  lab:director:", `${heap}  lab:director:`);
        const changed = ["bin/setenv.sh", "conf/context.xml", "conf/server.xml"].map(
            (file) => `triggers[1]["files/usr/local/tomcat/${file}"]`,
        );
        expect(await planned()).toEqual({
            "nod0-files": ["source"],
            "nod0-tomcat": changed,
            "nod2-files": ["source"],
            "nod2-tomcat": changed,
        });

        await lab.ok("ssh", "nod2", "cd /usr/local/tomcat/bin && rm setenv.sh && mkdir setenv.sh");
        const { code, all } = await lab.lab("up");
        expect(code).not.toBe(0);
        expect(all).toMatch(/nod2-tomcat[\s\S]*setenv\.sh/);
        expect(await lab.ok("ssh", "nod0", "ps -C java -o args=")).toContain("-Xmx200m");
        await lab.ok("ssh", "nod2", "rmdir /usr/local/tomcat/bin/setenv.sh");
        expect(Object.keys(await planned())).toEqual(["nod2-tomcat"]);
        await lab.ok("up");
        expect(await lab.ok("ssh", "nod2", "ps -C java -o args=")).toContain("-Xmx200m");
        // systemd starts and stops httpd with Tomcat.
        expect(await restartedSince(earlier)).toEqual(
            ["nod0", "nod2"].flatMap((name) => [`${name}/apache2.service`, `${name}/tomcat.service`]),
        );
    });

    test("keepalived's priority: one director's file, read again without a restart", async () => {
        const earlier = await starts();
        lab.edit("Pulumi.local.yaml", "priority: 179", "priority: 170");
        const file = `triggers[1]["files/etc/keepalived/keepalived.conf"]`;
        expect(await planned()).toEqual({ "nod4-files": ["source"], "nod4-keepalived": [file] });
        await lab.ok("up");
        expect(await lab.ok("ssh", "nod4", "grep priority /etc/keepalived/keepalived.conf")).toMatch(
            /^\s*priority 170$/m,
        );
        expect(await restartedSince(earlier)).toEqual([]);
    });

    test("unicast adverts: both directors' file; the address has one holder where multicast does not arrive", async () => {
        const unicast = "  lab:keepalived: { unicast: true }\n";
        lab.edit("Pulumi.local.yaml", "config:\n", `config:\n${unicast}`);
        expect(Object.keys(await planned()).sort()).toEqual(
            ["nod3", "nod4"].flatMap((name) => [`${name}-files`, `${name}-keepalived`]),
        );
        await lab.ok("up");
        for (const name of ["nod3", "nod4"])
            await lab.ok("ssh", name, "nft insert rule inet lab input ip daddr 224.0.0.18 drop");
        await lab.ok("ssh", "nod3", "systemctl stop keepalived");
        await eventually(holder, (now) => now === "nod4");
        await lab.ok("ssh", "nod3", "systemctl start keepalived");
        // nod4 gives the address up when it hears nod3.
        await eventually(holder, (now) => now === "nod3");
        for (const name of ["nod3", "nod4"]) await lab.ok("ssh", name, "systemctl reload nftables");
        lab.edit("Pulumi.local.yaml", unicast, "");
        await lab.ok("up");
        await isWell(10);
    });
});

describe("requests and answers of any size", () => {
    /** Answers with a header field, a status and a count of what it was sent. */
    const echo = `<%@ page session="false" trimDirectiveWhitespaces="true" %><%
if (request.getParameter("status") != null) response.setStatus(Integer.parseInt(request.getParameter("status")));
if (request.getParameter("field") != null) response.setHeader("X-Large", new String(new char[Integer.parseInt(request.getParameter("field"))]).replace("\\0", "a"));
String field = request.getHeader("X-Large"), form = request.getParameter("form");
long body = 0;
byte[] part = new byte[65536];
if (form == null) for (int read; (read = request.getInputStream().read(part)) > 0;) body += read;
out.print("application " + (field == null ? 0 : field.length()) + " " + (form == null ? body : form.length()));
%>`;
    const mebibyte = 1024 * 1024;
    /**
     * Runs curl in the lab and gives the answer, then its status. Both arguments are the shell's: `$(as 9)` is a text of
     * 9 letters.
     */
    const ask = async (words: string, address = `'${site}echo.jsp'`) =>
        (
            await lab.inside(
                `as() { head -c $1 /dev/zero | tr '\\0' a; }; curl -sS --max-time 60 -w '\\n%{http_code}' ${words} ${address}`,
            )
        ).trim();

    beforeAll(async () => {
        for (const name of ["nod0", "nod2"])
            await lab.ok("ssh", name, `printf %s ${quote(echo)} > /tomcat/app/mysite/echo.jsp`);
    });
    afterAll(async () => {
        for (const name of ["nod0", "nod2"]) await lab.ok("ssh", name, "rm /tomcat/app/mysite/echo.jsp");
    });

    test("32 KiB of header fields, in one or in many, and of address, in both directions", async () => {
        expect(await ask('-H "X-Large: $(as 9000)"')).toBe("application 9000 0\n200");
        expect(await ask('-H "X-Large: $(as 32000)"')).toBe("application 32000 0\n200");
        expect(
            await ask('-H "X-Large: $(as 7000)" -H "Cookie: a=$(as 8000); b=$(as 8000)" -H "X-Other: $(as 7000)"'),
        ).toBe("application 7000 0\n200");
        expect(await ask('$(seq -f "-HX-%g:1" 300)')).toBe("application 0 0\n200");
        expect(await ask("", `'${site}echo.jsp?'$(as 32000)`)).toBe("application 0 0\n200");
        const answer = await lab.inside(`curl -sS -D - -o /dev/null --max-time 10 '${site}echo.jsp?field=32000'`);
        expect(/^X-Large: (a+)\r?$/m.exec(answer)?.[1]).toHaveLength(32000);
    });

    test("what is larger gets the site's error page with its own status, whatever the directors refuse", async () => {
        const page = (status: number) => new RegExp(`<h1>www\\.test\\.com</h1>[^]*Error ${status}<[^]*\n${status}$`);
        expect(await ask('-H "X-Large: $(as 40000)"')).toMatch(page(431));
        expect(await ask('-H "Cookie: a=$(as 17000)" -H "X-Large: $(as 17000)"')).toMatch(page(431));
        expect(await ask("", `'${site}?'$(as 40000)`)).toMatch(page(414));
        const large = `head -c ${64 * mebibyte + 1} /dev/zero |`;
        for (const how of ["", "-H 'Transfer-Encoding: chunked'"]) {
            const said = await lab.inside(
                `${large} curl -sS --max-time 60 -w '\\n%{http_code}' ${how} -H 'Content-Type: text/plain' --data-binary @- ${site}echo.jsp`,
            );
            expect(said).toMatch(page(413));
        }
        expect(await ask("-X TRACE")).toMatch(page(405));
    });

    test("an upload of 64 MiB reaches the application, wherever it goes and whether it is wanted or not", async () => {
        const upload = (words: string, path: string) =>
            lab.inside(
                `head -c ${64 * mebibyte} /dev/zero | curl -sS --max-time 60 -w '\\n%{http_code}' ${words} -H 'Content-Type: text/plain' --data-binary @- ${site}${path}`,
            );
        expect(await upload("", "echo.jsp")).toBe(`application 0 ${64 * mebibyte}\n200`);
        expect(await upload("-H 'Transfer-Encoding: chunked'", "echo.jsp")).toBe(`application 0 ${64 * mebibyte}\n200`);
        expect(await upload("-o /dev/null", "nowhere")).toBe("\n404");
        // A form is held in the heap of 200 MiB, of which it may take a sixteenth.
        const form = (bytes: number) =>
            lab.inside(
                `{ printf form=; head -c ${bytes} /dev/zero | tr '\\0' a; } | curl -sS --max-time 60 --data-binary @- ${site}echo.jsp`,
            );
        expect(await form(12 * mebibyte)).toBe(`application 0 ${12 * mebibyte}`);
        for (const name of ["nod0", "nod2"])
            expect(await lab.ok("ssh", name, "journalctl -u tomcat")).not.toContain("OutOfMemoryError");
    });

    test("an error answer of the application is the application's", async () => {
        for (const status of [400, 404, 413, 431, 500, 502, 503, 504])
            for (const method of ["GET", "POST"])
                expect(await ask(`-X ${method}`, `'${site}echo.jsp?status=${status}'`), method).toBe(
                    `application 0 0\n${status}`,
                );
    });
});

test("what an app server answers with 503, another one does, a POST with its body too", async () => {
    const on = (name: string, status: number) =>
        lab.ok(
            "ssh",
            name,
            `echo ${quote(`<%@ page session="false" %><% response.setStatus(${status}); %><%= request.getParameter("form") %>`)} > /tomcat/app/mysite/half.jsp`,
        );
    await Promise.all([on("nod0", 503), on("nod2", 200)]);
    const said = await lab.inside(
        `for i in $(seq 12); do curl -sS --max-time 10 -w '\n%{http_code}\n' -d form=$i ${site}half.jsp; done`,
    );
    expect(said.split("\n").filter(Boolean)).toEqual(
        Array.from({ length: 12 }, (_, index) => [`${index + 1}`, "200"]).flat(),
    );
    await Promise.all(["nod0", "nod2"].map((name) => lab.ok("ssh", name, "rm /tomcat/app/mysite/half.jsp")));
});

describe("a file that a visitor has already", () => {
    const style = (...words: string[]) =>
        lab.ok("curl", "-sS", "-D", "-", "-o", "/dev/null", "--max-time", "10", ...words, `${site}style.css`);
    const field = (answer: string, name: string) => new RegExp(`^${name}: (.*?)\r?$`, "im").exec(answer)?.[1] ?? "";
    const validators = (answer: string) => ["ETag", "Last-Modified"].map((name) => field(answer, name));

    test("is the same on all app servers, whenever they were made", async () => {
        const times = await Promise.all(
            ["nod0", "nod2"].map((name) => lab.ok("ssh", name, "stat -c %Y /tomcat/app/mysite/style.css")),
        );
        expect(times[0]).toBe(times[1]);
        const answers = await Promise.all(
            ["nod0", "nod2"].map((name) =>
                lab.ok("ssh", name, "curl -sSI -H 'Accept-Encoding: gzip' http://127.0.0.1/style.css"),
            ),
        );
        expect(validators(answers[0] ?? "")).toEqual(validators(answers[1] ?? ""));
        expect(validators(answers[0] ?? "")).not.toContain("");
    });

    test("is compressed, and not sent again: by ETag, by time, and for a client that takes no compressed one", async () => {
        const gzip = ["-H", "Accept-Encoding: gzip"];
        const compressed = await style(...gzip);
        expect(field(compressed, "Content-Encoding")).toBe("gzip");
        expect(field(compressed, "Vary")).toBe("Accept-Encoding");
        const plain = await style();
        expect(field(plain, "Content-Encoding")).toBe("");
        expect(validators(plain)).toEqual(validators(compressed));
        const [tag = "", time = ""] = validators(compressed);
        for (let request = 0; request < 6; request++) {
            for (const words of [[], gzip]) {
                expect(await style(...words, "-H", `If-None-Match: ${tag}`)).toMatch(/^HTTP\/1\.1 304/);
                expect(await style(...words, "-H", `If-Modified-Since: ${time}`)).toMatch(/^HTTP\/1\.1 304/);
            }
        }
        expect(await style("-H", "Range: bytes=0-9")).toMatch(/^HTTP\/1\.1 206[^]*^Content-Length: 10\r?$/m);
    });

    test("is another one with another content of the same size, also for a client that knows the time only", async () => {
        const [tag = "", time = ""] = validators(await style());
        lab.edit("site/mysite/style.css", "padding: 2rem 1rem;", "padding: 1rem 2rem;");
        await lab.ok("up");
        // Tomcat looks at a file that it has in its cache again after five seconds (cacheTTL).
        const local = "curl -sSI http://127.0.0.1/style.css";
        await eventually(
            () => Promise.all(["nod0", "nod2"].map((name) => lab.ok("ssh", name, local))),
            (answers) => answers.every((answer) => field(answer, "ETag") !== tag),
        );
        const changed = await style();
        expect(Date.parse(field(changed, "Last-Modified"))).toBeGreaterThan(Date.parse(time));
        expect(await style("-H", `If-Modified-Since: ${time}`)).toMatch(/^HTTP\/1\.1 200/);
        const times = await Promise.all(
            ["nod0", "nod2"].map((name) => lab.ok("ssh", name, "stat -c %Y /tomcat/app/mysite/style.css")),
        );
        expect(times[0]).toBe(times[1]);
        await lab.ok("preview", "--expect-no-changes");
    });
});

describe("the ways in:", () => {
    test("words that mean nothing end with 2, another program's code is passed on", async () => {
        expect((await lab.lab("nonsense")).code).toBe(2);
        expect(await lab.lab("ssh", "nod9", "true")).toMatchObject({
            code: 2,
            all: expect.stringContaining("nod0") as string,
        });
        expect((await lab.lab("ssh", "nod0", "exit 7")).code).toBe(7);
        expect((await lab.lab("exec", "sh", "-c", "exit 3")).code).toBe(3);
        expect((await lab.lab("curl", "-sS", "--fail", `${site}no-such-page`)).code).toBe(22);
        expect((await lab.lab("-s", "nowhere", "status")).code).toBe(2);
    });

    test("ssh_config and Ansible's inventory name every machine", async () => {
        const config = (await lab.ok("ssh-config")).trim();
        for (const name of names)
            expect((await lab.ok("exec", "ssh", "-F", config, name, "hostname")).trim()).toBe(name);
        const { all } = JSON.parse(await lab.inside(`cat ${(await lab.ok("inventory")).trim()}`)) as {
            all: { hosts: object; children: Record<string, { hosts: object }> };
        };
        expect(Object.keys(all.hosts).sort()).toEqual(names);
        expect(
            Object.fromEntries(Object.entries(all.children).map(([role, { hosts }]) => [role, Object.keys(hosts)])),
        ).toEqual({
            app: ["nod0", "nod2"],
            database: ["mysql"],
            director: ["nod3", "nod4"],
            memcached: ["nod1", "nod2"],
        });
    });

    test("forward shows the site on a loopback port, and ends when it is told to", async () => {
        const port = await freePort();
        const call = lab.start(["forward", String(port)]);
        await eventually(
            () => Promise.resolve(call.output()),
            (output) => output.includes(`http://127.0.0.1:${port}/`),
        );
        expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toContain("Zwei Direktoren");
        call.child.kill("SIGTERM");
        expect((await call.ended).code).toBe(0);
    });
});

const freePort = () =>
    new Promise<number>((resolve) => {
        const server = createServer().listen(0, "127.0.0.1", () => {
            const { port } = server.address() as AddressInfo;
            server.close(() => resolve(port));
        });
    });

describe("a visitor's request:", () => {
    /** A page that tells what the application sees, on both app servers. */
    const echo = `<%@ page session="false" contentType="text/plain" %><%
if (request.getParameter("to") != null) { response.sendRedirect(request.getParameter("to")); return; }
out.println("address " + request.getRemoteAddr() + ", " + request.getRequestURL() + ", secure " + request.isSecure());
for (String name : java.util.Collections.list(request.getHeaderNames()))
    if (name.toLowerCase().contains("forwarded")) out.println(name + " " + request.getHeader(name));
if (request.getCookies() != null)
    for (Cookie cookie : request.getCookies()) out.println("cookie " + cookie.getName() + "=" + cookie.getValue());
%>`;

    beforeAll(async () => {
        for (const name of ["nod0", "nod2"]) {
            const folder = "/tomcat/app/mysite";
            await lab.ok("ssh", name, `mkdir ${folder}/folder; echo ${quote(echo)} > ${folder}/echo.jsp`);
        }
    });
    afterAll(async () => {
        for (const name of ["nod0", "nod2"])
            await lab.ok("ssh", name, "cd /tomcat/app/mysite && rm -r folder echo.jsp");
    });

    interface Answer {
        status: number;
        location: string;
        body: string;
    }

    /** Sends requests by one curl and one connection. `path` is sent as it is. */
    async function ask(requests: { path: string; headers?: string[]; more?: string[] }[]): Promise<Answer[]> {
        const file = join(lab.home, "requests");
        const text = (value: string) => `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
        const blocks = requests.map(({ path, headers = [], more = [] }) =>
            [
                `url = ${text(`http://192.168.0.111${path}`)}`,
                "path-as-is",
                "silent",
                "max-time = 20",
                String.raw`write-out = "\n%{http_code} %{redirect_url}\n%%%%\n"`,
                ...headers.map((header) => `header = ${text(header)}`),
                ...more,
            ].join("\n"),
        );
        writeFileSync(file, blocks.join("\nnext\n"), "latin1");
        const output = await lab.inside(`curl -K ${file}`);
        return output
            .split("\n%%\n")
            .slice(0, -1)
            .map((answer) => {
                const [, body = "", status, location = ""] = /^([^]*)\n(\d+) (.*)$/.exec(answer) ?? [];
                return { status: Number(status), location, body };
            });
    }

    test("with any other cookies, in any order, finds the session on its own app server", async () => {
        const odd = [
            'p="open',
            'p="a\\"; q="b',
            'p="closed"',
            "p=\xe9\xff",
            "\xe9=1",
            'p="\xe9"',
            "p=\x01",
            "xJSESSIONID=F-memcached1.jvm200",
            "jsessionid=F-memcached1.jvm200",
            "$Version",
            '$Version="1"',
            "a=1,b=2",
            "e=; =; ;",
            "JSESSIONID=",
            "JSESSIONID=stale",
            "JSESSIONID=F-memcached1.jvm209",
            `long=${"x".repeat(6000)}`,
        ];
        const sessions = new Map<string, string>();
        while (sessions.size < 2) {
            const [answer] = await ask([{ path: "/counter.jsp?op=add", more: ['request = "POST"'] }]);
            const { node, session } = JSON.parse(answer?.body ?? "") as { node: string; session: string };
            // A first request has no session yet, and its app server is the session's own.
            sessions.set(node, session);
        }
        for (const [node, session] of sessions) {
            const headers = odd.flatMap((one) =>
                [`JSESSIONID=${session}`, `JSESSIONID="${session}"`].flatMap((cookie) => [
                    [`Cookie: ${one}; ${cookie}`],
                    [`Cookie: ${cookie}; ${one}`],
                    [`Cookie: ${one}`, `Cookie: ${cookie}`],
                    ...odd.map((other) => [`Cookie: ${one.slice(0, 2000)}; ${cookie}; ${other.slice(0, 2000)}`]),
                ]),
            );
            const answers = await ask(headers.map((of) => ({ path: "/counter.jsp", headers: of })));
            expect(answers).toHaveLength(headers.length);
            const wrong = answers
                .map(({ status, body }, index) => ({ status, body, headers: headers[index] }))
                .filter(({ body }) => body !== JSON.stringify({ node, session, count: 1 }));
            expect(wrong.slice(0, 3)).toEqual([]);
        }
        // Without a session, too, nothing answers 500 or 400.
        const strangers = await ask(odd.map((one) => ({ path: "/echo.jsp", headers: [`Cookie: ${one}`] })));
        expect(strangers.map(({ status }) => status)).toEqual(odd.map(() => 200));
    });

    test("of two sessions, finds the one that lives, whatever the order", async () => {
        for (const [ended, home] of [
            ["jvm200", "nod2"],
            ["jvm202", "nod0"],
        ] as const) {
            const { count, text } = await (await visitorOf(home)).visit();
            const living = /id="session"><code>([^<]+)</.exec(text)?.[1];
            const stale = `0123456789ABCDEF0123456789ABCDEF-memcached1.${ended}`;
            const [after, before] = await ask([
                { path: "/counter.jsp", headers: [`Cookie: JSESSIONID=${living}; JSESSIONID=${stale}`] },
                { path: "/counter.jsp", headers: [`Cookie: JSESSIONID=${stale}; JSESSIONID=${living}`] },
            ]);
            expect(JSON.parse(after?.body ?? "")).toMatchObject({ node: home, count });
            expect(JSON.parse(before?.body ?? "")).toMatchObject({ count });
        }
    });

    test("brings the application all cookies that it can read", async () => {
        const cookies = async (header: string) =>
            [
                ...((await ask([{ path: "/echo.jsp", headers: [`Cookie: ${header}`] }]))[0]?.body ?? "").matchAll(
                    /^cookie (.*)$/gm,
                ),
            ].map(([, cookie]) => cookie);
        expect(await cookies('a=1; b="two words"; c=a/b.c_d-e')).toEqual(["a=1", "b=two words", "c=a/b.c_d-e"]);
        expect(await cookies('p="open; q=2')).toEqual(["p=open", "q=2"]);
        expect(await cookies("p=\xe9; \xe9=1; q=2")).toEqual([expect.stringMatching(/^p=.+/), "q=2"]);
    });

    test("brings the visitor's address, scheme and port, and nothing that the visitor claims about them", async () => {
        const claims = [
            "X-Forwarded-For: 1.2.3.4",
            "X-Forwarded-Proto: https",
            "X-Forwarded-Host: evil.example",
            "X-Forwarded-Port: 1",
            "Forwarded: for=1.2.3.4;proto=https",
        ];
        const [told] = await ask([{ path: "/echo.jsp?mark", headers: [...claims, "Host: www.test.com:8080"] }]);
        expect(told?.body).toContain("address 192.168.0.1, http://www.test.com:8080/echo.jsp, secure false\n");
        expect(told?.body).not.toMatch(/1\.2\.3\.4|evil/);
        for (const log of ["/usr/local/tomcat/logs/nod?_access_log.*", "/var/log/apache2/*access.log"]) {
            const lines = async () =>
                Object.values(await onAll(`grep -h "GET /echo.jsp?mark" ${log} 2>/dev/null || true`)).join("");
            const found = await eventually(lines, (text) => text !== "", 20);
            expect(found).toMatch(/(^| )192\.168\.0\.1 /);
        }
    });

    test("brings encoded slashes as they are, and opens nothing that is closed", async () => {
        const open = await ask(["/counter/a%2Fb", "/counter/a%5Cb", "/counter/a%5cb%2f"].map((path) => ({ path })));
        expect(open.map(({ status, body }) => [status, body.slice(0, 8)])).toEqual(open.map(() => [200, '{"node":']));
        const closed = [
            "/WEB-INF/web.xml",
            "/%57EB-INF/web.xml",
            "/WEB-INF%2Fweb.xml",
            "/WEB-INF%5Cweb.xml",
            "/counter%2F..%2FWEB-INF%2Fweb.xml",
            "/counter/..%2fWEB-INF/web.xml",
            "/counter/%2e%2e%2fWEB-INF/web.xml",
            "/counter%5c..%5cWEB-INF%5cweb.xml",
            "/counter/..%5cWEB-INF/web.xml",
            "/counter/..;/WEB-INF/web.xml",
            "/folder/..;x=1/WEB-INF/web.xml",
            "/%5cWEB-INF/web.xml",
            "/%2fWEB-INF/web.xml",
            "//WEB-INF/web.xml",
            "/.;/WEB-INF/web.xml",
            "/..%2f..%2f..%2fetc%2fpasswd",
            "/..%5c..%5c..%5cetc%5cpasswd",
        ];
        const answers = await ask(closed.map((path) => ({ path })));
        const opened = answers
            .map(({ status, body }, index) => ({ path: closed[index], status, body }))
            .filter(({ status, body }) => ![400, 404].includes(status) || /<web-app|root:/.test(body));
        expect(opened).toEqual([]);
    });

    test("is redirected to the port that it came by", async () => {
        const to = async (path: string, host: string) =>
            (await ask([{ path, headers: [`Host: ${host}`] }]))[0]?.location;
        expect(await to("/echo.jsp?to=/next", "www.test.com:8080")).toBe("http://www.test.com:8080/next");
        expect(await to("/folder", "www.test.com:8080")).toBe("http://www.test.com:8080/folder/");
        expect(await to("/echo.jsp?to=/next", "www.test.com")).toBe("http://www.test.com/next");
        const [old] = await ask([{ path: "/counter.jsp", headers: ["Host:"], more: ["http1.0"] }]);
        expect(old?.status).toBe(200);
    });

    test("for a name that begins with a director's own page goes to the application", async () => {
        const answers = await ask(["/statusboard", "/status/x", "/healthy"].map((path) => ({ path })));
        expect(answers.map(({ status, body }) => [status, body.includes("There is no such page")])).toEqual(
            answers.map(() => [404, true]),
        );
    });

    test("for the health page under any of its names asks one app server, which says what is wrong", async () => {
        const paths = [
            "/health",
            "/health;x",
            "/health;jsessionid=1",
            "//health",
            "/%68ealth",
            "/;x/health",
            "/%5chealth",
        ];
        expect((await ask(paths.map((path) => ({ path })))).map(({ status }) => status)).toEqual(paths.map(() => 200));
        await lab.ok("ssh", "mysql", "systemctl stop mariadb");
        const answers = await ask(paths.map((path) => ({ path: `${path}?down` })));
        await lab.ok("ssh", "mysql", "systemctl start mariadb");
        expect(answers.map(({ status, body }) => [status, body.slice(0, 9)])).toEqual(
            paths.map(() => [503, "database:"]),
        );
        // After "user agent": the app servers that were asked.
        const log = await lab.ok("ssh", "nod3", "grep -h '[?]down ' /var/log/tengine/access.log");
        expect(
            log
                .trim()
                .split("\n")
                .map((line) => /" (192[^"]*) [\d.]+$/.exec(line)?.[1]),
        ).toEqual(paths.map(() => expect.stringMatching(/^192\.168\.0\.20[02]:80$/) as string));
        await isWell(30);
    });
});

describe("what goes down comes back:", () => {
    test("row 22: the virtual address moves when keepalived stops on its holder, and back", async () => {
        await lab.ok("ssh", "nod3", "systemctl stop keepalived");
        await eventually(holder, (now) => now === "nod4");
        expect((await page()).text).toContain("Zwei Direktoren");
        expect((await lab.lab("status")).code).toBe(1);
        await lab.ok("ssh", "nod3", "systemctl start keepalived");
        await eventually(holder, (now) => now === "nod3");
        await isWell(10);
    });

    test("a director's folders after a month's cleaning, and after somebody has emptied /var/tmp and the logs", async () => {
        const upload = () =>
            lab.ok(
                "exec",
                ...["sh", "-c"],
                "head -c 300000 /dev/zero | tr '\\0' a | curl -sS -o /dev/null -w '%{http_code}' --data-binary @- http://192.168.0.203/",
            );
        // With an age of 0 systemd-tmpfiles deletes what it would delete after 30 days.
        const rule = "/etc/tmpfiles.d/tmp.conf";
        await lab.ok(
            "ssh",
            "nod3",
            `echo 'q /var/tmp 1777 root root 0' > ${rule}; systemd-tmpfiles --clean; rm ${rule}`,
        );
        // The page has no use for such a text, and says so. A director without its folders answers 500.
        expect(await upload()).toBe("400");
        await lab.ok("ssh", "nod3", "rm -rf /var/tmp/* /var/log/tengine && systemctl restart tengine");
        expect(await upload()).toBe("400");
        await eventually(holder, (name) => name === "nod3");
    });

    test("keepalived after a kill: the address leaves the machine at once, and comes back with keepalived", async () => {
        const kill = "systemctl kill --signal=KILL keepalived";
        const awaitStopped =
            "until systemctl show -p SubState keepalived | grep -qE 'auto-restart|running'; do sleep 0.05; done";
        const addresses = await lab.ok("ssh", "nod3", `${kill}; ${awaitStopped}; ip -4 -o address show dev eth0`);
        expect(addresses).not.toContain("192.168.0.111/");
        await eventually(holder, (name) => name === "nod3");
    });

    test("a service after six kills in a row", async () => {
        const killed = (unit: string) => `restarts() { systemctl show --value -p NRestarts ${unit}; }
for kill in 1 2 3 4 5 6; do
    before=$(restarts)
    systemctl kill --signal=KILL ${unit}
    until [ "$(restarts)" -gt "$before" ] && systemctl --quiet is-active ${unit}; do sleep 0.1; done
done`;
        await Promise.all(
            [
                ["nod1", "memcached"],
                ["nod4", "tengine"],
                ["nod2", "apache2"],
                ["mysql", "mariadb"],
            ].map(([machine = "", unit = ""]) => lab.ok("ssh", machine, `timeout 120 sh -c ${quote(killed(unit))}`)),
        );
        await isWell(120);
    });

    test("Tomcat after it had no memory left", async () => {
        const page = "/tomcat/app/mysite/greedy.jsp";
        const code =
            "<% java.util.List<byte[]> all = new java.util.ArrayList<byte[]>(); while (all.add(new byte[9999999])); %>";
        await lab.ok(
            "ssh",
            "nod0",
            `echo ${quote(code)} > ${page}; curl -sS http://127.0.0.1:8081/greedy.jsp; rm ${page}`,
        );
        await isWell(120);
        expect(await lab.ok("ssh", "nod0", "journalctl -u tomcat")).toContain("java.lang.OutOfMemoryError");
    });

    test("every machine after a reboot, with its services, and sessions of both app servers live through it", async () => {
        const visitors = Object.fromEntries(
            await Promise.all(["nod0", "nod2"].map(async (home) => [home, await visitorOf(home)] as const)),
        );
        for (const name of names) {
            const { [name]: started } = await boots();
            await lab.lab("ssh", name, "systemctl reboot"); // the connection may go down first
            await eventually(boots, ({ [name]: now }) => now !== "" && now !== started, 60).catch(
                async (error: unknown) => {
                    throw new Error(await reportOn(name, join(lab.home, "local"), lab.inside), { cause: error });
                },
            );
            await isWell(60);
            for (const [home, visitor] of Object.entries(visitors)) {
                const before = { ...visitor };
                await visitor.visit();
                expect(visitor, `of ${home}, after ${name}'s reboot`).toMatchObject({
                    session: before.session,
                    count: before.count + 1,
                });
                // A copy on the machine of the session's Tomcat would be lost with that machine. It moves to the other
                // memcached, by a visit, after that one is back.
                await eventually(visitor.visit, () => visitor.node !== "nod2" || visitor.copy !== "memcached2");
            }
        }
        expect((await page()).text).toContain("Ein Gruß");
    });

    test("all machines after a power cut", async () => {
        await lab.inside(
            `for machine in ${names.join(" ")}; do virsh -q -c lxc:///system destroy $machine; done >/dev/null`,
        );
        expect((await lab.lab("status")).code).toBe(1);
        await lab.inside(
            `for machine in ${names.join(" ")}; do virsh -q -c lxc:///system start $machine; done >/dev/null`,
        );
        await isWell(120);
        expect((await page()).text).toContain("Ein Gruß");
        await lab.ok("preview", "--expect-no-changes");
    });

    test("a machine that was stopped, by the next up; one that was destroyed behind its back is made anew with its roles", async () => {
        const others = await starts();
        await lab.inside("virsh -q -c lxc:///system destroy nod4 >/dev/null");
        await lab.ok("up");
        await isWell(30);

        const machine = join(lab.home, "local", "machines", "nod1");
        await lab.inside(
            `virsh -q -c lxc:///system destroy nod1 >/dev/null; virsh -q -c lxc:///system undefine nod1; umount ${machine}/root; rm -rf ${machine}`,
        );
        expect(Object.keys(await planned()).filter((name) => !name.startsWith("nod1-"))).toEqual([]);
        const { code, all } = await lab.lab("up");
        expect(code, all).toBe(0);
        expect(all).toContain("libvirt has lost nod1. They are made again.");
        await isWell(30);
        expect((await restartedSince(others)).filter((unit) => !/^nod[14]\//.test(unit))).toEqual([]);
        await lab.ok("preview", "--expect-no-changes");
    });

    test("the whole lab to a snapshot: a note, a session, a file, and a machine that is not there any more", async () => {
        await addNote("Vorher");
        const { count, session } = await visit();
        await lab.ok("snapshot", "before");
        expect(await lab.lab("snapshot", "before")).toMatchObject({
            code: 2,
            all: expect.stringContaining("A snapshot before exists already.") as string,
        });
        expect((await visit()).count).toBe(count + 1);
        await addNote("Nachher");
        await lab.ok("ssh", "nod0", "rm /tomcat/app/mysite/style.css && touch /root/later");
        await lab.inside("virsh -q -c lxc:///system destroy nod1 >/dev/null; virsh -q -c lxc:///system undefine nod1");

        await lab.ok("revert", "before");
        const now = await visit();
        expect([now.session, now.count]).toEqual([session, count + 1]);
        expect(now.text).toContain("Vorher");
        expect(now.text).not.toContain("Nachher");
        expect(await lab.ok("ssh", "nod0", "ls /tomcat/app/mysite/style.css; ls /root")).toBe(
            "/tomcat/app/mysite/style.css\n",
        );
        expect((await lab.lab("status")).code).toBe(0);
        // No file of the session transfer is left.
        await lab.ok("verify", "--only", "users");
        await lab.ok("preview", "--expect-no-changes");
        expect(await lab.ok("snapshots")).toMatch(/^before +20.* mysql, nod0/m);
        expect(await lab.ok("snapshots", "--remove", "before")).not.toMatch(/^before/m);
        expect(await lab.lab("revert", "before")).toMatchObject({
            code: 2,
            all: expect.stringContaining("There is no snapshot before") as string,
        });
    });
});

test("visitors without cookies get 429 from sessions.max on, crawlers share a session, and others go on", async () => {
    /** How often each status was answered to additions that send no cookie. */
    const flood = async (requests: number, name: string) => {
        const url = `${site}counter/[1-${requests}]`;
        const statuses = await lab.ok("curl", "-sS", "-A", name, "-d", "op=add", "-w", "\n%{http_code}\n", url);
        return statuses
            .match(/^(200|429|5\d\d)$/gm)
            ?.reduce<Record<string, number>>(
                (counts, status) => ({ ...counts, [status]: (counts[status] ?? 0) + 1 }),
                {},
            );
    };
    const visitor = await visitorOf("nod2");
    expect(await flood(2 * maxSessions, "Googlebot/2.1")).toEqual({ 200: 2 * maxSessions });
    const { 200: served = 0, 429: refused = 0, ...others } = (await flood(3 * maxSessions, "curl")) ?? {};
    expect(others).toEqual({});
    expect(served).toBeLessThanOrEqual(2 * maxSessions);
    expect(served + refused).toBe(3 * maxSessions);
    expect(await lab.ok("curl", "-sS", "-o", "/dev/null", "-D", "-", site)).toMatch(
        /^HTTP\/1.1 429[^]*Retry-After: 60/,
    );
    const { count } = visitor;
    expect(await visitor.visit()).toMatchObject({ node: "nod2", count: count + 1 });
    expect(await lab.ok("ssh", "nod2", "journalctl -u tomcat")).toContain(`sessions.max allows ${maxSessions}`);
    expect(await lab.ok("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", `${site}health`)).toBe("200");
});

describe("down", () => {
    test("leaves nothing but the caches, and the stack file as it was", async () => {
        lab.edit("Pulumi.local.yaml", "priority: 170", "priority: 179");
        lab.edit("Pulumi.local.yaml", heap, "");
        const { pid } = (await findIsolatedHost(join(lab.home, "local")))!;
        const own = new Set(["net", "mnt", "pid", "cgroup"].map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`)));
        await lab.ok("down");
        expect([...namespaces()].filter((namespace) => own.has(namespace))).toEqual([]);
        expect(lab.read("Pulumi.local.yaml")).toBe(stackFile);
        expect(existsSync(join(lab.folder, ".stage", "local"))).toBe(false);
        expect(await state()).toEqual(before);
        await lab.ok("down"); // with nothing there
    });

    test("is not the end: up builds it again, and an orderly destroy takes the machines away", async () => {
        await lab.ok("up");
        expect((await page()).count).toBe(1);
        for (const name of ["nod0", "nod2"]) expect(await compiledByTomcat(name)).toEqual([]);
        await lab.ok("pulumi", "destroy", "--yes");
        expect((await lab.ok("exec", "virsh", "-q", "-c", "lxc:///system", "list", "--all")).trim()).toBe("");
        await lab.ok("down");
        expect(lab.read("Pulumi.local.yaml")).toBe(stackFile);
        expect(await state()).toEqual(before);
    });
});
