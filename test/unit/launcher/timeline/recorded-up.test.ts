import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { timelineFile } from "../../../../launcher/timeline/recorded-up";
import { UserError } from "../../../../lib/errors";

describe("--timeline", () => {
    test("names a file, relative to the folder of the caller", () => {
        expect(timelineFile("/tmp/up.svg")).toBe("/tmp/up.svg");
        expect(timelineFile("up.svg")).toBe(path.resolve("up.svg"));
    });

    test.each(["", "--diff", "/tmp/no such folder/up.svg"])("%j is a mistake", (file) => {
        expect(() => timelineFile(file)).toThrow(UserError);
    });
});
