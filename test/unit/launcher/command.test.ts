import * as path from "node:path";
import { spawnSync } from "node:child_process";
import type { Command, CommanderError } from "commander";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Call, labCommand, passingWordsToPulumi, wholeNumber } from "../../../launcher/command";
import { labProgram } from "../../../launcher/program";
import { stackNames } from "../../../launcher/stack/stack-file";

const checkout = path.join(__dirname, "..", "..", "..");
let written: string;

beforeEach(() => {
    written = "";
    for (const stream of [process.stdout, process.stderr])
        vi.spyOn(stream, "write").mockImplementation((text) => {
            written += String(text);
            return true;
        });
});
afterEach(() => {
    vi.restoreAllMocks();
    delete process.env.LAB_OFFLINE;
    delete process.env.LAB_STACK;
    process.exitCode = undefined;
});

/** Parses a call with three commands of each kind. Returns what the command's work was given. */
async function call(...words: string[]): Promise<Call<object> & { name: string }> {
    let seen: (Call<object> & { name: string }) | undefined;
    const declare = (name: string, passesWordsTo?: string): Command =>
        labCommand({
            name,
            group: "look",
            help: `help of ${name}`,
            needsRoot: false,
            passesWordsTo,
            run: (given) => {
                seen = { ...given, name };
                return Promise.resolve(3);
            },
        });
    const program = labProgram([
        passingWordsToPulumi(declare("up").option("--timeline <FILE>"), "up"),
        declare("curl", "curl").argument("[WORDS...]"),
        declare("plain").argument("<NAME>").option("--rounds <N>", "", wholeNumber(1, 100)),
    ]);
    await program.parseAsync(words, { from: "user" });
    if (!seen) throw new Error("no command was run");
    return seen;
}

describe("a call", () => {
    test.each([
        [["up"], { name: "up", stack: "local", words: [] }],
        [["up", "-s", "dev", "--refresh"], { name: "up", stack: "dev", words: ["--refresh"] }],
        [["up", "--stack", "dev"], { name: "up", stack: "dev", words: [] }],
        [["up", "--refresh", "--stack=dev"], { name: "up", stack: "dev", words: ["--refresh"] }],
        [["-s", "dev", "up", "--refresh"], { name: "up", stack: "dev", words: ["--refresh"] }],
        [["--stack=dev", "up"], { name: "up", stack: "dev", words: [] }],
        [["-s", "dev", "up", "-s", "local"], { name: "up", stack: "dev", words: [] }],
        [
            ["up", "--target", "urn", "--timeline", "a.svg", "--diff", "-y", "-s", "dev", "--message=a b"],
            { name: "up", stack: "dev", words: ["--target", "urn", "--diff", "-y", "--message=a b"] },
        ],
        // What belongs to another program stays with it, in its order.
        [["curl", "-s", "http://192.0.2.1/"], { name: "curl", stack: "local", words: ["-s", "http://192.0.2.1/"] }],
        [["-s", "dev", "curl", "-s", "-h", "--help"], { name: "curl", stack: "dev", words: ["-s", "-h", "--help"] }],
        [["curl", "--", "-s", "--"], { name: "curl", stack: "local", words: ["--", "-s", "--"] }],
        [["up", "--offline", "--refresh"], { name: "up", stack: "local", offline: "1", words: ["--refresh"] }],
        [["-s", "dev", "--offline", "up"], { name: "up", stack: "dev", offline: "1", words: [] }],
        [
            ["--offline", "-s", "dev", "curl", "--offline"],
            { name: "curl", stack: "dev", offline: "1", words: ["--offline"] },
        ],
        [["curl", "--offline"], { name: "curl", stack: "local", words: ["--offline"] }],
    ] as const)("%j", async (words, expectation) => {
        const { offline, ...expected } = { offline: undefined, ...expectation };
        expect(await call(...words)).toMatchObject(expected);
        expect(process.env.LAB_OFFLINE).toBe(offline);
        expect(process.exitCode, "the command's exit code").toBe(3);
    });

    test("without -s is for the stack of LAB_STACK", async () => {
        process.env.LAB_STACK = "other";
        expect(await call("up")).toMatchObject({ stack: "other" });
        expect(await call("up", "-s", "dev")).toMatchObject({ stack: "dev" });
    });

    test.each([
        [["up", "-s"], /^lab: .*argument missing\n\n? {5}\.\/lab up --help/],
        [["-s"], /^lab: .*argument missing/],
        [["up", "--stack="], /^lab: .*For example: -s local/],
        [["ups"], /^lab: unknown command 'ups'\n\(Did you mean up\?\)\n\n? {5}\.\/lab help/],
        [["plain"], /^lab: missing required argument 'NAME'\n\n? {5}\.\/lab plain --help/],
        [["plain", "one", "two"], /^lab: too many arguments/],
        [["plain", "one", "--round", "2"], /^lab: unknown option '--round'\n\(Did you mean --rounds\?\)/],
        [["plain", "one", "--rounds", "101"], /^lab: .*whole number from 1 to 100/],
    ])("%j is a mistake, with a hint", async (words, text) => {
        await expect(call(...words)).rejects.toMatchObject({ exitCode: 1 } satisfies Partial<CommanderError>);
        expect(written).toMatch(text);
    });

    test.each([["up"], ["curl"], ["plain"]])("./lab %s --help describes the command", async (name) => {
        // A command that passes its words on has no help option of commander's.
        await call(name, "--help").catch(() => undefined);
        expect(written).toContain(`Usage: ./lab ${name}`);
        expect(written).toContain(`help of ${name}`);
    });
});

