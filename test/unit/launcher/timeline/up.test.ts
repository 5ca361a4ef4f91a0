import { describe, expect, test } from "vitest";
import { takeTimeline } from "../../../../launcher/timeline/up";
import { UserError } from "../../../../lib/errors";

describe("--timeline", () => {
    test("is taken out of up's words; the file is one of the caller's folder", () => {
        expect(takeTimeline(["--diff", "--timeline", "/tmp/up.svg", "--json"])).toEqual({
            file: "/tmp/up.svg",
            rest: ["--diff", "--json"],
        });
        expect(takeTimeline(["--timeline=/tmp/up.svg"])).toEqual({ file: "/tmp/up.svg", rest: [] });
        expect(takeTimeline(["--diff"])).toEqual({ rest: ["--diff"] });
    });

    test.each([[["--timeline"]], [["--timeline", "--diff"]], [["--timeline", "/tmp/no such folder/up.svg"]]])(
        "%j is a mistake",
        (words) => {
            expect(() => takeTimeline(words)).toThrow(UserError);
        },
    );
});
