import { describe, expect, test } from "vitest";
import { DOMParser } from "@xmldom/xmldom";
import { each, isWell, passed, runChecks, verdict, type Check } from "../../../../launcher/commands/verify/check";
import { CannotRun, parseAnswer, type LivingLab } from "../../../../launcher/stack/running-lab";
import { asJson, asJunit, asTable } from "../../../../launcher/commands/verify/report";

const lab = {} as LivingLab;
const run = (look: Check) => runChecks(lab, { look });

describe("a check", () => {
    test("that cannot look is not run, and never passed", async () => {
        const results = await run(() => Promise.reject(new CannotRun("no way in")));
        expect(results).toMatchObject([{ result: "not run", detail: "no way in" }]);
        expect(isWell(results)).toBe(false);
    });

    test("that finds nothing to look at is not run either", async () => {
        expect(await run(() => Promise.resolve([]))).toMatchObject([{ result: "not run" }]);
        expect(await run(() => each([], String, () => Promise.resolve(passed("x", "y"))))).toMatchObject([
            { result: "not run" },
        ]);
        expect(isWell([])).toBe(false);
    });

    test("that breaks has failed, and keeps no other from running", async () => {
        const results = await runChecks(lab, {
            bad: () => Promise.reject(new Error("broken\n  badly")),
            good: () => Promise.resolve([passed("it", "seen")]),
        });
        expect(results).toMatchObject([
            { check: "bad", result: "failed", detail: "broken | badly" },
            { check: "good", result: "passed" },
        ]);
        expect(isWell(results)).toBe(false);
    });

    test("of several things says it of each", async () => {
        const look = (thing: string) =>
            thing === "dark"
                ? Promise.reject(new CannotRun("too dark"))
                : Promise.resolve(verdict(thing, thing === "ill" ? ["a", "b"] : [], "well"));
        expect(await run(() => each(["well", "ill", "dark"], String, look))).toMatchObject([
            { subject: "well", result: "passed", detail: "well" },
            { subject: "ill", result: "failed", detail: "a; b" },
            { subject: "dark", result: "not run", detail: "too dark" },
        ]);
    });
});

describe("reports", () => {
    const results = [
        { check: "ports", subject: "from nod0", result: "passed" as const, detail: "closed", seconds: 1 },
        { check: "ports", subject: "from <nod1>", result: "failed" as const, detail: '"open" & \u0007', seconds: 1 },
        { check: "users", subject: "nod2", result: "not run" as const, detail: "dark", seconds: 0.5 },
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

test("an HTTP answer is the last of those that curl shows", () => {
    expect(
        parseAnswer(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 303 See Other\r\nLocation: /#a:b\r\nServer: x\r\n\r\nbody\r\n\r\nmore",
        ),
    ).toEqual({ status: 303, headers: { location: "/#a:b", server: "x" }, body: "body\r\n\r\nmore" });
    expect(() => parseAnswer("garbage")).toThrow("no HTTP answer");
});
