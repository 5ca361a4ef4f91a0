import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { outputsOf } from "../../../components/outputs";
import type { Access } from "../../../config/access";
import { secretKeys, secretSchema, type SecretKey } from "../../../config/schema";
import { takeApart } from "../../../launcher/call";
import { attach } from "../../../launcher/command";
import { inventory, sshConfig, writeSshConfig } from "../../../launcher/commands/access";
import { table } from "../../../launcher/commands/status";
import { refuseWithoutPrograms } from "../../../launcher/isolated-host/required-programs";
import { initialise } from "../../../launcher/stack/init";
import { accessIn } from "../../../launcher/stack/outputs";
import type { Session } from "../../../launcher/stack/session";
import { StackFile } from "../../../launcher/stack/stack-file";
import { UserError } from "../../../lib/errors";
import { createProgress } from "../../../lib/progress";
import { hostKeyOf } from "../../../lib/ssh-keys";
import { accessOf } from "../../../roles/access";
import { readConfiguration as describeStack } from "../../../roles/configuration";
import { articleLab, secrets } from "../../support/article";

// The checkout, as the launcher knows it, is an empty folder here.
const checkout = vi.hoisted(() => `${process.env.TMPDIR ?? "/tmp"}/launcher-${process.pid}`);
vi.mock(import("../../../lib/environment"), async (original) => ({ ...(await original()), checkout }));

beforeEach(() => {
    fs.mkdirSync(checkout, { recursive: true });
    process.env.LAB_HOME = path.join(checkout, "home");
});
afterEach(() => fs.rmSync(checkout, { recursive: true }));
afterAll(() => {
    delete process.env.LAB_HOME;
});

const shipped = (name: string) => fs.readFileSync(path.join(__dirname, "../../..", `Pulumi.${name}.yaml`), "utf8");
function stackFile(content: string, name = "test"): StackFile {
    fs.writeFileSync(path.join(checkout, `Pulumi.${name}.yaml`), content);
    return new StackFile(name);
}

let access: Access;
outputsOf(describeStack(articleLab(), "test")).access.apply((value) => {
    access = value;
});

test("a program that up would miss half-way is missed before it starts, with the packages that have it", () => {
    expect(() => {
        refuseWithoutPrograms(() => true);
    }).not.toThrow();
    expect(() => {
        refuseWithoutPrograms((program) => program !== "mkisofs");
    }).toThrow(
        expect.objectContaining({
            message: "This machine lacks mkisofs (cloud-init disks are made with it).",
            remedy: "Install it. mkisofs is in these packages: Debian: genisoimage, Red Hat: xorriso.",
        }) as Error,
    );
    expect(() => {
        refuseWithoutPrograms(() => false);
    }).toThrow(/xsltproc .* and mkisofs/);
});

describe("a call", () => {
    const call = (...words: string[]) => takeApart(words, (name) => name === "curl");
    test.each([
        [[], { name: undefined, stack: undefined, rest: [] }],
        [["up"], { name: "up", stack: undefined, rest: [] }],
        [["up", "-s", "dev", "--refresh"], { name: "up", stack: "dev", rest: ["--refresh"] }],
        [["up", "--stack", "dev"], { name: "up", stack: "dev", rest: [] }],
        [["up", "--refresh", "--stack=dev"], { name: "up", stack: "dev", rest: ["--refresh"] }],
        [["-s", "dev", "up", "--refresh"], { name: "up", stack: "dev", rest: ["--refresh"] }],
        [["--stack=dev", "up"], { name: "up", stack: "dev", rest: [] }],
        [["-s", "dev", "up", "-s", "local"], { name: "up", stack: "dev", rest: [] }],
        // What belongs to another program stays with it.
        [["curl", "-s", "http://192.0.2.1/"], { name: "curl", stack: undefined, rest: ["-s", "http://192.0.2.1/"] }],
        [
            ["-s", "dev", "curl", "-s", "http://192.0.2.1/"],
            { name: "curl", stack: "dev", rest: ["-s", "http://192.0.2.1/"] },
        ],
        [["-s", "dev"], { name: undefined, stack: "dev", rest: [] }],
        [["up", "--offline", "--refresh"], { name: "up", stack: undefined, offline: true, rest: ["--refresh"] }],
        [["-s", "dev", "--offline", "up"], { name: "up", stack: "dev", offline: true, rest: [] }],
        [
            ["--offline", "-s", "dev", "curl", "--offline"],
            { name: "curl", stack: "dev", offline: true, rest: ["--offline"] },
        ],
        [["-silent", "up"], { name: "-silent", stack: undefined, rest: ["up"] }],
    ] as const)("%j", (words, expected) => {
        expect(call(...words)).toEqual({ offline: false, ...expected });
    });

    test.each([[["up", "-s"]], [["-s"]], [["up", "--stack="]]])("%j lacks a stack", (words) => {
        expect(() => call(...words)).toThrow(UserError);
    });
});

