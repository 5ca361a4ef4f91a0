/** Apply scripts, run for real. */
import * as fs from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, test } from "vitest";
import type { RoleConfiguration } from "../../../roles/role-configuration";
import { SandboxMachine } from "../../support/sandbox-machine";

const machines: SandboxMachine[] = [];
const makeMachine = () => {
    const machine = SandboxMachine.make();
    machines.push(machine);
    return machine;
};
afterEach(() => {
    for (const machine of machines.splice(0)) machine.remove();
});

const configuration = (content: string, more: RoleConfiguration = {}): RoleConfiguration => ({
    files: [
        { path: "/mnt/one.conf", content },
        { path: "/mnt/folder/two.conf", content: "two\n", mode: "640" },
    ],
    service: { unit: "web.service" },
    ...more,
});

test("the first run writes the files and starts the service; the second changes nothing and leaves it alone", async () => {
    const machine = makeMachine();
    expect(await machine.apply("web", configuration("first\n"))).toMatchObject({
        code: 0,
        stdout: "",
        stderr: "",
        services: ["start web.service"],
    });
    expect(machine.read("mnt/one.conf")).toBe("first\n");
    expect(fs.statSync(machine.path("mnt/folder/two.conf")).mode & 0o777).toBe(0o640);
    const before = fs.statSync(machine.path("mnt/one.conf"));
    expect(await machine.apply("web", configuration("first\n"))).toMatchObject({ code: 0, services: [] });
    expect(fs.statSync(machine.path("mnt/one.conf"))).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
    expect(machine.list("/var/lib/lab/web")).toEqual(expect.not.arrayContaining(["pending", "installed.new"]));
});

test("a changed file, mode or owner reaches the service, in the way that the role asks for", async () => {
    const machine = makeMachine();
    await machine.apply("web", configuration("first\n"));
    expect(await machine.apply("web", configuration("second\n"))).toMatchObject({
        code: 0,
        services: ["restart web.service"],
    });
    expect(machine.read("state/read")).toBe("second\n");
    fs.chmodSync(machine.path("mnt/one.conf"), 0o600);
    expect(
        await machine.apply("web", configuration("second\n", { service: { unit: "web.service", onChange: "reload" } })),
    ).toMatchObject({ services: ["reload web.service"] });
    expect(fs.statSync(machine.path("mnt/one.conf")).mode & 0o777).toBe(0o644);
});

describe("a service whose work another machine does meanwhile", () => {
    /** `leave` is recorded beside systemctl's calls. */
    const aside = {
        leave: ['echo "start leave" >> "$STATE/systemctl"', ": > /run/aside"],
        comeBack: ["rm -f /run/aside"],
    };
    const role = (content: string, more: RoleConfiguration = {}): RoleConfiguration =>
        configuration(content, {
            service: { unit: "web.service", onChange: "reload", aside },
            ready: { command: "ls /run > /mnt/seen", seconds: 5 },
            ...more,
        });
    const restarting = { prepare: ["changed restart"] };
    const asideNow = (machine: SandboxMachine) => machine.list("run").includes("aside");

    test("leaves it before a restart and comes back when it works; nothing moves for a start or a reload", async () => {
        const machine = makeMachine();
        expect(await machine.apply("web", role("first\n", restarting))).toMatchObject({
            services: ["start web.service"],
        });
        expect(await machine.apply("web", role("second\n"))).toMatchObject({ services: ["reload web.service"] });
        expect(await machine.apply("web", role("second\n"))).toMatchObject({ services: [] });
        expect(machine.read("mnt/seen")).not.toContain("aside");
        expect(await machine.apply("web", role("second\n", restarting))).toMatchObject({
            code: 0,
            services: ["start leave", "restart web.service"],
        });
        expect(machine.read("mnt/seen")).toContain("aside\n");
        expect(asideNow(machine)).toBe(false);
    });

    test("leaves it before each restart of a service that has no reload", async () => {
        const machine = makeMachine();
        const without = (content: string) => role(content, { service: { unit: "web.service", aside } });
        await machine.apply("web", without("first\n"));
        expect(await machine.apply("web", without("second\n"))).toMatchObject({
            services: ["start leave", "restart web.service"],
        });
    });

    test("comes back however the run ends, and after a kill with the next run", async () => {
        const machine = makeMachine();
        await machine.apply("web", role("first\n"));
        const failing = role("first\n", { ...restarting, ready: { command: "false", seconds: 1 } });
        expect(await machine.apply("web", failing)).toMatchObject({ code: 1 });
        expect(asideNow(machine)).toBe(false);
        const waiting = role("first\n", { ready: { command: "false", seconds: 60 } });
        for (const signal of ["SIGTERM", "SIGKILL"] as const) {
            const { child, done } = machine.start("web", waiting);
            await expect.poll(() => asideNow(machine), { timeout: 5000 }).toBe(true);
            child.kill(signal);
            await done;
            expect(asideNow(machine), signal).toBe(signal === "SIGKILL");
        }
        const refused = role("first\n", { prepare: ["exit 1"] });
        expect(await machine.apply("web", refused)).toMatchObject({ code: 1, services: [] });
        expect(asideNow(machine)).toBe(false);
    });
});

