/** What the article says of each file, row by row. docs/article.md has the rows. */
import { describe, expect, test } from "vitest";
import { accountName, accountsSql, retiredAccountsSql } from "../../../roles/database-accounts";
import { packagesOf } from "../../../roles/of-machine";
import { buildScript, serverSources, type SourceName } from "../../../catalog/director-servers";
import { platformNames } from "../../../catalog/platforms/index";
import { defaultDatabaseServer } from "../../../config/chosen-database";
import { neededArtifacts } from "../../../roles/of-machine";
import { onCentos, siteWith } from "../../support/article";
import { fileOf, rolesOf } from "../../support/steps";
import { keepalivedConf, nginxConf, textOf, tomcat, trimmedLines } from "../../support/rendered";
import { golden } from "../../support/repository";

const description = siteWith();
const text = (machine: string, file: string, of = description) => textOf(of, machine, file);

describe("what the article says", () => {
    test("rows 1 to 7: net, virtual address, machines and their roles", async () => {
        const hosts = trimmedLines(await text("nod0", "/etc/hosts"));
        expect(hosts).toEqual(
            expect.arrayContaining([
                "192.168.0.200 nod0",
                "192.168.0.201 nod1",
                "192.168.0.202 nod2",
                "192.168.0.203 nod3",
                "192.168.0.204 nod4",
                "192.168.0.205 mysql",
                "192.168.0.111 www.test.com",
            ]),
        );
        expect(description.network.cidr).toBe("192.168.0.0/24");
        expect(description.machines.map(({ name, roles, priority }) => ({ name, roles, priority }))).toEqual([
            { name: "mysql", roles: ["database"] },
            { name: "nod0", roles: ["app"] },
            { name: "nod1", roles: ["memcached"] },
            { name: "nod2", roles: ["app", "memcached"] },
            { name: "nod3", roles: ["director"], priority: 180 },
            { name: "nod4", roles: ["director"], priority: 179 },
        ]);
    });

    test("row 7: one database, and one user who is not root and comes from the app servers only", () => {
        const password = "pass'word\\";
        const sql = accountsSql(description, password);
        const user = accountName(description, password);
        expect(sql).toContain("CREATE DATABASE IF NOT EXISTS `site` ");
        for (const words of ["CREATE USER IF NOT EXISTS", "ALTER USER"]) {
            expect(sql.split("\n").filter((line) => line.startsWith(words))).toEqual(
                ["192.168.0.200", "192.168.0.202"].map(
                    (address) => `${words} '${user}'@'${address}' IDENTIFIED BY 'pass''word\\\\';`,
                ),
            );
        }
        expect(sql.match(/GRANT .* ON/g)).toEqual(Array(2).fill("GRANT SELECT, INSERT, UPDATE, DELETE ON"));
        // A new password is a new account. The old account goes after the app servers use the new one.
        expect(user).toMatch(/^site_[0-9a-f]{6}$/);
        expect(accountName(description, "another")).not.toBe(user);
        expect(retiredAccountsSql(description, password)).toContain(
            `AND NOT (user = '${user}' AND host IN ('192.168.0.200', '192.168.0.202'))`,
        );
    });

    test("row 7: the database listens on the lab's net", async () => {
        expect(trimmedLines(await text("mysql", "/etc/mysql/mariadb.conf.d/90-lab.cnf"))).toContain(
            "bind-address = 192.168.0.205",
        );
    });

    test.each([
        ["centos-7", "mysql"],
        ["centos-7", "mariadb"],
        ["centos-stream-9", "mysql"],
        ["centos-stream-9", "mariadb"],
    ])("row 7: on %s, %s", async (platform, server) => {
        const centos = onCentos(platform, { database: { server } });
        await expect(accountsSql(centos, "Passw0rd")).toMatchFileSnapshot(
            golden("rendered", "databases", `${platform}-${server}.sql`),
        );
        await expect(await text("mysql", "/etc/my.cnf.d/lab.cnf", centos)).toMatchFileSnapshot(
            golden("rendered", "databases", `${platform}-${server}.cnf`),
        );
        const { driver, url } =
            /driverClassName="(?<driver>[^"]*)"\s+url="(?<url>[^?]*)/.exec(
                await text("nod0", `${tomcat}/conf/database.xml`, centos),
            )?.groups ?? {};
        const { script } = (await rolesOf(centos, "nod0")).tomcat ?? { script: "" };
        const jars = [...script.matchAll(/lib\/((?:mariadb|mysql)-\S*\.jar)/g)].map(([, name]) => name);
        expect({ driver, url, jars }).toEqual(
            server === "mysql"
                ? {
                      driver: "com.mysql.cj.jdbc.Driver",
                      url: "jdbc:mysql://192.168.0.205:3306/site",
                      jars: ["mysql-connector-j-8.4.0.jar"],
                  }
                : {
                      driver: "org.mariadb.jdbc.Driver",
                      url: "jdbc:mariadb://192.168.0.205:3306/site",
                      jars: ["mariadb-java-client-2.7.12.jar"],
                  },
        );
    });

    test("row 7: MySQL where it can be had, else MariaDB", () => {
        expect(platformNames.map((platform) => defaultDatabaseServer(platform))).toEqual(["mysql", "mysql", "mariadb"]);
    });

    test("row 9: memcached at port 11211 of nod1 and nod2", async () => {
        const command = async (machine: string) =>
            trimmedLines(await text(machine, "/etc/systemd/system/memcached.service.d/lab.conf")).find((line) =>
                line.startsWith("ExecStart=/"),
            );
        expect(await command("nod1")).toContain(" -l 192.168.0.201 -p 11211 ");
        expect(await command("nod2")).toContain(" -l 192.168.0.202 -p 11211 ");
    });

    test("row 10: java.sh gives JAVA_HOME and PATH", async () => {
        expect(trimmedLines(await text("nod0", "/etc/profile.d/java.sh"))).toEqual([
            "JAVA_HOME=/usr/lib/jvm/java-8-openjdk-amd64",
            "PATH=$JAVA_HOME/bin:$PATH",
            "export JAVA_HOME PATH",
            "",
        ]);
    });

    test("row 10: Oracle's RPM, where the user brings it", async () => {
        const oracle = onCentos("centos-7", { java: "oracle-rpm" });
        expect(neededArtifacts(oracle)).toContain("jdk-8u45");
        expect(neededArtifacts(onCentos("centos-7"))).not.toContain("jdk-8u45");
        expect(trimmedLines(await text("nod0", "/etc/profile.d/java.sh", oracle))).toContain(
            "JAVA_HOME=/usr/java/jdk1.8.0_45",
        );
        expect(trimmedLines(await text("nod0", "/etc/systemd/system/tomcat.service", oracle))).toContain(
            "Environment=JAVA_HOME=/usr/java/jdk1.8.0_45",
        );
        await expect((await rolesOf(oracle, "nod0")).java?.script).toMatchFileSnapshot(
            golden("rendered", "java", "oracle-rpm.sh"),
        );
        expect(
            packagesOf(
                oracle.machines.find(({ name }) => name === "nod0")!,
                oracle,
            ).filter((name) => /java|jdk/.test(name)),
        ).toEqual([]);
    });

    test("row 11: Tomcat 7.0.62 under /usr/local, the link /usr/local/tomcat, tomcat.sh, a service of its own user", async () => {
        const { script } = (await rolesOf(description, "nod0")).tomcat ?? { script: "" };
        expect(script).toContain(`tar -xzf "$artifacts/tomcat-7.0.62.tar.gz"`);
        expect(script).toContain("ln -sfn /usr/local/apache-tomcat-7.0.62 /usr/local/tomcat");
        expect(trimmedLines(await text("nod0", "/etc/profile.d/tomcat.sh"))).toEqual(
            expect.arrayContaining(["CATALINA_HOME=/usr/local/tomcat", "export CATALINA_HOME PATH"]),
        );
        expect(trimmedLines(await text("nod0", "/etc/systemd/system/tomcat.service"))).toEqual(
            expect.arrayContaining(["User=tomcat", "ExecStart=/usr/local/tomcat/bin/catalina.sh run"]),
        );
    });

    test("row 12: server.xml keeps the original Service and has a second one, with the route and the host of its node", async () => {
        const xml = (await text("nod0", `${tomcat}/conf/server.xml`)).replace(/\s+/g, " ");
        expect(xml.match(/<Service name="\w+">/g)).toEqual([`<Service name="Catalina">`, `<Service name="Site">`]);
        // The default connectors are off; the application's connector is the only one.
        expect(xml.match(/<Connector [^>]*>/g)).toEqual([
            `<Connector port="8081" protocol="HTTP/1.1" address="127.0.0.1" connectionTimeout="20000" maxThreads="400" redirectPort="8444" maxHttpHeaderSize="36864" maxHeaderCount="-1" maxPostSize="16777216" maxSwallowSize="67108864" URIEncoding="UTF-8" server="Apache"/>`,
        ]);
        expect(xml).toContain(`<Engine name="Site" defaultHost="192.168.0.200" jvmRoute="jvm200">`);
        expect(xml).toContain(
            `<Realm className="org.apache.catalina.realm.UserDatabaseRealm" resourceName="UserDatabase"/>`,
        );
        expect(xml).toMatch(
            /<Host name="192\.168\.0\.200" appBase="\/tomcat\/app" [^>]*unpackWARs="true" autoDeploy="true" /,
        );
        expect(xml).toContain(
            `<Valve className="org.apache.catalina.valves.AccessLogValve" directory="logs" requestAttributesEnabled="true" prefix="nod0_access_log." suffix=".txt" pattern="%h %l %u %t &quot;%r&quot; %s %b" rotatable="false" checkExists="true"/>`,
        );
        const other = await text("nod2", `${tomcat}/conf/server.xml`);
        expect(other).toContain(`jvmRoute="jvm202"`);
        expect(other).toContain(`prefix="nod2_access_log."`);
    });

    test("row 13: MSM 1.8.3 and its libraries lie in Tomcat's lib", async () => {
        const { script } = (await rolesOf(description, "nod2")).tomcat ?? { script: "" };
        for (const library of [
            "memcached-session-manager-1.8.3",
            "memcached-session-manager-tc7-1.8.3",
            "msm-kryo-serializer-1.8.3",
            "kryo-1.04",
            "kryo-serializers-0.11",
            "reflectasm-1.01",
            "asm-3.2",
            "minlog-1.2",
        ])
            expect(script).toContain(`put 644 root:root "$artifacts/${library}.jar" ${tomcat}/lib/${library}.jar\n`);
    });

    test("row 13: spymemcached 2.11.1 where the stack file says so, else 2.11.7; each without the other", async () => {
        const clients = async (of: typeof description) => {
            const { script } = (await rolesOf(of, "nod2")).tomcat ?? { script: "" };
            return [...script.matchAll(/put .*\/lib\/(spymemcached-.*)\n/g)].map(([, name]) => name);
        };
        expect(await clients(siteWith({ sessions: { client: "spymemcached-2.11.1" } }))).toEqual([
            "spymemcached-2.11.1.jar",
        ]);
        expect(await clients(description)).toEqual(["spymemcached-2.11.7.jar"]);
    });

    test("row 14: context.xml has both memcacheds, the one to fail over to, what is no session's business, kryo, sticky", async () => {
        const xml = (
            await text("nod0", `${tomcat}/conf/context.xml`, siteWith({ sessions: { failoverNodes: ["memcached1"] } }))
        ).replace(/\s+/g, " ");
        const manager = /<Manager ([^>]*)\/>/.exec(xml)?.[1] ?? "";
        expect(
            Object.fromEntries([...manager.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value])),
        ).toMatchObject({
            className: "de.javakaffee.web.msm.MemcachedBackupSessionManager",
            memcachedNodes: "memcached1:192.168.0.201:11211,memcached2:192.168.0.202:11211",
            failoverNodes: "memcached1",
            requestUriIgnorePattern: ".*\\.(ico|png|gif|jpg|css|js)$",
            sticky: "true",
            sessionBackupAsync: "false",
            transcoderFactoryClass: "de.javakaffee.web.msm.serializer.kryo.KryoTranscoderFactory",
        });
    });

    test("row 14: session copies are looked after, unless the stack file wants MSM alone", async () => {
        const tomcatOf = async (keepCopies: boolean) => {
            const of = siteWith({ sessions: { keepCopies } });
            const role = (await rolesOf(of, "nod2")).tomcat;
            return [
                (await text("nod2", `${tomcat}/conf/context.xml`, of)).includes("SessionCopiesValve"),
                role?.script.includes(
                    `put 644 root:root "$artifacts/tomcat-valve.jar" ${tomcat}/lib/tomcat-valve.jar\n`,
                ),
                role?.script.includes(`rm -rf ${tomcat}/lib/tomcat-valve.jar;`),
                role?.script.includes(`rm -rf ${tomcat}/lib/de;`),
            ];
        };
        expect(await tomcatOf(true)).toEqual([true, true, false, true]);
        expect(await tomcatOf(false)).toEqual([false, false, true, true]);
    });

    test("row 14: sessions have a limit in size and number, in memcached, the valve and the serializer", async () => {
        const limits = async (of: typeof description) => {
            const lines = [
                await text("nod2", "/etc/systemd/system/memcached.service.d/lab.conf", of),
                await text("nod2", `${tomcat}/conf/context.xml`, of),
                await text("nod2", `${tomcat}/bin/setenv.sh`, of),
            ].join("\n");
            return [/-I \d+k/, /maxKiB="\d+"/, /maxSessions="\d+"/, /bufferSize[.]max=\d+/].map(
                (pattern) => pattern.exec(lines)?.[0],
            );
        };
        expect(await limits(description)).toEqual([
            "-I 1536k",
            'maxKiB="1024"',
            'maxSessions="8192"',
            "bufferSize.max=4194304",
        ]);
        const other = { sessions: { maxKiB: 2047, max: 100 }, tomcat: { heapMiB: 512 } };
        expect(await limits(siteWith(other))).toEqual([
            "-I 2048k",
            'maxKiB="2047"',
            'maxSessions="100"',
            "bufferSize.max=8384512",
        ]);
        expect((await limits(siteWith({ tomcat: { heapMiB: 512 } })))[2]).toBe('maxSessions="16384"');
    });

    test("row 15: the same application at /tomcat/app/mysite of both app servers", async () => {
        const [nod0, nod2] = [(await rolesOf(description, "nod0")).site, (await rolesOf(description, "nod2")).site];
        expect(nod0?.files.map(({ path: name }) => name)).toEqual(
            expect.arrayContaining(["/tomcat/app/mysite/WEB-INF/web.xml", "/tomcat/app/mysite/style.css"]),
        );
        expect(nod2?.files).toEqual(nod0?.files);
    });

    test("row 16: httpd serves www.test.com through Tomcat, and the distribution's own site is off", async () => {
        const { files, script } = (await rolesOf(description, "nod0")).httpd ?? { files: [], script: "" };
        expect(script).toContain("rm -f /etc/apache2/sites-enabled/000-default.conf\n");
        expect(trimmedLines(files[0]?.text ?? "")).toEqual(
            expect.arrayContaining([
                "<VirtualHost *:80>",
                "DocumentRoot /tomcat/app/mysite",
                "ServerName www.test.com",
                "ProxyVia Off",
                "ProxyRequests Off",
                "ProxyPreserveHost On",
                expect.stringMatching(/^ProxyPass \/ http:\/\/127\.0\.0\.1:8081\/( |$)/) as string,
                "ProxyPassReverse / http://127.0.0.1:8081/",
            ]),
        );
    });

    test("row 17: jemalloc is compiled in from its unpacked source, not installed", () => {
        for (const name of Object.keys(serverSources) as SourceName[]) {
            const script = buildScript(serverSources[name], { server: "server.tar.gz", jemalloc: "jemalloc.tar.bz2" });
            expect(script).toMatch(/"--with-jemalloc=\$jemalloc"|"--with-ld-opt=\$jemalloc\/lib\/libjemalloc\.a /);
            expect(script).not.toMatch(/jemalloc.*make install/);
        }
        expect(neededArtifacts(onCentos("centos-7", { director: { source: "tengine-2.1.0" } }))).toEqual(
            expect.arrayContaining(["tengine-2.1.0", "jemalloc-3.6.0"]),
        );
    });

    test("row 18: Tengine 2.1.0 with the article's configure list, dso_install, user nginx, folders under /var/tmp/tengine", async () => {
        const script = buildScript(serverSources["tengine-2.1.0"], {
            server: "tengine-2.1.0.tar.gz",
            jemalloc: "jemalloc-3.6.0.tar.bz2",
        });
        for (const argument of [
            "--conf-path=/etc/tengine/nginx.conf",
            "--error-log-path=/var/log/tengine/error.log",
            "--http-log-path=/var/log/tengine/access.log",
            "--user=nginx",
            "--group=nginx",
            "--with-http_ssl_module",
            "--with-http_spdy_module",
            "--with-pcre",
            "--with-jemalloc",
            "--http-client-body-temp-path=/var/tmp/tengine/client",
            "--http-proxy-temp-path=/var/tmp/tengine/proxy",
            "--http-fastcgi-temp-path=/var/tmp/tengine/fastcgi",
            "--http-uwsgi-temp-path=/var/tmp/tengine/uwsgi",
        ])
            expect(script).toContain(`    "${argument}"`);
        expect(script.match(/^make .*/gm)).toEqual([
            `make -j"$(nproc)"`,
            `make -j"$(nproc)" DESTDIR="$root" dso_install`,
            `make -j"$(nproc)" DESTDIR="$root" install`,
        ]);
        const folders = trimmedLines(await text("nod3", "/etc/tmpfiles.d/tengine.conf"));
        for (const name of ["client", "proxy", "fastcgi", "uwsgi"])
            expect(folders).toContain(`d /var/tmp/tengine/${name} 0700 nginx nginx -`);
    });

    // The article checks `HEAD /`. Here each check would make a session, so the checks ask for the health page.
    test("row 19: Tengine's upstream, its consistent hash and its checks", async () => {
        const conf = trimmedLines(
            await text(
                "nod3",
                nginxConf,
                onCentos("centos-7", { director: { source: "tengine-2.1.0", affinity: "uri" } }),
            ),
        );
        expect(conf).toEqual(
            expect.arrayContaining([
                "upstream be_server1 {",
                "consistent_hash $request_uri;",
                "server 192.168.0.200:80 id=1000 weight=1 max_fails=1000000;",
                "server 192.168.0.202:80 id=1001 weight=1 max_fails=1000000;",
                "check interval=3000 rise=2 fall=5 timeout=1000 default_down=false type=http;",
                `check_http_send "HEAD /health?shallow HTTP/1.0\\r\\n\\r\\n";`,
                "check_keepalive_requests 100;",
                "check_http_expect_alive http_2xx http_3xx;",
            ]),
        );
    });

    test("row 19: by default the hash is over the session, and nginx has its own words for it", async () => {
        const conf = trimmedLines(await text("nod3", nginxConf));
        expect(conf).toEqual(
            expect.arrayContaining([
                'split_clients "$affinity" $any_app_servers {',
                `"~^(?<hashed_id>[0-9A-Fa-f]+)" $hashed_id;`,
                "default $request_id;",
            ]),
        );
        expect(conf.filter((line) => /consistent_hash|^check/.test(line))).toEqual([]);
    });

    test("row 20: the server on 80, and its status page for the lab's net only", async () => {
        const status = (source: string) =>
            text("nod4", nginxConf, siteWith({ director: { source } })).then((conf) =>
                trimmedLines(/location = \/status \{([^}]*)\}/.exec(conf)?.[1] ?? "").filter((line) => line !== ""),
            );
        expect(await status("tengine-3.1.0")).toEqual([
            "check_status;",
            "access_log off;",
            "allow 192.168.0.0/24;",
            "deny all;",
        ]);
        expect(await status("nginx-1.26.3")).toEqual([
            "stub_status;",
            "access_log off;",
            "allow 192.168.0.0/24;",
            "deny all;",
        ]);
        expect(trimmedLines(await text("nod4", nginxConf))).toEqual(
            expect.arrayContaining([
                "listen 80 default_server;",
                "server_name www.test.com;",
                "proxy_pass http://$any_app_servers;",
            ]),
        );
    });

    test("rows 18 and 19: Tengine 2.1.0 loads what it was compiled with as modules, and is told of nothing that it is too old for", async () => {
        const conf = (affinity: string) =>
            text("nod3", nginxConf, onCentos("centos-7", { director: { source: "tengine-2.1.0", affinity } }));
        for (const affinity of ["session", "uri"]) {
            expect(trimmedLines(await conf(affinity)).join(" ")).toContain("dso { load ngx_http_rewrite_module.so; }");
            // Tengine 2.1.0 is based on nginx 1.6.2; $request_id needs 1.11.0, non_idempotent needs 1.9.13.
            expect(await conf(affinity)).not.toMatch(/\$request_id|non_idempotent|\bzone\b/);
        }
        expect(trimmedLines(await conf("session"))).toContain("default $msec;");
        expect(await text("nod3", nginxConf, siteWith({ director: { source: "tengine-3.1.0" } }))).not.toContain("dso");
    });

    test("rows 5, 6 and 21: keepalived's router, states, priorities, notifications, and VRRP version 2 with the password", async () => {
        const article = siteWith({
            keepalived: {
                advertInterval: 1,
                notify: { to: ["admin@example.org", "root@example.org"], from: "keepalived@example.org" },
            },
        });
        const file = await fileOf(article, "nod3", keepalivedConf);
        expect(file).toMatchObject({ isSecret: true, mode: "640" });
        expect(trimmedLines(file.text)).toEqual(
            expect.arrayContaining([
                "router_id TENGINE_203",
                "state MASTER",
                "priority 180",
                "interface eth0",
                "virtual_router_id 123",
                "advert_int 1",
                "vrrp_version 2",
                "auth_type PASS",
                "auth_pass 1111",
                "192.168.0.111/24",
                "admin@example.org",
                "root@example.org",
                "notification_email_from keepalived@example.org",
                "smtp_server 127.0.0.1",
                "smtp_connect_timeout 30",
            ]),
        );
        expect(trimmedLines(await text("nod4", keepalivedConf, article))).toEqual(
            expect.arrayContaining(["router_id TENGINE_204", "state BACKUP", "priority 179", "auth_pass 1111"]),
        );
    });

    test("row 24, which the article leaves open: a mail when the address moves, a page with the state of every app server", async () => {
        const told = siteWith({
            director: { source: "tengine-3.1.0" },
            keepalived: { notify: { to: ["admin@example.org"] } },
        });
        expect((await text("nod3", keepalivedConf, told)).replace(/\s+/g, " ")).toMatch(
            /vrrp_instance VI_1 \{.* smtp_alert .*\}/,
        );
        expect(await text("nod3", keepalivedConf)).not.toContain("smtp_alert");
        expect(trimmedLines(await text("nod3", nginxConf, told))).toContain("check_status;");
    });
});
