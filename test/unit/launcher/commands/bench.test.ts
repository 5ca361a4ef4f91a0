import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { platforms } from "../../../../catalog/platforms/index";
import { renderForAnsible } from "../../../../launcher/commands/bench/ansible/render";
import { parseWrk, withoutJemalloc } from "../../../../launcher/commands/bench/measure-site";
import { asMarkdown, goalsOf, type Results } from "../../../../launcher/commands/bench/table";
import { readConfiguration as describeStack } from "../../../../roles/configuration";
import { tengineBuild } from "../../../../roles/tengine-build";
import { articleLab, artifactsIn, siteWith } from "../../../support/article";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "bench-"));
afterAll(() => fs.rmSync(folder, { recursive: true }));

describe("wrk's words", () => {
    const said = (more = "") => `Running 8s test @ http://192.168.0.111/counter/bench
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    12.34ms    5.10ms  99.99ms   80.00%
    Req/Sec     1.20k   100.00     1.50k    70.00%
  Latency Distribution
     50%  950.00us
     75%   15.00ms
     90%   20.00ms
     99%    1.20s
  9600 requests in 8.00s, 1.90MB read
${more}Requests/sec:   1200.50
Transfer/sec:    243.10KB
`;

    test("are taken with their units", () => {
        expect(parseWrk("a way", said())).toEqual({
            what: "a way",
            requestsPerSecond: 1200.5,
            median: 0.95,
            p99: 1200,
            failed: 0,
        });
    });

    test("everything that failed counts", () => {
        expect(
            parseWrk(
                "a way",
                said("  Socket errors: connect 1, read 2, write 0, timeout 3\n  Non-2xx or 3xx responses: 10\n"),
            ).failed,
        ).toBe(16);
    });

    test("none of them is an error, not a zero", () => {
        expect(() => parseWrk("a way", "unable to connect to 192.168.0.111:80 Connection refused\n")).toThrow(
            /Connection refused/,
        );
    });
});