describe("a stack file", () => {
    test("has to be there, under a name that is one", () => {
        stackFile("config: {}\n", "mine");
        expect(() => new StackFile("other")).toThrow("There is no Pulumi.other.yaml.");
        try {
            new StackFile("other");
        } catch (error) {
            expect((error as UserError).remedy).toContain("Stacks that are there: mine.");
        }
        expect(() => new StackFile("../etc/passwd")).toThrow("is no name for a stack");
    });

    test("that is no YAML is the user's to mend", () => {
        expect(() => stackFile("config: [\n").isIsolated).toThrow(UserError);
    });

    test("tells what the launcher has to know, in YAML's own types and as text", () => {
        for (const [isolated, port] of [
            ["true", "3142"],
            [`"true"`, `"3142"`],
        ]) {
            const file = stackFile(
                `config:\n  lab:isolated: ${isolated}\n  lab:packageProxy: ${port}\n  lab:machineKind: container\n  lab:vrrpPassword:\n    secure: abc\n`,
            );
            expect([file.isIsolated, file.packageProxy, file.machineKind]).toEqual([true, 3142, "container"]);
            expect(file.settings).toEqual({ isolated: true, packageProxy: 3142, machineKind: "container" });
            expect(file.missingSecrets).toEqual(["databasePassword", "loginKey", "hostKeySeed"]);
        }
    });

    test.each(["", "config:\n", "config: {}\n", "# nothing\n"])("may be as good as empty: %j", (content) => {
        const file = stackFile(content);
        expect([file.isIsolated, file.packageProxy, file.machineKind, file.isEncrypted, file.settings]).toEqual([
            false,
            undefined,
            "vm",
            false,
            {},
        ]);
        expect(file.missingSecrets).toEqual([...secretKeys]);
        file.removeSecrets();
    });

    test("tells whether its machines start from an image that is built here", () => {
        const image = "  lab:image: { source: /images/debian.qcow2 }\n";
        expect(stackFile("config:\n  lab:isolated: true\n").wantsBuiltImage).toBe(true);
        expect(stackFile(`config:\n  lab:isolated: true\n${image}`).wantsBuiltImage).toBe(false);
        expect(stackFile(`config:\n  lab:isolated: true\n  lab:machineKind: container\n${image}`).wantsBuiltImage).toBe(
            true,
        );
        expect(stackFile("config:\n  lab:platform: centos-7\n").wantsBuiltImage).toBe(false);
    });

    /** As pulumi leaves it: all else anew, as text, sorted, in its own shape. */
    const asPulumiWrites = (file: StackFile, keys: readonly SecretKey[]) => {
        const lines = keys.map((key) => `  lab:${key}:\n    secure: v1:${key}`);
        fs.writeFileSync(
            file.path,
            `encryptionsalt: v1:salt\nconfig:\n  lab:isolated: "true"\n  lab:machines:\n    nod0:\n      address: 192.168.0.200\n${lines.join("\n")}\n`,
        );
    };

    test.each(["local", "dev", "emulated"])(
        "Pulumi.%s.yaml takes secrets over and nothing else, and is byte for byte what it was without them",
        async (name) => {
            const clean = stackFile(shipped(name));
            // A lab may live in this very checkout.
            clean.removeSecrets();
            const before = fs.readFileSync(clean.path, "utf8");
            await clean.takeSecrets(() => Promise.resolve(asPulumiWrites(clean, secretKeys)));
            const between = fs.readFileSync(clean.path, "utf8");
            expect(between.startsWith(before)).toBe(true);
            expect([clean.missingSecrets, clean.isEncrypted]).toEqual([[], true]);
            clean.removeSecrets();
            expect(fs.readFileSync(clean.path, "utf8")).toBe(before);
        },
    );

    test("as it is in git is not changed by taking secrets out that are not there", () => {
        const git = spawnSync("git", ["show", "HEAD:Pulumi.local.yaml"], { cwd: __dirname, encoding: "utf8" });
        const content = git.status === 0 ? git.stdout : shipped("local");
        const file = stackFile(content);
        file.removeSecrets();
        expect(fs.readFileSync(file.path, "utf8")).toBe(content);
    });

    test("keeps a secret that it had, its comments, and what was made before a failure", async () => {
        const content = "# mine\nconfig:\n  lab:isolated: true # really\n  lab:vrrpPassword:\n    secure: v1:old\n";
        const file = stackFile(content);
        await expect(
            file.takeSecrets(() => {
                asPulumiWrites(file, ["vrrpPassword", "hostKeySeed"]);
                return Promise.reject(new Error("stopped"));
            }),
        ).rejects.toThrow("stopped");
        expect(fs.readFileSync(file.path, "utf8")).toBe(
            `${content}  lab:hostKeySeed:\n    secure: v1:hostKeySeed\nencryptionsalt: v1:salt\n`,
        );
    });
});

