import { describe, expect, test } from "vitest";
import { DOMParser } from "@xmldom/xmldom";
import { asJson, asJunit, asTable } from "../../../../../launcher/commands/verify/report";

describe("reports", () => {
    const results = [
        { check: "ports", subject: "from nod0", result: "passed" as const, seen: "closed", seconds: 1 },
        { check: "ports", subject: "from <nod1>", result: "failed" as const, seen: '"open" & \u0007', seconds: 1 },
        { check: "users", subject: "nod2", result: "not run" as const, seen: "dark", seconds: 0.5 },
    ];

    test("the table ends with the verdict", () => {
        expect(asTable("local", results).split("\n").slice(-2, -1)).toEqual([
            "The lab 'local' is NOT as described: 1 passed, 1 failed, 1 not run.",
        ]);
        expect(asTable("local", results.slice(0, 1))).toContain("is as described: 1 passed, 0 failed, 0 not run.");
    });

    test("JSON has the same", () => {
        expect(JSON.parse(asJson("local", results))).toMatchObject({
            well: false,
            passed: 1,
            failed: 1,
            notRun: 1,
            results,
        });
    });

    test("JUnit is XML in which what was not run is an error", () => {
        const document = new DOMParser().parseFromString(asJunit("local", results), "text/xml");
        expect(document.getElementsByTagName("testcase")).toHaveLength(3);
        expect(document.getElementsByTagName("failure")[0]?.getAttribute("message")).toBe('"open" & ?');
        expect(document.getElementsByTagName("error")[0]?.getAttribute("message")).toBe("not run: dark");
        expect(document.getElementsByTagName("testsuite")[0]?.getAttribute("errors")).toBe("1");
    });
});