test("the server without jemalloc differs from the lab's by that, and by its place", () => {
    const description = siteWith();
    const build = tengineBuild({
        description,
        platform: platforms[description.platform],
        artifacts: artifactsIn(folder),
    });
    const without = withoutJemalloc(build, description);
    expect(build.script).toMatch(/libjemalloc\.a/);
    expect(build.script).toContain("jemalloc statistics");
    expect(without.script).not.toMatch(/libjemalloc|jemalloc statistics|\/usr\/local\/tengine\//);
    expect(without.script).toContain("--prefix=/usr/local/tengine-without-jemalloc");
    expect(without.key).not.toBe(build.key);
});

const results: Results = {
    date: "2026-11-25",
    stack: "local",
    short: false,
    limits: {
        up: 60,
        preview: 3,
        nothing: 7,
        program: { alive: 1.5, computing: 0.9 },
        machines: 6,
        state: { bytes: 6 * 61 * 1024, resources: 106 },
        recording: {
            wall: 55,
            criticalPath: 50,
            ratio: 1.1,
            before: 2,
            after: 0.2,
            use: { machine: 1.95, lab: 1.5, processors: 2 },
        },
    },
    growth: [2, 4].map((appServers) => ({
        appServers,
        machines: appServers + 4,
        preview: 3 + (appServers - 2) * 0.1,
        nothing: 3.5,
        addsOne: 20,
        state: { bytes: 300_000, resources: 100 },
    })),
    ansible: {
        ours: {
            converge: { wall: 40, computing: 60, machines: 40 },
            nothing: { wall: 3, computing: 2, machines: 1 },
            file: { wall: 5, computing: 3, machines: 2 },
            added: { wall: 20, computing: 25, machines: 16 },
        },
        ansible: {
            converge: { wall: 100, computing: 150, machines: 100 },
            nothing: { wall: 20, computing: 30, machines: 20 },
            file: { wall: 20, computing: 30, machines: 20 },
            added: { wall: 50, computing: 60, machines: 40 },
        },
    },
};

describe("the table", () => {
    test("holds what was measured against the goals", () => {
        expect(
            goalsOf(results).map(({ what, value, limit }) => [what, Number(value.toFixed(3)), value <= limit]),
        ).toEqual([
            ["booted machines to a verified site, of Ansible's time", 0.4, true],
            ["nothing to do, of Ansible's time", 0.15, true],
            ["one file of one role changed, of Ansible's time", 0.25, false],
            ["`up` from nothing to a verified site, caches full", 60, true],
            ["`up`'s wall time over its critical path", 1.1, true],
            ["preview, nothing to do", 3, true],
            ["`up`, nothing to do", 7, false],
            ["of a preview, the program itself", 0.9, true],
            ["state a machine", 61, false],
            ["preview or `up` that finds nothing to do, each machine more", 0.1, true],
        ]);
    });

    test("is Markdown, with the date, and says what was not reached", () => {
        const text = asMarkdown(results);
        expect(text).toContain("Measured on 2026-11-25 by `./lab bench`, 2 processors.");
        expect(text).toContain("| `up`, nothing to do | 7.00 s | at most 6 | **not reached** | best of 3 |\n");
        expect(text).toContain("| one file of one role changed | 5.0 | 20.0 | 0.25 | 3.0 | 30.0 | 0.10 |\n");
        for (const block of text.trim().split("\n\n").slice(1)) {
            const columns = block.split("\n").map((line) => line.split("|").length);
            expect(new Set(columns).size, block).toBe(1);
        }
    });

    test("has only what was measured", () => {
        expect(asMarkdown({ date: "2026-11-25", stack: "local", short: true })).toBe(
            "Measured on 2026-11-25 by `./lab bench --short`.\n",
        );
    });
});

describe("what Ansible works with", () => {
    test("are the same files, with their modes and owners, and the same checks", async () => {
        const configuration = describeStack(articleLab(), "test");
        const inventory = JSON.parse(
            fs.readFileSync(
                await renderForAnsible(folder, configuration, {
                    artifacts: artifactsIn(folder),
                    sshConfig: "/ssh/config",
                    builds: "/builds",
                }),
                "utf8",
            ),
        ) as {
            all: {
                hosts: Record<
                    string,
                    {
                        packages: string[];
                        roles: Record<
                            string,
                            {
                                files?: string;
                                secrets?: string;
                                unit?: string;
                                on_change?: string;
                                ready?: string;
                                finish?: string;
                            }
                        >;
                    }
                >;
                children: Record<string, { hosts: object }>;
            };
        };
        const { hosts, children } = inventory.all;
        expect(Object.keys(children.app?.hosts ?? {})).toEqual(["nod0", "nod2"]);
        expect(hosts.nod2?.packages).toEqual(
            expect.arrayContaining(["apache2", "memcached", "openjdk-8-jre-headless"]),
        );
        const tomcat = hosts.nod0?.roles.tomcat;
        expect(tomcat).toMatchObject({ unit: "tomcat.service", on_change: "restarted" });
        const listed = execFileSync("tar", ["-tvf", tomcat?.files ?? ""], { encoding: "utf8" });
        expect(listed).toMatch(/^-rw-r----- root\/tomcat .* \.\/usr\/local\/tomcat\/conf\/server\.xml$/m);
        expect(listed).toMatch(/^-rw-r--r-- root\/root .* \.\/usr\/local\/tomcat\/lib\/spymemcached-2\.11\.7\.jar$/m);
        expect(listed).not.toContain("tomcat-7.0.62.tar.gz");
        expect(hosts.nod4?.roles.keepalived).toMatchObject({ unit: "keepalived.service", on_change: "reloaded" });
        expect(execFileSync("tar", ["-tvf", hosts.mysql?.roles.database?.secrets ?? ""], { encoding: "utf8" })).toMatch(
            /^-rw------- root\/root .* \.\/root\/\.lab-database\/accounts\.sql$/m,
        );
        // What role.yaml and site.yaml name is what there is.
        const playbook = parse(
            fs.readFileSync(path.join(__dirname, "../../../../launcher/commands/bench/ansible/site.yaml"), "utf8"),
        ) as { tasks: { vars?: { role: string } }[] }[];
        const named = playbook.flatMap(({ tasks }) => tasks.flatMap(({ vars }) => vars?.role ?? []));
        expect([...named, "retired-accounts"].sort()).toEqual(
            [...new Set(Object.values(hosts).flatMap(({ roles }) => Object.keys(roles)))].sort(),
        );
    }, 60_000);

    test("are the same bytes for the same content", async () => {
        const configuration = describeStack(articleLab(), "test");
        const bytes = async () => {
            await renderForAnsible(folder, configuration, {
                artifacts: artifactsIn(folder),
                sshConfig: "/ssh/config",
                builds: "/builds",
            });
            return fs.readFileSync(path.join(folder, "nod0", "tomcat.tar")).toString("base64");
        };
        expect(await bytes()).toBe(await bytes());
    }, 60_000);
});