describe("init", () => {
    /** A session whose pulumi notes down what it is asked. */
    function sessionOf(file: StackFile, stacks: string[] = []) {
        const asked: { words: string[]; input?: string }[] = [];
        const ask = (words: string[], input?: string) => {
            asked.push({ words, input });
            return Promise.resolve(words[1] === "ls" ? JSON.stringify(stacks.map((name) => ({ name }))) : "");
        };
        return { session: { file, ask } as unknown as Session, asked };
    }

    test("makes secrets that the configuration takes, different ones each time, and hands them over through standard input", async () => {
        const made = await Promise.all(
            ["one", "two"].map(async (name) => {
                const { session, asked } = sessionOf(stackFile("config: {}\n", name));
                await initialise(session);
                expect(asked.slice(0, 2).map(({ words }) => words)).toEqual([
                    ["stack", "ls", "--json"],
                    ["stack", "init", name],
                ]);
                const set = asked.slice(2);
                expect(set.map(({ words }) => words)).toEqual(
                    secretKeys.map((key) => ["config", "set", "--secret", "--stack", name, `lab:${key}`]),
                );
                return Object.fromEntries(
                    set.map(({ words, input }): [string, unknown] => [words.at(-1)?.slice("lab:".length) ?? "", input]),
                );
            }),
        );
        for (const values of made) expect(secretSchema.safeParse(values).error).toBeUndefined();
        for (const key of secretKeys) expect(made[0]?.[key], key).not.toBe(made[1]?.[key]);
    });

    test("leaves alone what is there: the stack, and secrets", async () => {
        const { session, asked } = sessionOf(
            stackFile(
                "config:\n  lab:vrrpPassword: { secure: abc }\n  lab:loginKey: { secure: abc }\n  lab:hostKeySeed: { secure: abc }\n",
            ),
            ["test"],
        );
        await initialise(session);
        expect(asked.map(({ words }) => words.at(-1))).toEqual(["--json", "lab:databasePassword"]);
        const complete = sessionOf(
            stackFile(`config:\n${secretKeys.map((key) => `  lab:${key}: { secure: abc }\n`).join("")}`),
        );
        await initialise(complete.session);
        expect(complete.asked).toEqual([]);
    });

    test("gives an isolated lab a passphrase of its own, for its owner's eyes, and replaces the secrets of one that is gone", async () => {
        const file = stackFile(
            "encryptionsalt: v1:old\nconfig:\n  lab:isolated: true\n  lab:vrrpPassword:\n    secure: v1:old\n",
        );
        await initialise(sessionOf(file).session);
        const passphrase = path.join(process.env.LAB_HOME ?? "", "test", "passphrase");
        expect(fs.readFileSync(passphrase, "utf8")).toMatch(/^[A-Za-z0-9]{32}$/);
        expect(fs.statSync(passphrase).mode & 0o777).toBe(0o600);
        expect(fs.readFileSync(file.path, "utf8")).toBe("config:\n  lab:isolated: true\n");
        const before = fs.readFileSync(passphrase, "utf8");
        await initialise(sessionOf(file).session);
        expect(fs.readFileSync(passphrase, "utf8")).toBe(before);
    });
});

