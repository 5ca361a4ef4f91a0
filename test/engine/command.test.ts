/**
 * Small programs with commands, run by the real engine. The snapshots beside this file (what is done, what a preview
 * knows, the state) were recorded with the genuine `command` plugin 1.2.1 on 2026-11-24, and are the same with the
 * stand-in. To compare again, lay the genuine one into a PULUMI_HOME (`plugins/resource-command-v1.2.1/`) and run
 * `ENGINE_TEST_HOME=that npx vitest run --project engine engine/command.test`.
 */
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Project, type Resources } from "../support/project";
import { SshServer, newKey } from "../support/ssh-server";

const login = newKey();
let server: SshServer;
const projects: Project[] = [];

beforeAll(async () => {
    server = await new SshServer({ authorizedKey: login.publicKey, acceptEnv: ["PULUMI_COMMAND_STDOUT"] }).start();
});

afterAll(async () => {
    await server.stop();
    for (const project of projects) project.remove();
});

async function newProject(): Promise<Project> {
    const project = await Project.create();
    projects.push(project);
    return project;
}

const connection = () => ({
    host: "127.0.0.1",
    port: server.port,
    user: "tester",
    privateKey: login.privateKey,
    hostKey: server.hostKey.publicKey,
});

/** The same text for everything that differs from run to run. */
function stable(value: unknown, project: Project): unknown {
    return JSON.parse(
        JSON.stringify(value)
            .replace(/"id":"([a-z-]*)[0-9a-f]{8}"/g, '"id":"$1<hex>"')
            .replace(/"id":"[0-9a-f-]{36}"/g, '"id":"<uuid>"')
            .replaceAll(JSON.stringify(login.privateKey).slice(1, -1), "<private key>")
            .replaceAll(server.hostKey.publicKey, "<host key>")
            .replaceAll(project.folder, "<folder>")
            .replace(new RegExp(`\\b${server.port}\\b`, "g"), "1022"),
    ) as unknown;
}

test("a resource's life", async () => {
    const project = await newProject();
    const log = path.join(project.folder, "log");
    const expectSame = (value: unknown) => expect(stable(value, project)).toMatchSnapshot();
    const readLog = () => readFileSync(log, "utf8").split("\n").filter(Boolean).sort();
    project.write("file", "content");
    const before: Resources = {
        updated: {
            type: "remote.Command",
            args: {
                connection: connection(),
                create: "echo created",
                update: "echo updated after $PULUMI_COMMAND_STDOUT",
                stdin: "1",
            },
        },
        "created-again": {
            type: "remote.Command",
            args: {
                connection: connection(),
                create: "echo one",
                delete: `echo deleted $PULUMI_COMMAND_STDOUT >> ${log}`,
            },
        },
        triggered: {
            type: "local.Command",
            args: { create: "echo one", triggers: ["a", { b: 1 }], delete: `echo triggered >> ${log}` },
        },
        "first-triggers": { type: "local.Command", args: { create: "echo one" } },
        copied: {
            type: "remote.CopyToRemote",
            args: {
                connection: connection(),
                source: { $fileAsset: path.join(project.folder, "file") },
                remotePath: path.join(project.folder, "copy"),
            },
        },
        text: {
            type: "remote.CopyToRemote",
            args: {
                connection: connection(),
                source: { $stringAsset: "one" },
                remotePath: path.join(project.folder, "text"),
            },
        },
        depending: { type: "local.Command", args: { create: "cat", stdin: { $output: "updated.stdout" } } },
        secretive: {
            type: "local.Command",
            args: { create: "echo done", environment: { PASSWORD: { $secret: "hunter2" } } },
        },
        "without-commands": { type: "local.Command", args: { stdin: "1" } },
        untouched: { type: "remote.Command", args: { connection: connection(), create: "echo still here" } },
    };
    expectSame(await project.preview(before));
    const up = await project.up();
    expect(up.failed).toBe(false);
    expectSame({ steps: up.steps, outputs: up.outputs, state: await project.state() });
    expect(readFileSync(path.join(project.folder, "copy"), "utf8")).toBe("content");
    expect(await project.rawState()).not.toMatch(/hunter2|PRIVATE KEY/);

    const again = await project.up();
    expect(new Set(Object.values(again.steps).map(({ op }) => op))).toEqual(new Set(["same"]));

    project.write("file", "new content");
    const after = structuredClone(before);
    Object.assign(after.updated?.args ?? {}, { stdin: "2" });
    Object.assign(after["created-again"]?.args ?? {}, { create: "echo two" });
    Object.assign(after.triggered?.args ?? {}, { triggers: ["a", { b: 2 }] });
    Object.assign(after["first-triggers"]?.args ?? {}, { triggers: ["a"] });
    Object.assign(after.text?.args ?? {}, { source: { $stringAsset: "two" } });
    Object.assign(after["without-commands"]?.args ?? {}, { stdin: "2" });
    expectSame(await project.preview(after));
    const changed = await project.up();
    expect(changed.failed).toBe(false);
    expectSame({ steps: changed.steps, outputs: changed.outputs, state: await project.state() });
    expect(readFileSync(path.join(project.folder, "copy"), "utf8")).toBe("new content");
    expect(readLog()).toEqual(["triggered"]);

    const refreshed = await project.refresh();
    expect(new Set(Object.values(refreshed.steps).map(({ op }) => op))).toEqual(new Set(["refresh"]));

    expect((await project.destroy()).failed).toBe(false);
    expect(readLog()).toEqual(["deleted two", "triggered", "triggered"]);
    expect(existsSync(path.join(project.folder, "copy"))).toBe(true);
});

