/**
 * What the `command` plugin answers, call by call. The snapshots beside this file were recorded from the genuine plugin
 * 1.2.1, built from its repository at that tag, on 2026-11-24 and 2026-11-27; the stand-in gives the same answers,
 * texts of errors included. To compare again, build the genuine one anywhere and run
 * `ENGINE_TEST_PLUGIN=/path/to/pulumi-resource-command npx vitest run --project engine command-protocol`.
 */
import { once } from "node:events";
import * as net from "node:net";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shortPrivateKey } from "../../lib/ssh-keys";
import { silent } from "../../lib/progress";
import { ensureEngine } from "../../launcher/engine/index";
import { COMMAND_VERSION } from "../../launcher/engine/pins";
import { Plugin, type Values } from "../support/plugin";
import { CACHE } from "../support/project";
import { SshServer, digest, newEncryptedKey, newKey } from "../support/ssh-server";
import {
    UNKNOWN_STRING,
    assetArchive,
    fileArchive,
    fileAsset,
    output,
    readable,
    remoteAsset,
    secret,
    stringAsset,
    unknownOutput,
} from "../support/pulumi-values";

const LOCAL = "command:local:Command";
const REMOTE = "command:remote:Command";
const COPY = "command:remote:CopyToRemote";

const login = newKey();
let plugin: Plugin;
let server: SshServer;
let other: SshServer;
let folder: string;

beforeAll(async () => {
    const { env } = await ensureEngine({ cache: CACHE, progress: silent });
    plugin = await Plugin.start(
        process.env.ENGINE_TEST_PLUGIN ??
            path.join(env.PULUMI_HOME ?? "", `plugins/resource-command-v${COMMAND_VERSION}/pulumi-resource-command`),
    );
    const options = {
        authorizedKey: login.publicKey,
        password: "open sesame",
        acceptEnv: ["GREETING", "PULUMI_COMMAND_STDOUT"],
    };
    server = await new SshServer(options).start();
    other = await new SshServer(options).start();
    folder = mkdtempSync(path.join(tmpdir(), "command-test-"));
});

afterAll(async () => {
    await plugin.stop();
    await server.stop();
    await other.stop();
    rmSync(folder, { recursive: true });
});

/** The same text for everything that differs from run to run. */
function stable(value: unknown): unknown {
    const text = JSON.stringify(readable(value))
        .replace(/"id":"(thing)?[0-9a-f]{8}"/g, '"id":"$1<hex>"')
        .replaceAll(JSON.stringify(login.privateKey).slice(1, -1), "<private key>")
        .replaceAll(server.hostKey.publicKey, "<host key>")
        .replaceAll(folder, "<folder>")
        .replace(/<folder>\/target-\d+/g, "<target>")
        .replace(new RegExp(`\\b${server.port}\\b`, "g"), "1022")
        .replace(new RegExp(`\\b${other.port}\\b`, "g"), "1023");
    return JSON.parse(text) as unknown;
}

/** Runs named cases one after the other, and compares all answers, each with what was shown meanwhile. */
async function compare<Case>(cases: Record<string, Case>, run: (input: Case) => Promise<unknown>): Promise<void> {
    const answers: Record<string, unknown> = {};
    for (const [name, input] of Object.entries(cases)) {
        const answer = await run(input);
        const messages = plugin
            .takeMessages()
            .map(({ severity, message, ephemeral }) => `${severity}${ephemeral ? " (while running)" : ""}: ${message}`)
            // Which of two pipes is read first is chance, with the genuine plugin, too.
            .sort();
        answers[name] = messages.length > 0 ? { answer, messages } : answer;
    }
    expect(stable(answers)).toMatchSnapshot();
}

const connection = (more: Values = {}): Values => ({
    host: "127.0.0.1",
    port: server.port,
    user: "tester",
    privateKey: login.privateKey,
    hostKey: server.hostKey.publicKey,
    dialErrorLimit: 0,
    perDialTimeout: 5,
    ...more,
});

/** A connection as `check` gives it back. */
const checked = (more: Values = {}) => secret({ ...connection(more), privateKey: secret(login.privateKey) });

describe("configuration", () => {
    test("is marked and never differs", () =>
        compare<Values>({ nothing: {}, version: { version: "1.2.1" } }, async (config) => ({
            check: await plugin.checkConfig(config),
            diff: await plugin.diffConfig({ version: "1.2.0" }, config),
        })));
});

test("the schema, without descriptions, other languages and CopyFile", async () => {
    const { description, displayName, keywords, homepage, license, repository, logoUrl, publisher, language, ...rest } =
        (await plugin.schema()) as Values;
    const hidden = [description, displayName, keywords, homepage, license, repository, logoUrl, publisher, language];
    expect(hidden.length).toBe(9);
    const schema = JSON.parse(
        JSON.stringify(rest, (key, value: unknown) =>
            key === "description" || key === "command:remote:CopyFile" ? undefined : value,
        ),
    ) as Values;
    expect(schema).toMatchSnapshot();
});

