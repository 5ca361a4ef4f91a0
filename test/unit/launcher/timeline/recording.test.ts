import { describe, expect, test } from "vitest";
import { report, summary, waits } from "../../../../launcher/timeline/recording";
import { recording } from "../../../support/timeline";

describe("a recording", () => {
    test("sums up: wall time over the critical path, what was before and after, processors", () => {
        expect(summary(recording())).toMatchObject({
            wall: 14,
            criticalPath: 10,
            ratio: 1.4,
            before: 1,
            after: 2,
            use: { machine: 1.5, lab: 1 },
        });
    });

    test("tells where a machine waited, and for which step of another machine", () => {
        expect(waits(recording())).toEqual([
            { machine: "nod0", milliseconds: 5000, step: "nod0-tomcat", by: "nod1-memcached" },
        ]);
    });

    test("as a report", () => {
        const text = report(recording());
        expect(text).toContain("up took 14.0 s: 1.40 times its critical path of 10.0 s.");
        expect(text).toMatch(/^ {2}4\.0 +1\.0 +nod1-memcached$/m);
        expect(text).toMatch(/^ {2}5\.0 +nod0 +nod1-memcached, before nod0-tomcat$/m);
        expect(report({ ...recording(), steps: [], critical: [] })).toBe("up took 14.0 s and did nothing.\n");
    });
});
