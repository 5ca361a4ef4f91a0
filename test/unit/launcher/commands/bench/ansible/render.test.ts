import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { renderForAnsible } from "../../../../../../launcher/commands/bench/ansible/render";
import { articleLab, artifactsIn } from "../../../../../support/article";
import { readConfiguration as describeStack } from "../../../../../../roles/configuration";
import { repository } from "../../../../../support/repository";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "bench-"));
afterAll(() => fs.rmSync(folder, { recursive: true }));

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
        // role.yaml and site.yaml name exactly the rendered roles.
        const playbook = parse(fs.readFileSync(repository("launcher/commands/bench/ansible/site.yaml"), "utf8")) as {
            tasks: { vars?: { role: string } }[];
        }[];
        const named = playbook.flatMap(({ tasks }) => tasks.flatMap(({ vars }) => vars?.role ?? []));
        expect([...named, "retired", "retired-accounts"].sort()).toEqual(
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