describe("check", () => {
    test("remote command", () =>
        compare<Values>(
            {
                "only a host": { connection: { host: "a" } },
                everything: {
                    connection: {
                        host: "a",
                        port: 2200,
                        user: "u",
                        password: "p",
                        privateKey: "k",
                        privateKeyPassword: "q",
                        agentSocketPath: "/s",
                        dialErrorLimit: 3,
                        perDialTimeout: 4,
                        hostKey: "ssh-ed25519 AAAA",
                        proxy: { host: "b", password: "r" },
                    },
                    create: "c",
                    update: "u",
                    delete: "d",
                    stdin: "i",
                    logging: "stdout",
                    environment: { A: "1" },
                    addPreviousOutputInEnv: false,
                    triggers: ["a", 1, true],
                },
                "no connection": { create: "c" },
                "no host": { connection: { user: "u" } },
                "no host of the proxy": { connection: { host: "a", proxy: {} } },
                "wrong kinds": {
                    connection: { host: "a" },
                    create: 5,
                    environment: "x",
                    triggers: "x",
                    addPreviousOutputInEnv: "yes",
                },
                "wrong kinds within": {
                    connection: { host: 5, port: "22", dialErrorLimit: "3" },
                    environment: { A: 1 },
                },
                "connection is a text": { connection: "a" },
                "names that do not exist": { connection: { host: "a" }, crate: "c" },
                "names that do not exist within": { connection: { host: "a", hst: "b" } },
                "unknown values": {
                    connection: { host: UNKNOWN_STRING, port: 22 },
                    create: UNKNOWN_STRING,
                    environment: { A: UNKNOWN_STRING },
                    stdin: UNKNOWN_STRING,
                },
                "unknown connection": { connection: UNKNOWN_STRING, create: "c" },
                secrets: {
                    connection: secret({ host: "a", password: secret("p") }),
                    create: secret("c"),
                    environment: secret({ A: "1" }),
                    triggers: [secret("t")],
                },
                "output values": {
                    connection: { host: output("a") },
                    create: output("c", true),
                    stdin: unknownOutput(),
                },
                "empty collections": { connection: { host: "a" }, environment: {}, triggers: [] },
                nulls: { connection: { host: "a", user: null }, create: null },
                "triggers of any kind": {
                    connection: { host: "a" },
                    triggers: [{ a: [1, { b: null }] }, [], UNKNOWN_STRING, stringAsset("t", digest("t"))],
                },
                "logging that does not exist": { connection: { host: "a" }, logging: "everything" },
                zeros: { connection: { host: "", port: 0, dialErrorLimit: 0, perDialTimeout: 0, user: "" } },
                fractions: { connection: { host: "a", port: 22.5, dialErrorLimit: 1.5, perDialTimeout: 0.5 } },
                "fractions of the proxy": { connection: { host: "a", proxy: { host: "b", dialErrorLimit: 2.9 } } },
            },
            (inputs) => plugin.check(REMOTE, inputs),
        ));

    test("local command", () =>
        compare<Values>(
            {
                nothing: {},
                everything: {
                    create: "c",
                    update: "u",
                    delete: "d",
                    stdin: "i",
                    logging: "none",
                    environment: { A: "1" },
                    dir: "/",
                    interpreter: ["sh", "-c"],
                    assetPaths: ["a"],
                    archivePaths: ["b"],
                    addPreviousOutputInEnv: true,
                    triggers: [1],
                },
                "wrong kinds": { interpreter: ["sh", 1], dir: [], assetPaths: {}, environment: ["a"] },
                "a connection": { connection: { host: "a" } },
                "unknown values": {
                    environment: UNKNOWN_STRING,
                    triggers: UNKNOWN_STRING,
                    addPreviousOutputInEnv: UNKNOWN_STRING,
                },
            },
            (inputs) => plugin.check(LOCAL, inputs),
        ));

    test("copy", () =>
        compare<unknown>(
            {
                file: fileAsset("/f", "1"),
                text: stringAsset("t", digest("t")),
                "no text at all": stringAsset("", digest("")),
                folder: fileArchive("/d", "1"),
                "from an address": remoteAsset("https://example.org/"),
                "made of assets": assetArchive({ a: stringAsset("t", digest("t")) }, "1"),
                unknown: UNKNOWN_STRING,
                "a path": "/f",
                secret: secret(fileAsset("/f", "1")),
            },
            (source) => plugin.check(COPY, { connection: { host: "a" }, source, remotePath: "/r" }),
        ));

    test("copy without its inputs", () => compare<Values>({ nothing: {} }, (inputs) => plugin.check(COPY, inputs)));
});