describe("ways in", () => {
    const hasOpenSsh = spawnSync("ssh", ["-V"]).error === undefined;

    test("ssh_config has each machine by name and address, with its key and its host key checked", () => {
        const text = sshConfig(access, "/keys/login", "/keys/known_hosts");
        expect(text.match(/^Host .*$/gm)).toEqual(
            access.machines.map(({ name, address }) => `Host ${name} ${address}`),
        );
        expect(text).toContain(
            "Host nod3 192.168.0.203\n    HostName 192.168.0.203\n    User root\n    IdentityFile /keys/login\n",
        );
        expect(text.match(/StrictHostKeyChecking yes/g)).toHaveLength(6);
    });

    test.skipIf(!hasOpenSsh)(
        "behind a remote hypervisor it goes through that, with its own key and known hosts",
        () => {
            const uri = "qemu+ssh://root@198.51.100.7:2222/system?keyfile=/keys/my%20key%25&knownhosts=/keys/hosts";
            const virtual = {
                machineKind: "vm",
                hypervisor: uri,
                isolated: false,
                packageProxy: "none",
                image: { source: "/image.qcow2" },
            };
            const file = writeSshConfig("test", accessOf(describeStack({ ...articleLab(), ...virtual }, "test")));
            const settings = spawnSync("ssh", ["-G", "-F", file, "nod0"], { encoding: "utf8" }).stdout.split("\n");
            expect(settings).toContain(
                "proxycommand ssh -o BatchMode=yes -o ConnectTimeout=10 -p 2222 -i '/keys/my key%%' -o IdentitiesOnly=yes -o UserKnownHostsFile=/keys/hosts -W 192.168.0.200:22 root@198.51.100.7",
            );
            expect(sshConfig(access, "/keys/login", "/keys/known_hosts")).not.toContain("ProxyCommand");
        },
    );

    test.skipIf(!hasOpenSsh)("ssh itself reads it so", () => {
        const file = writeSshConfig("test", access);
        const settings = spawnSync("ssh", ["-G", "-F", file, "nod0"], { encoding: "utf8" }).stdout.split("\n");
        expect(settings).toEqual(
            expect.arrayContaining([
                "hostname 192.168.0.200",
                "user root",
                "stricthostkeychecking true",
                "identitiesonly yes",
            ]),
        );
        const keys = path.join(path.dirname(file), "known_hosts");
        expect(spawnSync("ssh-keygen", ["-F", "192.168.0.203", "-f", keys], { encoding: "utf8" }).stdout).toContain(
            hostKeyOf(secrets.hostKeySeed, "nod3").publicKey,
        );
    });

    test("the login key is a file for its owner alone, with the end of line that OpenSSH insists on", () => {
        const folder = path.dirname(writeSshConfig("test", { ...access, loginKey: secrets.loginKey.trimEnd() }));
        const key = path.join(folder, "login-key");
        expect(fs.readFileSync(key, "utf8")).toBe(secrets.loginKey);
        expect([folder, key].map((name) => fs.statSync(name).mode & 0o777)).toEqual([0o700, 0o600]);
    });

    test("the inventory has every machine, a group for each role, and how to log in", () => {
        const { all } = JSON.parse(inventory(access, "/keys/config")) as {
            all: { hosts: object; children: Record<string, { hosts: object }>; vars: object };
        };
        expect(all.hosts).toEqual(
            Object.fromEntries(access.machines.map(({ name, address }) => [name, { ansible_host: address }])),
        );
        expect(
            Object.fromEntries(Object.entries(all.children).map(([role, { hosts }]) => [role, Object.keys(hosts)])),
        ).toEqual({
            app: ["nod0", "nod2"],
            database: ["mysql"],
            director: ["nod3", "nod4"],
            memcached: ["nod1", "nod2"],
        });
        expect(all.vars).toMatchObject({
            ansible_user: "root",
            ansible_ssh_common_args: "-F /keys/config",
            virtual_address: "192.168.0.111",
        });
    });

    test("what an earlier version left is not taken for what this one reads", () => {
        const { hypervisors, ...earlier } = access.description;
        for (const old of [
            { ...access, description: { ...earlier, hypervisor: hypervisors[0].uri } },
            { ...access, description: undefined },
        ]) {
            expect(() => accessIn(JSON.parse(JSON.stringify({ access: old })) as { access: Access }, "test")).toThrow(
                /built by an earlier version/,
            );
        }
        expect(() => accessIn({}, "test")).toThrow(/has not been built/);
        expect(accessIn({ access }, "test")).toBe(access);
    });

    test("outputs tell where what runs, and keep the key out of what is shown", () => {
        const { url, machines } = outputsOf(describeStack(articleLab(), "test"));
        expect(url).toBe("http://192.168.0.111/");
        expect(machines.nod2).toBe("192.168.0.202  app, memcached: memcached, tomcat, apache2");
        expect(access.machines.find(({ name }) => name === "nod3")).toEqual({
            name: "nod3",
            address: "192.168.0.203",
            roles: ["director"],
            services: ["tengine.service", "keepalived.service"],
            hostKey: hostKeyOf(secrets.hostKeySeed, "nod3").publicKey,
        });
    });
});

