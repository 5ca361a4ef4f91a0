/** The script that machines run, with this machine's programs and a journalctl that tells its arguments. */
import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { logsScript } from "../../../../../launcher/commands/logs/command";

let folder: string;
let env: NodeJS.ProcessEnv;
const file = (name: string) => path.join(folder, name);
const put = (name: string, lines: string[]) => fs.writeFileSync(file(name), lines.map((line) => `${line}\n`).join(""));
const access = (clock: string) => `1.2.3.4 - - [28/Nov/2026:${clock} +0000] "GET / HTTP/1.1" 200 5`;
const at = (clock: string) => Date.parse(`2026-11-28T${clock}Z`) / 1000;

beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "logs-"));
    put("journalctl", ["#!/bin/sh", 'echo "{\\"arguments\\": \\"$*\\"}"', 'case "$*" in *--follow*) exec cat ;; esac']);
    fs.chmodSync(file("journalctl"), 0o755);
    env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, TZ: "UTC" };
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function read(options: Parameters<typeof logsScript>[1], ...patterns: string[]): string[] {
    const script = logsScript(patterns.map(file), options);
    const { stdout, stderr } = spawnSync("sh", ["-c", script], { env, encoding: "utf8" });
    expect(stderr).toBe("");
    const lines = stdout.split("\n");
    expect(lines[0]).toBe("zone\t+0000");
    expect(lines.slice(-2)).toEqual(["end\t", ""]);
    return lines.slice(1, -2).map((line) => line.replace(`${folder}/`, ""));
}

test("the newest lines of each file and of the journal", () => {
    put("a.log", ["1", "2", "3"]);
    put("b.log", ["4\ttab"]);
    expect(read({ lines: 2 }, "*.log", "none*")).toEqual([
        '{"arguments": "--quiet --no-pager --all --output=json --lines=2"}',
        "a.log\t2",
        "a.log\t3",
        "b.log\t4\ttab",
    ]);
});

test("everything since a time, also from files that were renamed since then", () => {
    put("access.log.2", [access("01:00:00")]);
    fs.utimesSync(file("access.log.2"), at("01:00:00"), at("01:00:00"));
    put("access.log.1", [access("06:59:59"), access("07:00:00")]);
    fs.utimesSync(file("access.log.1"), at("07:00:00"), at("07:00:00"));
    put("access.log.1764288000", [access("08:00:00")]);
    // rotatelogs makes a hard link with the log's own name.
    fs.linkSync(file("access.log.1764288000"), file("access.log"));
    put("error.log", ["2026/11/28 06:00:00 [error] old", "2026/11/28 07:30:00 [error] new", "  more"]);
    put("mysql.log", ["2026-11-28T06:00:00.1Z 0 old", "2026-11-28T07:30:00.1Z 0 new"]);
    put("mariadb.log", ["2026-11-28  6:00:00 0 old", "2026-11-28  7:30:00 0 new"]);
    const since = at("07:00:00");
    expect(read({ since }, "access.log", "error.log", "m*.log")).toEqual([
        `{"arguments": "--quiet --no-pager --all --output=json --since=@${since}"}`,
        `access.log\t${access("07:00:00")}`,
        `access.log\t${access("08:00:00")}`,
        "error.log\t2026/11/28 07:30:00 [error] new",
        "error.log\t  more",
        "mariadb.log\t2026-11-28  7:30:00 0 new",
        "mysql.log\t2026-11-28T07:30:00.1Z 0 new",
    ]);
});

test("a machine that is followed sends new lines, also after a rotation, and ends with its input", async () => {
    put("a.log", ["1"]);
    const child = spawn("sh", ["-c", logsScript([file("a.log")], { follow: true, lines: 1 })], { env });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    const until = async (text: string) => {
        for (;;) {
            const { value, done } = (await lines.next()) as { value: string; done: boolean };
            if (done) throw new Error(`it ended before ${text}`);
            if (value.includes(text)) return;
        }
    };
    await until("--until=@");
    await until("\t1");
    await until("end\t");
    fs.appendFileSync(file("a.log"), "2\n");
    await until("\t2");
    fs.renameSync(file("a.log"), file("a.log.1"));
    put("a.log", ["3"]);
    await until("\t3");
    child.stdin.end();
    expect(await ended).toBe(0);
});