describe("diff", () => {
    const base = {
        connection: { host: "a", port: 22 },
        create: "c",
        environment: { A: "1", "B.C": "2" },
        triggers: ["a", { b: "c" }],
    };

    test("remote command", () =>
        compare<Values>(
            {
                nothing: base,
                create: { ...base, create: "d" },
                connection: { ...base, connection: { host: "b", user: "u" } },
                "secret connection": { ...base, connection: secret({ host: "a", port: 22 }) },
                environment: { ...base, environment: { A: "2", "B.C": "3", "D[0]": "4", 'E"F': "5" } },
                trigger: { ...base, triggers: ["b", { b: "d" }] },
                "one trigger more": { ...base, triggers: ["a", { b: "c" }, "d"] },
                "one trigger less": { ...base, triggers: ["a"] },
                "no triggers": { ...base, triggers: null },
                "triggers unknown": { ...base, triggers: UNKNOWN_STRING },
                "trigger unknown": { ...base, triggers: [UNKNOWN_STRING, { b: "c" }] },
                "create gone, update there": { ...base, create: null, update: "u" },
                "internal properties": { ...base, version: "1", __defaults: [] },
                "host unknown": { ...base, connection: { host: UNKNOWN_STRING, port: 22 } },
                "hostKey unknown": { ...base, connection: { host: "a", port: 22, hostKey: UNKNOWN_STRING } },
                "host unknown in a secret": { ...base, connection: secret({ host: UNKNOWN_STRING, port: 22 }) },
            },
            (news) => plugin.diff(REMOTE, base, news),
        ));

    test("secrets", () =>
        compare<[Values, Values]>(
            {
                same: [{ create: secret("a") }, { create: secret("a") }],
                other: [{ create: secret("a") }, { create: secret("b") }],
                "not secret any more": [{ create: secret("a") }, { create: "a" }],
            },
            ([olds, news]) => plugin.diff(LOCAL, olds, news),
        ));

    test("triggers where there were none", () =>
        compare<Values>({ added: { create: "c", triggers: ["a"] } }, (news) =>
            plugin.diff(LOCAL, { create: "c" }, news),
        ));

    test("changes to ignore", () =>
        compare<string[]>({ create: ["create"], both: ["create", "stdin"], neither: [] }, (ignore) =>
            plugin.diff(
                LOCAL,
                { create: "a", stdin: "x" },
                { create: "b", stdin: "y" },
                { create: "a", stdin: "x", stdout: "" },
                ignore,
            ),
        ));

    test("copy", () =>
        compare<Values>(
            {
                content: { source: fileAsset("/f", "2") },
                "same content elsewhere": { source: fileAsset("/g", "1") },
                "file instead of folder": { source: fileArchive("/f", "1") },
                target: { remotePath: "/s" },
            },
            (change) =>
                plugin.diff(
                    COPY,
                    { connection: { host: "a" }, source: fileAsset("/f", "1"), remotePath: "/r" },
                    { connection: { host: "a" }, source: fileAsset("/f", "1"), remotePath: "/r", ...change },
                ),
        ));
});

describe("preview", () => {
    test("create", () =>
        compare<[string, Values]>(
            {
                local: [LOCAL, { create: "false", environment: { A: UNKNOWN_STRING } }],
                "local without create": [LOCAL, {}],
                "local with a secret": [LOCAL, { create: secret("c"), assetPaths: ["a"], archivePaths: ["a"] }],
                remote: [REMOTE, { connection: checked({ host: "192.0.2.1" }), create: "c" }],
                copy: [
                    COPY,
                    {
                        connection: checked({ host: "192.0.2.1" }),
                        source: fileAsset("/missing", "1"),
                        remotePath: "/r",
                    },
                ],
                "triggers with an asset": [
                    LOCAL,
                    { create: "c", triggers: ["a", stringAsset("t", digest("t")), { b: [fileAsset("/f", "1")] }] },
                ],
                "unknown lists": [LOCAL, { create: "c", interpreter: UNKNOWN_STRING, assetPaths: UNKNOWN_STRING }],
                "copy a folder": [
                    COPY,
                    {
                        connection: checked({ host: "192.0.2.1" }),
                        source: fileArchive("/missing", "1"),
                        remotePath: "/r",
                    },
                ],
            },
            ([type, inputs]) => plugin.create(type, inputs, { preview: true }),
        ));

    test("update", () =>
        compare<[string, Values, Values]>(
            {
                nothing: [LOCAL, { create: "c", stdout: "o", stderr: "" }, { create: "c" }],
                create: [LOCAL, { create: "c", stdout: "o", stderr: "" }, { create: "d" }],
                "an input more": [LOCAL, { create: "c", stdout: "o", stderr: "" }, { create: "c", stdin: "i" }],
                "an input less": [LOCAL, { create: "c", stdin: "i", stdout: "o", stderr: "" }, { create: "c" }],
                "an unknown input": [
                    LOCAL,
                    { create: "c", stdout: "o", stderr: "" },
                    { create: "c", stdin: UNKNOWN_STRING },
                ],
                "a secret": [LOCAL, { create: secret("c"), stdout: "o", stderr: "" }, { create: secret("d") }],
                "no longer secret": [LOCAL, { create: secret("c"), stdout: "o", stderr: "" }, { create: "c" }],
                assets: [
                    LOCAL,
                    { create: "c", assetPaths: ["a"], stdout: "o", stderr: "", assets: { a: fileAsset("/a", "1") } },
                    { create: "d", assetPaths: ["a"] },
                ],
                connection: [
                    REMOTE,
                    { connection: checked(), create: "c", stdout: "o", stderr: "" },
                    { connection: checked({ user: "other" }), create: "c" },
                ],
                copy: [
                    COPY,
                    { connection: checked(), source: fileAsset("/f", "1"), remotePath: "/r" },
                    { connection: checked(), source: fileAsset("/f", "2"), remotePath: "/r" },
                ],
                ...Object.fromEntries(
                    [
                        { host: UNKNOWN_STRING },
                        { user: UNKNOWN_STRING },
                        { hostKey: UNKNOWN_STRING },
                        { proxy: { ...connection(), host: UNKNOWN_STRING } },
                    ].map((unknown): [string, [string, Values, Values]] => [
                        `unknown ${Object.keys(unknown).join()}`,
                        [
                            REMOTE,
                            { connection: checked(), create: "c", stdout: "o", stderr: "" },
                            { connection: checked(unknown), create: "c" },
                        ],
                    ]),
                ),
            },
            ([type, state, news]) => plugin.update(type, state, news, { preview: true }),
        ));
});