describe("the status table", () => {
    const well: Parameters<typeof table>[0] = access.machines.map((machine) => ({
        machine,
        units: Object.fromEntries(machine.services.map((unit) => [unit, "active"])),
        holdsVirtualAddress: machine.name === "nod3",
        health: machine.roles.some((role) => role === "app" || role === "director") ? "200" : "-",
    }));
    const row = (text: string, name: string) => text.split("\n").find((line) => line.startsWith(`${name} `)) ?? "";

    test("when all is well", () => {
        const text = table(well, access);
        expect(row(text, "nod3")).toMatch(
            /^nod3 +192\.168\.0\.203 +director +tengine active, keepalived active +200 +well +192\.168\.0\.111$/,
        );
        expect(text).not.toContain("NOT WELL");
        expect(text).toContain("http://192.168.0.111/ is on nod3.\n");
        const columns = text
            .split("\n")
            .slice(0, 7)
            .map((line) => line.indexOf("192.168.0.2"));
        expect(new Set(columns.slice(1)).size).toBe(1);
    });

    test("when something is not: a unit, a machine, the site behind a server, the virtual address on none or two", () => {
        const text = table(
            [
                { ...well[0], units: undefined, health: "-" } as (typeof well)[number],
                { ...well[1], units: { "tomcat.service": "failed" } } as (typeof well)[number],
                ...well.slice(2, 4),
                { ...well[4], holdsVirtualAddress: false, health: "502" } as (typeof well)[number],
                ...well.slice(5),
            ],
            access,
        );
        expect(row(text, "mysql")).toMatch(/does not answer +- +NOT WELL$/);
        expect(row(text, "nod0")).toMatch(/tomcat failed +200 +NOT WELL$/);
        expect(row(text, "nod3")).toMatch(/502 +NOT WELL$/);
        expect(text).toContain("http://192.168.0.111/ is on no machine.");
        expect(
            table(
                well.map((status) => ({ ...status, holdsVirtualAddress: status.machine.roles.includes("director") })),
                access,
            ),
        ).toContain("is on nod3 and nod4.");
    });

    test("says what nginx lacks where it runs instead of Tengine", () => {
        expect(table(well, access)).toContain("The directors run nginx-1.26.3, Tengine's parent: no active checks");
        expect(table(well, { ...access, directorSource: "tengine-3.1.0" })).not.toContain("Tengine's parent");
    });
});

