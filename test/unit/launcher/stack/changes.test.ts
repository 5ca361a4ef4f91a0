/** The marks of changes on the monitors' page. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { appendChange, describeUp } from "../../../../launcher/stack/changes";

let folder: string;
beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "lab-changes-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const append = (what: string, time: number) =>
    execFileSync("sh", ["-c", `set -e\n${appendChange(what, time, path.join(folder, "changes.jsonl"))}`]);
const lines = () =>
    fs
        .readFileSync(path.join(folder, "changes.jsonl"), "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as { time: number; what: string });

test("a change is a line with its time, whatever its text", () => {
    fs.writeFileSync(path.join(folder, "changes.jsonl"), "");
    append("up: 3 updated", 1_700_000_000_400);
    append(`it's "quoted" $HOME %s \\n`, 1_700_000_001_000);
    expect(lines()).toEqual([
        { time: 1_700_000_000, what: "up: 3 updated" },
        { time: 1_700_000_001, what: `it's "quoted" $HOME %s \\n` },
    ]);
});

test("the newest 200 changes stay", () => {
    const old = Array.from({ length: 250 }, (_, time) => `${JSON.stringify({ time, what: "old" })}\n`);
    fs.writeFileSync(path.join(folder, "changes.jsonl"), old.join(""));
    append("new", 1_000_000);
    expect(lines().length).toBe(200);
    expect(lines()[0]?.time).toBe(51);
    expect(lines().at(-1)).toEqual({ time: 1000, what: "new" });
});

test.each([
    [{ same: 90 }, "succeeded", undefined],
    [{ same: 90, update: 3, create: 1 }, "succeeded", "up: 1 created, 3 updated"],
    [{ same: 90, replace: 1, delete: 2, "delete-replaced": 1 }, "succeeded", "up: 1 replaced, 2 deleted"],
    [{ same: 4, update: 1 }, "failed", "up: failed, 1 updated"],
])("an up with %o that %s is marked as %s", (resourceChanges, result, expected) => {
    expect(describeUp({ result, startTime: "2026-11-28T04:30:00.000Z", resourceChanges })).toBe(expected);
});