describe("local command", () => {
    /** A script that the kernel does not run, because it has no first line with an interpreter. */
    const script = () => {
        const file = path.join(folder, "without-first-line");
        writeFileSync(file, "echo run\n", { mode: 0o755 });
        return file;
    };

    const files = () => {
        for (const file of ["a.txt", "b.log", "sub/a.txt", "sub/secret.txt", "sub/deep/c.txt"]) {
            mkdirSync(path.dirname(path.join(folder, "tree", file)), { recursive: true });
            writeFileSync(path.join(folder, "tree", file), `content of ${file}\n`);
        }
        return path.join(folder, "tree");
    };

    test("create", () =>
        compare<Values>(
            {
                output: { create: "echo out; echo; echo more" },
                "error output": { create: "echo err >&2" },
                "no newline at the end": { create: "printf out" },
                input: { create: "cat", stdin: "line\nlast" },
                "no input": { create: "cat" },
                environment: { create: "echo $A$B", environment: { A: "1", B: "2 3" } },
                folder: { create: "pwd", dir: "/usr" },
                interpreter: { create: "a b", interpreter: ["/bin/echo", "-n", "x y"] },
                "no create": { delete: "true" },
                "nothing shown": { create: "echo out; echo err >&2", logging: "none" },
                "only stdout shown": { create: "echo out; echo err >&2", logging: "stdout" },
                "only stderr shown": { create: "echo out; echo err >&2", logging: "stderr" },
                "shown as nobody knows": { create: "echo out; echo err >&2", logging: "everything" },
                "carriage returns": { create: "printf 'a\\r\\nb\\rc'" },
                "exit code": { create: "echo out; exit 3" },
                signal: { create: "kill -TERM $$" },
                "quotes in an error": { create: "false \"x\ty\" '\\' \u00fc \u0001 \u200b" },
                "no such folder": { create: "true", dir: "/nowhere" },
                "no such interpreter": { create: "true", interpreter: ["nowhere"] },
                "no such interpreter with a path": { create: "true", interpreter: ["/nowhere"] },
                secret: { create: secret("echo $A"), environment: { A: secret("s") } },
                "/dev/stdout": { create: "echo out > /dev/stdout" },
                "/dev/stderr": { create: "echo err > /dev/stderr" },
                "/dev/stdin": { create: "cat /dev/stdin", stdin: "in" },
                "/dev/stdin without input": { create: "cat /dev/stdin" },
                "tee to /dev/stderr": { create: "echo both | tee /dev/stderr", logging: "none" },
                "kinds of the streams": { create: "stat -Lc %F /dev/fd/0 /dev/fd/1 /dev/fd/2", stdin: "in" },
                ...Object.fromEntries(
                    ["USR1", "BUS", "ABRT", "KILL", "34", "40", "64"].map((signal) => [
                        `signal ${signal}`,
                        { create: `kill -${signal} $$` },
                    ]),
                ),
                "no UTF-8": { create: "printf 'a\\377b'" },
                "no UTF-8 in a failure": { create: "printf 'a\\377b'; exit 1" },
                "a NUL in the command": { create: "true\0" },
                "a NUL in the environment": { create: "true", environment: { A: "1\0" } },
                "too large an environment": { create: "true", environment: { A: secret("1".repeat(200_000)) } },
                "a folder that is a file": { create: "true", dir: "/etc/passwd" },
                "an empty folder": { create: "pwd > /dev/null", dir: "" },
                "an interpreter without a name": { create: "true", interpreter: [""] },
                "an interpreter that is a folder": { create: "true", interpreter: ["/usr"] },
                "an interpreter without #!": { create: "true", interpreter: [script()] },
                "an interpreter of the command's own PATH": {
                    create: "x",
                    interpreter: ["without-first-line"],
                    environment: { PATH: path.dirname(script()) },
                },
            },
            (inputs) => plugin.create(LOCAL, inputs),
        ));

    test("update and delete", () =>
        compare<[Values, Values]>(
            {
                update: [
                    { create: "c", stdout: "before", stderr: "before too" },
                    { create: "echo create", update: "echo update $PULUMI_COMMAND_STDOUT $PULUMI_COMMAND_STDERR" },
                ],
                "create again": [
                    { create: "c", stdout: "before", stderr: "" },
                    { create: "echo create $PULUMI_COMMAND_STDOUT" },
                ],
                neither: [{ create: "c", stdout: "before", stderr: "" }, { stdin: "x" }],
                "without the output before": [
                    { stdout: "before", stderr: "" },
                    { create: "echo [$PULUMI_COMMAND_STDOUT]", addPreviousOutputInEnv: false },
                ],
                failure: [{ stdout: "before", stderr: "" }, { update: "echo no >&2; false" }],
            },
            async ([state, news]) => ({
                update: await plugin.update(LOCAL, state, news),
                delete: await plugin.delete(LOCAL, {
                    ...state,
                    delete: `echo "$PULUMI_COMMAND_STDOUT" > ${folder}/deleted`,
                }),
                deleted: readFileSync(path.join(folder, "deleted"), "utf8"),
            }),
        ));

    test("a delete that fails, and one that does not exist", () =>
        compare<Values>(
            {
                fails: { delete: "echo why; exit 7", stdout: "", stderr: "" },
                none: { stdout: "", stderr: "" },
            },
            (state) => plugin.delete(LOCAL, state),
        ));

    test("files that a command leaves", () =>
        compare<string[]>(
            {
                all: ["**"],
                "one level": ["*"],
                "by ending": ["**.txt"],
                "without some": ["sub/**", "!**secret.*"],
                "taken out and in again": ["**.txt", "!sub/**", "sub/deep/*"],
                "one of": ["{a,c}.txt", "sub/[a-b].txt", "?.log"],
                "not one of": ["sub/[!s]*"],
                none: ["nothing/*"],
            },
            (patterns) =>
                plugin.create(LOCAL, { create: "true", dir: files(), assetPaths: patterns, archivePaths: patterns }),
        ));

    test("patterns of files", () => {
        const strange = path.join(folder, "strange");
        mkdirSync(path.join(strange, "{d"), { recursive: true });
        for (const file of ["a", "^", "ü", "x-y", "]", "{a", "{d/}", "*", "\\"]) {
            writeFileSync(path.join(strange, file), "");
        }
        const patterns = [
            "?",
            "[^a]",
            "[!a]",
            "{a",
            "}",
            "[]x]*",
            "[a-]*",
            "*\\",
            "\\*",
            "ü",
            "{a,ü}",
            "{{a,ü},x*}",
            "[a",
        ];
        return compare(Object.fromEntries(patterns.map((pattern) => [pattern, pattern])), async (pattern) => {
            const answer = await plugin.create(LOCAL, { create: "true", dir: strange, assetPaths: [pattern] });
            return "failed" in answer
                ? answer
                : Object.keys((answer as { properties: { assets: Values } }).properties.assets);
        });
    });

    test("an archive with long names and names that are not ASCII", () => {
        const named = path.join(folder, "named");
        mkdirSync(path.join(named, "f".repeat(90), "g".repeat(90)), { recursive: true });
        writeFileSync(path.join(named, "ü.txt"), "1");
        writeFileSync(path.join(named, "f".repeat(90), "x".repeat(20)), "2");
        writeFileSync(path.join(named, "f".repeat(90), "g".repeat(90), "y"), "3");
        return compare({ short: ["*"], long: ["**"] }, (archivePaths) =>
            plugin.create(LOCAL, { create: "true", dir: named, archivePaths }),
        );
    });

    test("files of an update without new ones", () =>
        compare<Values>(
            {
                kept: { create: "echo 2" },
                again: { create: "echo 2", assetPaths: ["*.log"] },
            },
            (news) =>
                plugin.update(
                    LOCAL,
                    { create: "true", stdout: "", stderr: "", assets: { x: fileAsset("/x", "1") } },
                    { dir: files(), ...news },
                ),
        ));

    test("a function that runs each time", () =>
        compare<Values>(
            {
                output: { command: "echo out; echo err >&2", stdin: "x" },
                failure: { command: "exit 4" },
                secret: { command: secret("echo s") },
                "no command": {},
                files: { command: "true", dir: files(), assetPaths: ["*.txt"] },
            },
            (args) => plugin.invoke("command:local:run", args),
        ));
});

