import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { follow } from "../../../../launcher/timeline/event-log";

describe("the event log is read while it grows", () => {
    let folder: string;
    beforeEach(() => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "events-"));
    });
    afterEach(() => fs.rmSync(folder, { recursive: true }));

    test("line by line, each with its time, also where a line arrives in two parts", async () => {
        const file = path.join(folder, "events");
        fs.writeFileSync(file, "");
        const follower = follow(file);
        const before = Date.now();
        fs.appendFileSync(file, "first\nsec");
        while (follower.lines.length < 1) await new Promise((resolve) => setImmediate(resolve));
        fs.appendFileSync(file, "ond ü\nthird\nhalf");
        follower.end();
        expect(follower.lines.map(({ line }) => line)).toEqual(["first", "second ü", "third"]);
        for (const { at } of follower.lines) expect(at).toBeGreaterThanOrEqual(before);
    });
});