test("a service that is down is started, whatever else there is to do", async () => {
    const machine = makeMachine();
    await machine.apply("web", configuration("first\n"));
    fs.rmSync(machine.path("state/active"));
    expect(await machine.apply("web", configuration("first\n"))).toMatchObject({ services: ["start web.service"] });
});

test("a reload is not enough for a new unit, nor where prepare says so", async () => {
    const machine = makeMachine();
    const role = (prepare: string[] = []) =>
        configuration("same\n", { service: { unit: "web.service", onChange: "reload" }, prepare });
    await machine.apply("web", role());
    expect(await machine.apply("web", role(["changed"]))).toMatchObject({ services: ["reload web.service"] });
    expect(await machine.apply("web", role(["changed restart"]))).toMatchObject({ services: ["restart web.service"] });
    // Later runs and a stop in between change nothing.
    expect(await machine.apply("web", { ...role(["changed restart", "changed"]), test: "false" })).toMatchObject({
        code: 1,
        services: [],
    });
    expect(await machine.apply("web", role(["changed"]))).toMatchObject({ services: ["restart web.service"] });
    expect(await machine.apply("web", role(["changed"]))).toMatchObject({ services: ["reload web.service"] });
});

test("wherever the script is killed, the next run ends well and the service has read what is there", async () => {
    const first = makeMachine();
    const old = configuration("old\n", {
        files: [
            { path: "/mnt/one.conf", content: "old\n" },
            { path: "/mnt/gone.conf", content: "gone\n" },
        ],
    });
    await first.apply("web", old);
    const next = configuration("new\n", {
        files: [
            { path: "/mnt/one.conf", content: "new\n" },
            { path: "/mnt/more.conf", content: pulumi.secret("more\n") },
        ],
    });

    const attempt = async (killAt?: number) => {
        const machine = first.copy();
        machines.push(machine);
        const { code, argv } = await machine.apply("web", next, { killAt });
        expect(await machine.apply("web", next), `after a kill at ${killAt}`).toMatchObject({ code: 0 });
        expect(machine.list("mnt"), `after a kill at ${killAt}`).toEqual(["more.conf", "one.conf"]);
        expect(machine.read("state/read"), `after a kill at ${killAt}`).toBe("more\nnew\n");
        expect(machine.list("run"), `after a kill at ${killAt}`).toEqual([]);
        return { wasKilled: code === "SIGKILL", programs: argv.split("\n").length - 1 };
    };
    const { programs } = await attempt();
    const kills = Array.from({ length: programs }, (_, index) => index + 1);
    const outcomes: boolean[] = [];
    const work = async () => {
        for (let killAt = kills.shift(); killAt !== undefined; killAt = kills.shift())
            outcomes.push((await attempt(killAt)).wasKilled);
    };
    await Promise.all([work(), work(), work()]);
    expect(outcomes).toEqual(Array<boolean>(programs).fill(true));
}, 60_000);

describe("a configuration that the program refuses", () => {
    const accepted: RoleConfiguration = {
        files: [
            { path: "/mnt/one.conf", content: "good\n", mode: "640" },
            { path: "/mnt/gone.conf", content: "gone\n" },
        ],
        test: "! grep -q bad /mnt/one.conf",
        service: { unit: "web.service" },
    };
    const refused: RoleConfiguration = {
        ...accepted,
        files: [
            { path: "/mnt/one.conf", content: "bad\n", mode: "640" },
            { path: "/mnt/more.conf", content: pulumi.secret("more\n") },
        ],
    };
    const stateOf = (machine: SandboxMachine) => [
        machine.list("mnt"),
        machine.read("mnt/one.conf"),
        machine.read("/var/lib/lab/web/installed"),
    ];

    test("is not left where the next boot would find it", async () => {
        const machine = makeMachine();
        await machine.apply("web", accepted);
        const before = stateOf(machine);
        expect(await machine.apply("web", refused)).toMatchObject({
            code: 1,
            services: [],
            stderr: "\nThe files of web are again what they were before this run.\n",
        });
        expect(stateOf(machine)).toEqual(before);
        expect(fs.statSync(machine.path("mnt/one.conf")).mode & 0o777).toBe(0o640);
        const better = { ...refused, files: [{ path: "/mnt/one.conf", content: "better\n" }] };
        expect(await machine.apply("web", better)).toMatchObject({ code: 0, services: ["restart web.service"] });
        expect(machine.list("mnt")).toEqual(["one.conf"]);
    });

    test("of a first run leaves nothing", async () => {
        const machine = makeMachine();
        expect(await machine.apply("web", refused)).toMatchObject({ code: 1, services: [] });
        expect(machine.list("mnt")).toEqual([]);
    });

    test("is put back wherever the runs before were killed", async () => {
        const first = makeMachine();
        await first.apply("web", accepted);
        const before = stateOf(first);
        const attempt = async (killAt?: number) => {
            const machine = first.copy();
            machines.push(machine);
            const { argv } = await machine.apply("web", refused, { killAt });
            expect(await machine.apply("web", refused), `after a kill at ${killAt}`).toMatchObject({ code: 1 });
            expect(stateOf(machine), `after a kill at ${killAt}`).toEqual(before);
            return argv.split("\n").length - 1;
        };
        const programs = await attempt();
        for (let killAt = 1; killAt <= programs; killAt++) await attempt(killAt);
    }, 60_000);
});