describe("remote command", () => {
    test("create", () =>
        compare<Values>(
            {
                output: { create: "echo out; echo err >&2" },
                input: { create: "cat", stdin: "line\nlast" },
                "no input": { create: "cat" },
                environment: { create: "echo $GREETING", environment: { GREETING: "hello" } },
                "environment that the server refuses": {
                    create: "touch /nowhere/must-not-run",
                    environment: { OTHER: "x" },
                },
                "no create": {},
                "nothing shown": { create: "echo out", logging: "none" },
                "exit code": { create: "echo out; echo err >&2; sleep 0; exit 3", logging: "stderr" },
                signal: { create: "kill -KILL $$" },
                "signal USR1": { create: "kill -USR1 $$" },
                "no UTF-8": { create: "printf 'a\\377b'" },
                secret: { create: secret("echo s") },
            },
            (inputs) => plugin.create(REMOTE, { connection: checked(), ...inputs }),
        ));

    test("a large output", async () => {
        const answer = await plugin.create(REMOTE, {
            connection: checked(),
            create: "head -c 3000000 /dev/zero | tr '\\0' x | fold -w 1000",
            logging: "none",
        });
        const { stdout } = (answer as { properties: { stdout: string } }).properties;
        expect(stdout.length).toBe(3_002_999);
    });

    test("update and delete", () =>
        compare<[Values, Values]>(
            {
                update: [
                    { stdout: "before", stderr: "" },
                    { create: "echo create", update: "echo update $PULUMI_COMMAND_STDOUT" },
                ],
                "create again": [{ stdout: "before", stderr: "" }, { create: "echo create $PULUMI_COMMAND_STDOUT" }],
                "error output before, which the server refuses to take": [
                    { stdout: "", stderr: "before" },
                    { create: "echo [$PULUMI_COMMAND_STDERR]" },
                ],
                "without the output before": [
                    { stdout: "before", stderr: "" },
                    { create: "echo [$PULUMI_COMMAND_STDOUT]", addPreviousOutputInEnv: false },
                ],
            },
            async ([state, news]) => ({
                update: await plugin.update(
                    REMOTE,
                    { connection: checked(), ...state },
                    { connection: checked(), ...news },
                ),
                delete: await plugin.delete(REMOTE, {
                    connection: checked(),
                    ...state,
                    delete: `echo "$PULUMI_COMMAND_STDOUT" > ${folder}/deleted`,
                }),
                deleted: readFileSync(path.join(folder, "deleted"), "utf8"),
            }),
        ));

    test("ways to log in that work", async () => {
        const encrypted = newEncryptedKey("passphrase");
        const lock = await new SshServer({ authorizedKey: encrypted.publicKey }).start();
        await compare<Values>(
            {
                password: { privateKey: null, password: "open sesame" },
                "password after a key that is not known": { privateKey: newKey().privateKey, password: "open sesame" },
                "key with a passphrase": {
                    privateKey: encrypted.privateKey,
                    privateKeyPassword: "passphrase",
                    port: lock.port,
                    hostKey: lock.hostKey.publicKey,
                },
                "key as PKCS #8": { privateKey: shortPrivateKey(login.privateKey) },
                "any host key": { hostKey: null },
                "host key after a name": { hostKey: `127.0.0.1 ${server.hostKey.publicKey}` },
                "host key after an option": { hostKey: `cert-authority ${server.hostKey.publicKey}` },
                "host key after a comment": { hostKey: `# comment\n\n${server.hostKey.publicKey}` },
                "host key after another type": { hostKey: server.hostKey.publicKey.replace(/^\S+/, "rsa-sha2-256") },
                "host in brackets": { host: "[127.0.0.1]" },
            },
            async (more) => {
                const answer = await plugin.create(REMOTE, { connection: secret(connection(more)), create: "echo in" });
                return (answer as { properties?: Values }).properties?.stdout ?? answer;
            },
        );
        await lock.stop();
    });

    test("ways to log in that do not", async () => {
        const hangingUp = net
            .createServer((socket) => {
                socket.end("SSH-2.0-going_down\r\n");
            })
            .listen(0, "127.0.0.1");
        await once(hangingUp, "listening");
        const { port: free } = await new SshServer({})
            .start()
            .then(async (closed) => ({ port: closed.port, stopped: await closed.stop() }));
        const cases: Record<string, [Values, RegExp]> = {
            "another host key": [
                { hostKey: newKey().publicKey },
                /^after 0 failed attempts: ssh: handshake failed: ssh: host key mismatch$/,
            ],
            "another host key, tried again": [
                { hostKey: newKey().publicKey, dialErrorLimit: 2 },
                /^after 2 failed attempts: ssh: handshake failed: ssh: host key mismatch$/,
            ],
            "a host key that cannot be parsed": [
                { hostKey: server.hostKey.publicKey.split(" ")[1] ?? "" },
                /^failed to parse host key: ssh: no key found$/,
            ],
            "a host key that is empty": [{ hostKey: "" }, /^failed to parse host key: ssh: no key found$/],
            "a proxy's host key that cannot be parsed": [
                { proxy: { ...connection(), hostKey: "garbage" } },
                /^proxy: failed to parse host key: ssh: no key found$/,
            ],
            "a wrong password": [
                { privateKey: null, password: "wrong" },
                /^after 0 failed attempts: ssh: handshake failed: /,
            ],
            "a key that is not known": [
                { privateKey: newKey().privateKey },
                /^after 0 failed attempts: ssh: handshake failed: /,
            ],
            "nobody there": [
                { port: free, dialErrorLimit: 1 },
                /^after 1 failed attempts: dial tcp 127\.0\.0\.1:\d+: connect: connection refused$/,
            ],
            "a proxy that is not there": [
                { proxy: { ...connection(), port: free } },
                /^proxy: after 0 failed attempts: dial tcp 127\.0\.0\.1:\d+: connect: connection refused$/,
            ],
            "a machine behind the proxy that goes down while it is spoken to": [
                { proxy: connection(), port: (hangingUp.address() as net.AddressInfo).port, dialErrorLimit: 1 },
                /^proxy: after 1 failed attempts: ssh: handshake failed: EOF$/,
            ],
            "nobody behind the proxy": [{ proxy: connection(), port: free }, /^proxy: after 0 failed attempts: /],
            "a key after blanks": [{ privateKey: `  ${login.privateKey}` }, /^ssh: no key found$/],
            "an empty key": [{ privateKey: "", password: "open sesame" }, /^ssh: no key found$/],
            "a passphrase for a key without one": [
                { privateKeyPassword: "passphrase" },
                /^ssh: key is not password protected$/,
            ],
            "an empty passphrase": [{ privateKeyPassword: "" }, /^ssh: key is not password protected$/],
            "an empty path of the agent": [{ agentSocketPath: "" }, /^dial unix: missing address$/],
            "no time to dial": [
                { perDialTimeout: -1 },
                /^after 0 failed attempts: dial tcp 127\.0\.0\.1:\d+: i\/o timeout$/,
            ],
            "a port out of range": [
                { port: 70000 },
                /^after 0 failed attempts: dial tcp: address 70000: invalid port$/,
            ],
        };
        for (const [name, [more, error]] of Object.entries(cases)) {
            const answer = await plugin.create(REMOTE, { connection: secret(connection(more)), create: "echo in" });
            expect.soft(answer, name).toMatchObject({ failed: expect.stringMatching(error) as string });
        }
        hangingUp.close();
        expect(plugin.takeMessages().map(({ message }) => message)).toEqual([
            "Dial 1/2 failed: retrying",
            "Dial 2/2 failed: retrying",
            "Dial 1/1 failed: retrying",
            "Dial 1/1 failed: retrying",
        ]);
    });

    test("a proxy", async () => {
        server.forwarded.length = 0;
        const through = checked({ port: other.port, hostKey: other.hostKey.publicKey, proxy: connection() });
        expect(await plugin.create(REMOTE, { connection: through, create: "echo $0" })).toMatchObject({
            properties: { stdout: "/bin/sh" },
        });
        expect(server.forwarded).toEqual([`127.0.0.1:${other.port}`]);
    });

    test("waits for a machine that is not there yet", async () => {
        plugin.takeMessages();
        const late = new SshServer({ authorizedKey: login.publicKey });
        const { port } = await late.start();
        await late.stop();
        const answer = plugin.create(REMOTE, {
            connection: secret(connection({ port, hostKey: null, dialErrorLimit: -1 })),
            create: "echo up",
        });
        await expect.poll(() => plugin.messages.length, { timeout: 10_000 }).toBeGreaterThan(2);
        const server = await new SshServer({ authorizedKey: login.publicKey, port }).start();
        expect(await answer).toMatchObject({ properties: { stdout: "up" } });
        expect(
            plugin
                .takeMessages()
                .slice(0, 2)
                .map(({ message }) => message),
        ).toEqual(["Dial 1/inf failed: retrying", "Dial 2/inf failed: retrying"]);
        await server.stop();
    });
});