/** `./lab` as a user calls it. */
const lab = (...words: string[]) => {
    const { stdout, stderr, status } = spawnSync(process.execPath, ["launcher/bundle/run.cjs", "lab", ...words], {
        cwd: checkout,
        encoding: "utf8",
    });
    return { stdout, stderr, status };
};
const names = labProgram().commands.map((command) => command.name());

describe("./lab", () => {
    test("help lists every command", () => {
        const { stdout, status } = lab("help");
        expect(status).toBe(0);
        for (const name of [...names, "help"]) expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, "m"));
        expect(stdout).toMatch(/^ {2}snapshot NAME /m);
    }, 30_000);

    test("alone is a mistake, and shows the same", () => {
        const { stderr, status } = lab();
        expect(status).toBe(2);
        expect(stderr).toBe(lab("--help").stdout);
    }, 30_000);

    test.each([[["nonsense"]], [["status", "--nonsense"]], [["snapshot"]], [["forward", "0"]], [["test", "all"]]])(
        "%j ends with exit code 2",
        (words) => {
            expect(lab(...words)).toMatchObject({
                status: 2,
                stdout: "",
                stderr: expect.stringMatching(/^lab: /) as string,
            });
        },
        30_000,
    );

    test("every command has help, and documents its arguments and options", () => {
        for (const command of labProgram().commands) {
            expect(command.description(), command.name()).not.toBe("");
            for (const { description } of [...command.registeredArguments, ...command.options])
                expect(description, command.name()).not.toBe("");
        }
        expect(lab("up", "--help").stdout).toContain("--timeline <FILE>");
    }, 30_000);
});

describe("completion", () => {
    const script = (shell: string) => {
        const { stdout, status } = lab("completion", shell);
        expect(status).toBe(0);
        return stdout;
    };

    test("bash completes commands, options, stacks and choices", () => {
        const complete = (...words: string[]) =>
            spawnSync(
                "bash",
                [
                    "-c",
                    'source <(cat); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lab_words; printf "%s\\n" "${COMPREPLY[@]}"',
                    "bash",
                    ...words,
                ],
                { input: text, encoding: "utf8" },
            )
                .stdout.trim()
                .split("\n");
        const text = script("bash");
        expect(complete("./lab", "")).toEqual(expect.arrayContaining([...names, "help", "--stack", "--offline"]));
        expect(complete("./lab", "sna")).toEqual(["snapshot", "snapshots"]);
        expect(complete("./lab", "-s", "")).toEqual(expect.arrayContaining(stackNames()));
        expect(complete("./lab", "-s", "dev", "verify", "--j")).toEqual(["--json", "--junit"]);
        expect(complete("./lab", "bench", "g")).toEqual(["growth"]);
        expect(complete("./lab", "completion", "")).toEqual(expect.arrayContaining(["bash", "zsh", "fish"]));
    }, 30_000);

    test.each(["zsh", "fish"])(
        "%s gets every command and stack",
        (shell) => {
            const text = script(shell);
            for (const name of [...names, ...stackNames()]) expect(text).toContain(name);
            const check = spawnSync(shell, ["-n"], { input: text, encoding: "utf8" });
            if (check.error === undefined) expect(check.stderr).toBe("");
        },
        30_000,
    );
});