describe("programs and progress", () => {
    test("a program's exit code is passed on", async () => {
        expect(await attach(["sh", "-c", "exit 3"])).toBe(3);
        expect(
            await attach(["sh", "-c", '[ "$WORD" = said ] && [ "$PWD" = / ]'], {
                cwd: "/",
                env: { ...process.env, WORD: "said" },
            }),
        ).toBe(0);
        expect(await attach(["sh", "-c", "kill -9 $$"])).toBeGreaterThanOrEqual(128);
        await expect(attach(["/no/such/program"])).rejects.toThrow("ENOENT");
    });

    test("a step tells how it begins and ends, also when it fails, and gives its result or its error", async () => {
        const written: string[] = [];
        const progress = createProgress({
            isTTY: false,
            write: (text: string) => written.push(text),
        } as unknown as NodeJS.WriteStream);
        expect(await progress.step("Counting", () => Promise.resolve(7))).toBe(7);
        await expect(progress.step("Falling", () => Promise.reject(new Error("down")))).rejects.toThrow("down");
        progress.info("that is all");
        expect(written.join("")).toMatch(
            /^Counting \.\.\.\nCounting: done in \d+\.\d s\nFalling \.\.\.\nFalling: failed after \d+\.\d s\nthat is all\n$/,
        );
    });

    test("on a terminal the newest detail stands in one line that goes away", async () => {
        vi.useFakeTimers();
        try {
            const written: string[] = [];
            const progress = createProgress({
                isTTY: true,
                columns: 30,
                write: (text: string) => written.push(text),
            } as unknown as NodeJS.WriteStream);
            await progress.step("Building", async (say) => {
                say("a line that is longer than the terminal is wide\n");
                await vi.advanceTimersByTimeAsync(600);
            });
            expect(written[0]).toBe("\r\x1b[KBuilding (0.5 s) a line that ");
            expect(written.at(-1)).toBe("\r\x1b[KBuilding: done in 0.6 s\n");
        } finally {
            vi.useRealTimers();
        }
    });
});

test("the usage names every command", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "usage-"));
    const { stdout, status } = spawnSync(process.execPath, ["launcher/bundle/run.cjs", "lab", "help"], {
        cwd: path.join(__dirname, "../../.."),
        encoding: "utf8",
        env: { ...process.env, LAB_HOME: folder },
    });
    fs.rmSync(folder, { recursive: true });
    expect(status).toBe(0);
    for (const command of [
        "up",
        "preview",
        "down",
        "doctor",
        "snapshot NAME",
        "revert NAME",
        "snapshots",
        "status",
        "ssh NODE",
        "curl",
        "forward",
        "exec",
        "pulumi",
        "test",
        "clean",
        "init",
        "ssh-config",
        "inventory",
        "bench",
    ])
        expect(stdout).toContain(`  ${command}`);
}, 30_000);