describe("copy", () => {
    /** A fresh target, and everything beneath it afterwards. */
    function tree(root: string, prefix = ""): Record<string, string> {
        return Object.fromEntries(
            readdirSync(path.join(root, prefix), { withFileTypes: true }).flatMap((entry): [string, string][] => {
                const name = path.join(prefix, entry.name);
                return entry.isDirectory()
                    ? [[`${name}/`, ""], ...Object.entries(tree(root, name))]
                    : [[name, readFileSync(path.join(root, name), "utf8")]];
            }),
        );
    }
    let count = 0;

    test("create", async () => {
        const source = path.join(folder, "source");
        mkdirSync(path.join(source, "sub/empty"), { recursive: true });
        writeFileSync(path.join(source, "file"), "of the source");
        writeFileSync(path.join(source, "sub/other"), "");
        mkdirSync(path.join(folder, "linked"));
        symlinkSync(path.join(source, "file"), path.join(folder, "linked/link"));
        mkdirSync(path.join(folder, "badly-linked"));
        symlinkSync(source, path.join(folder, "badly-linked/link"));
        const file = fileAsset(path.join(source, "file"), "1");
        await compare<[source: unknown, target: string]>(
            {
                "file to nothing": [file, "new"],
                "file into a folder": [file, "folder"],
                "file over a file": [file, "existing"],
                "file, folders missing": [file, "a/b/c"],
                text: [stringAsset("a text", "1"), "new"],
                "no text": [stringAsset("", digest("")), "new"],
                "text, folders missing": [stringAsset("a text", "1"), "a/b/c"],
                "text over a longer file": [stringAsset("a", "1"), "existing"],
                "text to a folder": [stringAsset("a text", "1"), "folder"],
                "folder to nothing": [fileArchive(source, "1"), "new"],
                "folder into a folder": [fileArchive(source, "1"), "folder"],
                "content of a folder to nothing": [fileArchive(`${source}/`, "1"), "a/b"],
                "content of a folder into a folder": [fileArchive(`${source}/`, "1"), "folder"],
                "a file where a folder must be": [fileArchive(source, "1"), "blocked"],
                "a link": [fileArchive(path.join(folder, "linked"), "1"), "new"],
                "nothing there": [fileAsset(path.join(folder, "missing"), "1"), "new"],
                "through a folder that is missing": [file, "a/../b/./x"],
                "text through a folder that is missing": [stringAsset("a text", "1"), "a/../b/./x"],
                "a parent that is a file": [file, "existing/x"],
            },
            async ([from, to]) => {
                const target = path.join(folder, `target-${count++}`);
                mkdirSync(path.join(target, "folder"), { recursive: true });
                mkdirSync(path.join(target, "blocked"));
                writeFileSync(path.join(target, "blocked/source"), "in the way");
                writeFileSync(path.join(target, "existing"), "a longer text that was there");
                const answer = await plugin.create(COPY, {
                    connection: checked(),
                    source: from,
                    remotePath: path.join(target, to),
                });
                return { answer, tree: tree(target) };
            },
        );
        await compare<unknown>(
            { file, text: stringAsset("a text", "1"), folder: fileArchive(source, "1") },
            async (from) => {
                const target = path.join(folder, `target-${count++}`);
                mkdirSync(target);
                const inputs = { connection: checked(), source: from, remotePath: `${target}/new/` };
                return {
                    first: await plugin.create(COPY, inputs),
                    second: await plugin.create(COPY, inputs),
                    tree: tree(target),
                };
            },
        );
        const unparsed = await plugin.create(COPY, {
            connection: checked({ hostKey: "garbage" }),
            source: file,
            remotePath: path.join(folder, "must-not-be"),
        });
        expect(unparsed).toMatchObject({ failed: "failed to parse host key: ssh: no key found" });
        const linked = await plugin.create(COPY, {
            connection: checked(),
            source: fileArchive(path.join(folder, "badly-linked"), "1"),
            remotePath: path.join(folder, "x"),
        });
        expect(linked).toHaveProperty("failed");
        plugin.takeMessages();
    });

    test("a large file", async () => {
        const content = Buffer.alloc(5_000_001, "0123456789abcdef");
        writeFileSync(path.join(folder, "large"), content);
        await plugin.create(COPY, {
            connection: checked(),
            source: fileAsset(path.join(folder, "large"), "1"),
            remotePath: path.join(folder, "large-copy"),
        });
        expect(digest(readFileSync(path.join(folder, "large-copy")))).toBe(digest(content));
        plugin.takeMessages();
    });

    test("update copies again only for another content or another place", async () => {
        const target = path.join(folder, "updated");
        const state = { connection: checked(), source: stringAsset("one", "1"), remotePath: target };
        await compare<Values>(
            {
                same: { triggers: ["x"] },
                content: { source: stringAsset("two", "2") },
                place: { remotePath: `${target}-too` },
            },
            async (change) => {
                writeFileSync(target, "untouched");
                return {
                    answer: await plugin.update(COPY, state, { ...state, ...change }),
                    content: readFileSync(target, "utf8"),
                };
            },
        );
    });

    test("delete leaves the copy", () =>
        compare<Values>({ file: { source: stringAsset("one", "1"), remotePath: "/x" } }, (state) =>
            plugin.delete(COPY, { connection: checked({ host: "192.0.2.1" }), ...state }),
        ));
});