test("a failure stops what depends on it, and the next run goes on from there", async () => {
    const project = await newProject();
    const log = path.join(project.folder, "log");
    const resources = (create: string): Resources => ({
        good: { type: "local.Command", args: { create: `echo good >> ${log}` } },
        bad: { type: "remote.Command", args: { connection: connection(), create }, options: { dependsOn: ["good"] } },
        after: { type: "local.Command", args: { create: `echo after >> ${log}` }, options: { dependsOn: ["bad"] } },
    });
    const failed = await project.up(resources("echo why >&2; exit 3"));
    expect(failed.failed).toBe(true);
    const error = failed.messages.find(({ severity, resource }) => severity === "error" && resource === "bad");
    expect(error?.message).toContain('Process exited with status 3: running "echo why >&2; exit 3":\nwhy');
    expect(Object.keys(await project.state())).not.toContain("after");

    const repaired = await project.up(resources("echo fine"));
    expect(repaired).toMatchObject({
        failed: false,
        steps: { good: { op: "same" }, bad: { op: "create" }, after: { op: "create" } },
    });
    expect(readFileSync(log, "utf8")).toBe("good\nafter\n");
});

test("a mistake in the inputs is said in preview", async () => {
    const project = await newProject();
    const run = await project.preview({
        a: { type: "remote.Command", args: { connection: { user: "u" }, create: "true" } },
    });
    expect(run.failed).toBe(true);
    expect(run.messages.map(({ message }) => message).join("\n")).toContain("Missing required field 'host'");
});

test("an interrupted run ends its commands, and keeps what was done", async () => {
    const project = await newProject();
    const started = path.join(project.folder, "started");
    project.write(
        "resources.json",
        JSON.stringify({
            done: { type: "local.Command", args: { create: "echo done" } },
            long: {
                type: "local.Command",
                args: { create: `echo $$ > ${started}; exec sleep 1000` },
                options: { dependsOn: ["done"] },
            },
        } satisfies Resources),
    );
    const cli = project.start("up", "--yes", "--skip-preview");
    await expect.poll(() => existsSync(started) && readFileSync(started, "utf8"), { timeout: 30_000 }).toMatch(/\d/);
    cli.kill("SIGINT");
    const [code] = (await once(cli, "exit")) as [number];
    expect(code).not.toBe(0);
    expect(isRunning(Number(readFileSync(started, "utf8")))).toBe(false);
    expect(Object.keys(await project.state())).toContain("done");
});

// More than the genuine plugin does: its commands go on.
test("a killed engine leaves no plugin and no command behind", async () => {
    const project = await newProject();
    const started = path.join(project.folder, "started");
    project.write(
        "resources.json",
        JSON.stringify({
            long: { type: "local.Command", args: { create: `echo $$ > ${started}; exec sleep 1000` } },
        } satisfies Resources),
    );
    const cli = project.start("up", "--yes", "--skip-preview");
    await expect.poll(() => existsSync(started) && readFileSync(started, "utf8"), { timeout: 30_000 }).toMatch(/\d/);
    const children = descendants(cli.pid ?? 0);
    expect(children.length).toBeGreaterThan(2);
    cli.kill("SIGKILL");
    await expect.poll(() => children.filter(isRunning), { timeout: 20_000 }).toEqual([]);
});

/** A process that has ended but that nobody has waited for does not count as running. */
function isRunning(pid: number): boolean {
    try {
        return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
        return false;
    }
}

function descendants(pid: number): number[] {
    const children = readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
        .filter((other) => {
            try {
                return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${other}/status`, "utf8"))?.[1]) === pid;
            } catch {
                return false;
            }
        });
    return children.flatMap((child) => [child, ...descendants(child)]);
}
