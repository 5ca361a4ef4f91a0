/**
 * All files that machines get, as expected in test/golden/rendered. `npx vitest run --project unit -u rendered` updates
 * them.
 */
import { describe, expect, test } from "vitest";
import { buildScript, serverSources, type SourceName } from "../../../catalog/director-servers";
import { docBase } from "../../../roles/web-site";
import { artifactCatalog } from "../../../catalog/artifacts";
import { articleLab, onCentos, siteWith } from "../../support/article";
import { fileOf, rolesOf } from "../../support/steps";
import { keepalivedConf, nginxConf, textOf, tomcat, trimmedLines } from "../../support/rendered";
import { golden } from "../../support/repository";

const description = siteWith();
const text = (machine: string, file: string, of = description) => textOf(of, machine, file);

describe("as they are in the article's lab", () => {
    // These machines have all roles.
    test.each(["mysql", "nod2", "nod3"])("%s", async (machine) => {
        for (const { files, secrets } of Object.values(await rolesOf(description, machine))) {
            // The sample application and the Java classes are copied, not rendered.
            for (const file of files.filter(
                ({ path: name }) => !name.startsWith(`${docBase}/`) && !name.endsWith(".java"),
            ))
                await expect(file.text).toMatchFileSnapshot(golden("rendered", machine, file.path));
            for (const [name, secret] of Object.entries(secrets).filter(([name]) => !name.startsWith("file-"))) {
                await expect(secret).toMatchFileSnapshot(golden("rendered", machine, `secret-${name}`));
            }
        }
    });

    test.each(Object.keys(serverSources) as SourceName[])("how %s is compiled", async (name) => {
        const { server, jemalloc } = serverSources[name];
        const script = buildScript(serverSources[name], {
            server: artifactCatalog[server].file,
            jemalloc: artifactCatalog[jemalloc].file,
        });
        await expect(script).toMatchFileSnapshot(golden("rendered", "build", `${name}.sh`));
    });

    test("with Tengine instead of nginx, the hash over the address, one advert a second and asynchronous sessions", async () => {
        const article = onCentos("centos-7", {
            director: { source: "tengine-2.1.0", affinity: "uri" },
            keepalived: { advertInterval: 1, notify: { to: ["admin@example.org"] } },
            sessions: { backup: "async" },
        });
        for (const [machine, file] of [
            ["nod3", nginxConf],
            ["nod3", keepalivedConf],
            ["nod4", keepalivedConf],
            ["nod0", `${tomcat}/conf/context.xml`],
        ] as const) {
            await expect(await text(machine, file, article)).toMatchFileSnapshot(
                golden("rendered", "article", machine, file),
            );
        }
    });
});