test("refresh finds what the state says", () =>
    compare<[string, Values]>({ local: [LOCAL, {}], remote: [REMOTE, { connection: checked() }] }, ([type, more]) =>
        plugin.read(type, { stdout: "out", stderr: "", create: "c", ...more }, { create: "c", ...more }),
    ));

test("an import makes a resource without properties", () =>
    compare<string>({ local: LOCAL, remote: REMOTE, copy: COPY }, (type) => plugin.read(type, {}, {})));

test("kinds that do not exist", () =>
    compare<string>({ resource: "command:local:Nothing" }, async (type) => ({
        check: await plugin.check(type, {}),
        invoke: await plugin.invoke(type, {}),
    })));

test("an operation ends with its time", async () => {
    const answer = await plugin.create(LOCAL, { create: "exec sleep 100" }, { timeout: 1 });
    expect(answer).toMatchObject({ failed: 'signal: killed: running "exec sleep 100":\n' });
});

test("operations end with their time beside others that need memory", async () => {
    const limited = Array.from({ length: 5 }, () => plugin.create(LOCAL, { create: "exec sleep 100" }, { timeout: 3 }));
    const busy = Array.from({ length: 16 }, () =>
        plugin.create(LOCAL, { create: "cat > /dev/null", stdin: "x".repeat(1_000_000), logging: "none" }),
    );
    for (const answer of await Promise.all(busy)) expect(answer).toHaveProperty("properties");
    for (const answer of await Promise.all(limited)) {
        expect(answer).toMatchObject({ failed: 'signal: killed: running "exec sleep 100":\n' });
    }
});