test("systemd reads its units anew only where one has changed, and enables the service once", async () => {
    const machine = makeMachine();
    const calls = async (content: string, prepare: string[] = []) => {
        await machine.apply("web", configuration(content, { prepare }));
        return (machine.read("state/systemctl") ?? "")
            .split("\n")
            .filter((call) => /^(enable|daemon-reload)/.test(call));
    };
    expect(await calls("first\n", ["changed restart"])).toEqual(["enable web.service"]);
    expect(await calls("second\n")).toEqual([]);
    expect(await calls("second\n", ["changed restart"])).toEqual(["daemon-reload"]);
    fs.rmSync(machine.path("state/enabled"));
    expect(await calls("second\n")).toEqual(["enable web.service"]);
});

describe("files that are no longer in the configuration", () => {
    const files = (...paths: string[]): RoleConfiguration => ({
        files: paths.map((path) => ({ path, content: path })),
        service: { unit: "web.service" },
    });

    test("are removed, and the service sees it", async () => {
        const machine = makeMachine();
        await machine.apply("web", files("/mnt/a", "/mnt/b", '/mnt/it\'s "c"'));
        expect(await machine.apply("web", files("/mnt/b"))).toMatchObject({
            code: 0,
            services: ["restart web.service"],
        });
        expect(machine.list("mnt")).toEqual(["b"]);
        expect(await machine.apply("web", files())).toMatchObject({ code: 0, services: ["restart web.service"] });
        expect(machine.list("mnt")).toEqual([]);
    });

    test("stay when they are another role's by now, whichever of the two comes first", async () => {
        const [before, after] = [makeMachine(), makeMachine()];
        for (const machine of [before, after]) await machine.apply("web", files("/mnt/a", "/mnt/b"));
        await before.apply("other", files("/mnt/b"));
        await before.apply("web", files("/mnt/a"));
        expect(before.list("mnt")).toEqual(["a", "b"]);
        await after.apply("web", files("/mnt/a"));
        await after.apply("other", files("/mnt/b"));
        expect(after.list("mnt")).toEqual(["a", "b"]);
    });

    test("that the role never put there stay", async () => {
        const machine = makeMachine();
        machine.write("mnt/foreign", "");
        await machine.apply("web", files("/mnt/a"));
        await machine.apply("web", files());
        expect(machine.list("mnt")).toEqual(["foreign"]);
    });
});

describe("what does not work", () => {
    test("a configuration that its test refuses never reaches the service, and still does once it is mended", async () => {
        const machine = makeMachine();
        await machine.apply("web", configuration("good\n"));
        const testing = (content: string) => configuration(content, { test: "grep -q good /mnt/one.conf" });
        expect(await machine.apply("web", testing("bad\n"))).toMatchObject({ code: 1, services: [] });
        // The files are again those that the service runs with, but the service has not been told of the change back.
        expect(await machine.apply("web", testing("good again\n"))).toMatchObject({
            code: 0,
            services: ["restart web.service"],
        });
    });

    test("a service that does not start fails the run", async () => {
        const machine = makeMachine();
        machine.write("state/broken", "");
        expect(
            await machine.apply("web", configuration("first\n", { ready: { command: "true", seconds: 5 } })),
        ).toMatchObject({ code: 1, stderr: "the unit is broken\n" });
    });

    test("one that never becomes ready is told with what was asked, what it said and what its unit says", async () => {
        const machine = makeMachine();
        const { code, stderr } = await machine.apply(
            "web",
            configuration("first\n", { ready: { command: 'echo "it\'s" not there; false', seconds: 1 } }),
        );
        expect(code).toBe(1);
        expect(stderr).toBe(
            "web did not work within 1 s: echo \"it's\" not there; false: it's not there\nwhat the unit says\n",
        );
    });

    test("one that systemd has given up is not waited for", async () => {
        const machine = makeMachine();
        machine.write("state/failed", "");
        const { code, stderr } = await machine.apply(
            "web",
            configuration("first\n", { ready: { command: "false", seconds: 3600 } }),
        );
        expect(code).toBe(1);
        expect(stderr).toMatch(/^web did not work within [01] s: false: \nwhat the unit says\n$/);
    });

    test("one that becomes ready in time is waited for", async () => {
        const machine = makeMachine();
        const ready = { command: "[ -e /mnt/second-try ] || { : > /mnt/second-try; false; }", seconds: 10 };
        expect(
            await machine.apply("web", configuration("first\n", { ready, finish: ["echo finished"] })),
        ).toMatchObject({ code: 0, stdout: "finished\n" });
    });
});