describe("variants", () => {
    test("adverts in fractions of a second are VRRP version 3, which has no password: the file is no secret, and nobody is notified", async () => {
        const file = await fileOf(description, "nod3", keepalivedConf);
        expect(file.isSecret).toBe(false);
        expect(trimmedLines(file.text)).toEqual(
            expect.arrayContaining(["vrrp_version 3", "advert_int 0.2", "interval 0.2"]),
        );
        expect(file.text).not.toMatch(/auth|notification_email/);
    });

    test("a web server that hangs is found out within a second; where curl knows whole seconds only, it is given one", async () => {
        const check = "/usr/libexec/keepalived/check-web-server";
        const about = async (of: typeof description) => {
            const number = (content: string, pattern: RegExp) => Number(pattern.exec(content)?.[1]);
            const conf = await text("nod3", keepalivedConf, of);
            return {
                interval: number(conf, /interval (\S+)/),
                fall: number(conf, /fall (\S+)/),
                seconds: number(await text("nod3", check, of), /--max-time (\S+)/),
            };
        };
        const { interval, fall, seconds } = await about(description);
        expect(seconds).toBeLessThan(interval);
        expect(interval * fall + seconds).toBeLessThan(0.8);
        expect(await about(onCentos("centos-7"))).toEqual({ interval: 1, fall: 2, seconds: 1 });
        const patient = siteWith({ keepalived: { advertInterval: 3 } });
        expect(await about(patient)).toEqual({ interval: 3, fall: 2, seconds: 3 });
        expect(trimmedLines(await text("nod3", keepalivedConf, patient))).toContain("timeout 3"); // keepalived's own patience with its script
    });

    test("time limits: the director gives up first, then httpd, and a Tomcat that stops waits so long for its requests", async () => {
        const slow = siteWith({
            director: {
                source: "nginx-1.26.3",
                timeouts: { connectSeconds: 1.5, sendSeconds: 30, answerSeconds: 300 },
            },
        });
        expect(trimmedLines(await text("nod3", nginxConf, slow))).toEqual(
            expect.arrayContaining([
                "proxy_connect_timeout 1500ms;",
                "proxy_send_timeout 30s;",
                "proxy_read_timeout 300s;",
                "proxy_next_upstream error timeout http_502 http_503;",
                "proxy_next_upstream_timeout 299900ms;",
            ]),
        );
        const httpd = await text("nod0", "/etc/apache2/sites-enabled/virtual.conf", slow);
        expect(httpd).toMatch(/^ *ProxyPass .* timeout=302 /m);
        expect(httpd).toMatch(/^GracefulShutdownTimeout 304$/m);
        expect(await text("nod0", "/etc/systemd/system/apache2.service.d/lab.conf", slow)).toMatch(
            /^TimeoutStopSec=307$/m,
        );
    });

    test("Tengine 2.1.0, which cannot limit repeats by time, repeats after connection attempts only", async () => {
        const old = onCentos("centos-7", {
            director: { source: "tengine-2.1.0", timeouts: { connectSeconds: 2.5, answerSeconds: 60 } },
        });
        const conf = await text("nod3", nginxConf, old);
        expect(trimmedLines(conf)).toEqual(
            expect.arrayContaining([
                "proxy_next_upstream error http_502 http_503;",
                "error_page 504 = @unconnected;",
                'if ($upstream_response_time !~ "^(0|1|2)[.]") {',
            ]),
        );
        expect(conf).not.toContain("proxy_next_upstream_timeout");
    });

    test("without preemption everybody starts as BACKUP", async () => {
        const conf = trimmedLines(await text("nod3", keepalivedConf, siteWith({ keepalived: { preempt: false } })));
        expect(conf).toEqual(expect.arrayContaining(["nopreempt", "state BACKUP"]));
        expect(trimmedLines(await text("nod3", keepalivedConf))).not.toContain("nopreempt");
    });

    describe("unicast adverts", () => {
        const { machines } = articleLab();
        const third = { address: "192.168.0.206", roles: ["director"], priority: 170 };
        const { nod3, nod4, ...others } = machines;
        const unicastOf = async (machine: string, changes: Record<string, unknown>) =>
            /unicast_src_ip [^}]*}/
                .exec(await text(machine, keepalivedConf, siteWith(changes)))?.[0]
                .replace(/[{}]/g, "")
                .split(/\s+/)
                .filter(Boolean);

        test.each([0.2, 1])("go to each other director, with an interval of %d s", async (advertInterval) => {
            const changes = {
                keepalived: { unicast: true, advertInterval },
                machines: { ...others, nod3, nod4, nod5: third },
            };
            expect(await unicastOf("nod4", changes)).toEqual([
                "unicast_src_ip",
                "192.168.0.204",
                "unicast_peer",
                "192.168.0.203",
                "192.168.0.206",
            ]);
        });

        test("are the default on a bridge and not on a network of libvirt", async () => {
            const network = { cidr: "192.168.0.0/24", gateway: "192.168.0.1" };
            const bridge = { ...network, mode: "bridge", bridge: "br0", control: ["192.168.0.9"] };
            const of = (changes: Record<string, unknown>) => onCentos("centos-7", changes).keepalived.unicast;
            expect([of({ network }), of({ network: bridge })]).toEqual([false, true]);
            expect(of({ network: bridge, keepalived: { unicast: false } })).toBe(false);
            expect(await unicastOf("nod3", {})).toBeUndefined();
        });

        test("need another director: keepalived refuses an empty list of peers", async () => {
            expect(
                await unicastOf("nod3", { keepalived: { unicast: true }, machines: { ...others, nod3 } }),
            ).toBeUndefined();
        });
    });

    test("an app server's own memcached is the one to fail over to: it would die with the session that it has a copy of", async () => {
        expect(await text("nod0", `${tomcat}/conf/context.xml`)).toContain(`failoverNodes=""`);
        expect(await text("nod2", `${tomcat}/conf/context.xml`)).toContain(`failoverNodes="memcached2"`);
    });

    test("asynchronous backup is a setting", async () => {
        expect(await text("nod0", `${tomcat}/conf/context.xml`, siteWith({ sessions: { backup: "async" } }))).toContain(
            `sessionBackupAsync="true"`,
        );
    });

    test("what holds the database's password is the only secret on an app server, and only Tomcat may read it", async () => {
        const roles = Object.values(await rolesOf(description, "nod0"));
        expect(
            roles
                .flatMap(({ files }) => files)
                .filter(({ isSecret }) => isSecret)
                .map(({ path: name, mode, owner }) => ({ name, mode, owner })),
        ).toEqual([{ name: `${tomcat}/conf/database.xml`, mode: "640", owner: "root:tomcat" }]);
    });

    test("the largest body and the largest header are the same for every layer, with room for what a layer adds", async () => {
        const of = siteWith({
            director: { source: "nginx-1.26.3", maxBodyMiB: 10, maxHeaderKiB: 64, compress: false },
            tomcat: { heapMiB: 512 },
        });
        const conf = await text("nod3", nginxConf, of);
        expect(trimmedLines(conf)).toEqual(
            expect.arrayContaining([
                "client_max_body_size 10m;",
                "large_client_header_buffers 1 64k;",
                "proxy_buffer_size 68k;",
            ]),
        );
        expect(conf).not.toContain("gzip on");
        expect(await text("nod3", nginxConf)).toContain("gzip on");
        expect(await text("nod3", "/etc/tengine/director-error.html", of)).toMatch(/10 MiB[^]*64 KiB/);
        const bytes = { header: 68 * 1024, body: 10 * 1024 * 1024 };
        expect(trimmedLines(await text("nod0", "/etc/apache2/sites-enabled/virtual.conf", of))).toEqual(
            expect.arrayContaining([
                `LimitRequestLine ${bytes.header}`,
                `LimitRequestFieldSize ${bytes.header}`,
                `LimitRequestBody ${bytes.body}`,
                expect.stringMatching(`^ProxyPass / .* responsefieldsize=${bytes.header}$`) as string,
            ]),
        );
        const connector = (xml: string) =>
            ["maxHttpHeaderSize", "maxPostSize", "maxSwallowSize"].map((name) =>
                Number(new RegExp(`${name}="(\\d+)"`).exec(xml)?.[1]),
            );
        expect(connector(await text("nod0", `${tomcat}/conf/server.xml`, of))).toEqual([
            bytes.header,
            bytes.body,
            bytes.body,
        ]);
        // A heap of 64 MiB holds a form of 4 MiB.
        const small = siteWith({ tomcat: { heapMiB: 64 } });
        expect(connector(await text("nod0", `${tomcat}/conf/server.xml`, small))[1]).toBe(4 * 1024 * 1024);
    });

    test("httpd of CentOS 7 is not told what it does not know", async () => {
        const of = onCentos("centos-7");
        expect(await text("nod0", "/etc/httpd/conf.d/virtual.conf", of)).not.toContain("responsefieldsize");
        const stream = onCentos("centos-stream-9", { director: { source: "tengine-3.1.0" } });
        expect(await text("nod0", "/etc/httpd/conf.d/virtual.conf", stream)).toContain("responsefieldsize");
    });

    test("a value with a meaning in XML is escaped there", async () => {
        expect(await text("nod0", `${tomcat}/conf/database.xml`)).toMatch(
            /\/site\?connectTimeout=\d+&#38;socketTimeout=\d+"/,
        );
    });
});