describe.skipIf(process.env.ENGINE_TEST_PLUGIN)("where the genuine plugin hangs, the stand-in", () => {
    const line = "head -c 200000 /dev/zero | tr '\\0' x";
    test.each([
        ["local", LOCAL, () => ({})],
        ["remote", REMOTE, () => ({ connection: checked() })],
    ])("shows a %s command's line of more than 64 KiB", async (_name, type, more) => {
        plugin.takeMessages();
        expect(await plugin.create(type, { create: line, ...more() })).toMatchObject({
            properties: { stdout: "x".repeat(200_000) },
        });
        expect(plugin.takeMessages().map(({ message }) => message.length)).toEqual([200_000]);
    });

    test("ends with its time at a server that says nothing", async () => {
        const silentServer = net.createServer(() => undefined).listen(0, "127.0.0.1");
        await once(silentServer, "listening");
        const answer = await plugin.create(
            REMOTE,
            {
                connection: checked({ port: (silentServer.address() as net.AddressInfo).port }),
                create: "true",
            },
            { timeout: 1 },
        );
        expect(answer).toMatchObject({ failed: "context deadline exceeded" });
        silentServer.close();
    });
});

/** Last, as nothing works after it. */
test("cancelling ends local commands and dialling", async () => {
    const running = plugin.create(LOCAL, { create: "echo on; exec sleep 100" });
    const dialling = plugin.create(REMOTE, {
        connection: secret(connection({ hostKey: newKey().publicKey, dialErrorLimit: -1 })),
        create: "true",
    });
    await expect.poll(() => plugin.messages.length, { timeout: 10_000 }).toBeGreaterThan(1);
    await plugin.cancel();
    expect(await running).toMatchObject({ failed: expect.stringContaining("signal: killed") as string });
    expect(await dialling).toMatchObject({ failed: "context canceled" });
});