describe("secrets", () => {
    const secret = "It's a $ecret\n";
    const role = configuration("open\n", {
        files: [
            { path: "/mnt/open", content: "open\n" },
            { path: "/mnt/password", content: pulumi.secret(secret), mode: "600" },
        ],
        secrets: { "accounts.sql": pulumi.secret("IDENTIFIED BY 'Pa55word'") },
        finish: [`cat "$secrets/accounts.sql"; stat -c "%a %n" "$secrets"/* | grep -vc ^600 || true`],
    });

    test("come through standard input, are files for their owner alone, and are in no argument", async () => {
        const machine = makeMachine();
        const { code, stdout, argv } = await machine.apply("web", role);
        expect(code).toBe(0);
        expect(stdout).toBe("IDENTIFIED BY 'Pa55word'0\n");
        expect(machine.read("mnt/password")).toBe(secret);
        expect(fs.statSync(machine.path("mnt/password")).mode & 0o777).toBe(0o600);
        expect(argv).toContain("stat ");
        expect(argv).not.toMatch(/\$ecret|Pa55word/);
    });

    test("are nowhere else afterwards, whether the run ended well, failed or was told to end", async () => {
        const left = (machine: SandboxMachine) => [
            ...machine.list("run"),
            ...fs
                .readdirSync(machine.path("/var/lib"), { recursive: true, encoding: "utf8" })
                .filter(
                    (name) =>
                        fs.statSync(machine.path(`/var/lib/${name}`)).isFile() &&
                        /\$ecret|Pa55word/.test(machine.read(`/var/lib/${name}`) ?? ""),
                ),
        ];
        const machine = makeMachine();
        await machine.apply("web", role);
        expect(left(machine)).toEqual([]);
        expect(await machine.apply("web", { ...role, test: "false" })).toMatchObject({ code: 1 });
        expect(left(machine)).toEqual([]);

        const { child, done } = machine.start("web", {
            ...role,
            ready: { command: ": > /mnt/waiting; false", seconds: 60 },
        });
        await expect.poll(() => machine.read("mnt/waiting"), { timeout: 5000 }).toBeDefined();
        expect(machine.list("run")).not.toEqual([]);
        child.kill("SIGTERM");
        expect(await done).not.toMatchObject({ code: 0 });
        expect(left(machine)).toEqual([]);
    });
});

test("a run that outlived its connection is let come to its end first", async () => {
    const machine = makeMachine();
    const slow = (name: string) =>
        configuration("same\n", {
            prepare: [
                `[ ! -e /mnt/busy ] || exit 9; : > /mnt/busy; until [ -e /mnt/${name} ]; do sleep 0.01; done; rm /mnt/busy`,
            ],
        });
    const orphan = machine.start("web", slow("go"));
    await expect.poll(() => machine.read("mnt/busy"), { timeout: 5000 }).toBeDefined();
    const next = machine.start("web", slow("go"));
    await expect.poll(() => machine.read("state/argv"), { timeout: 5000 }).toContain("flock");
    machine.write("mnt/go", "");
    expect(await orphan.done).toMatchObject({ code: 0 });
    expect(await next.done).toMatchObject({ code: 0 });
});

test("a run ends by itself when its machine is taken away", async () => {
    const machine = makeMachine();
    const { done } = machine.start(
        "web",
        configuration("same\n", { prepare: [": > /mnt/busy; while :; do sleep 0.01; done"] }),
    );
    await expect.poll(() => machine.read("mnt/busy"), { timeout: 5000 }).toBeDefined();
    machine.remove();
    expect(await done).toMatchObject({ code: 1 });
});
