import { describe, expect, test } from "vitest";
import { each, isWell, passed, verifyLab, verdict, type Check } from "../../../../../launcher/commands/verify/check";
import { CannotRun, type RunningLab } from "../../../../../launcher/stack/running-lab";

const lab = {} as RunningLab;
const run = (look: Check) => verifyLab(lab, { look });

describe("a check", () => {
    test("that cannot look counts as not run, never as passed", async () => {
        const results = await run(() => Promise.reject(new CannotRun("no way in")));
        expect(results).toMatchObject([{ result: "not run", seen: "no way in" }]);
        expect(isWell(results)).toBe(false);
    });

    test("without anything to look at counts as not run, too", async () => {
        expect(await run(() => Promise.resolve([]))).toMatchObject([{ result: "not run" }]);
        expect(await run(() => each([], String, () => Promise.resolve(passed("x", "y"))))).toMatchObject([
            { result: "not run" },
        ]);
        expect(isWell([])).toBe(false);
    });

    test("that throws has failed, and the others run", async () => {
        const results = await verifyLab(lab, {
            bad: () => Promise.reject(new Error("broken\n  badly")),
            good: () => Promise.resolve([passed("it", "seen")]),
        });
        expect(results).toMatchObject([
            { check: "bad", result: "failed", seen: "broken | badly" },
            { check: "good", result: "passed" },
        ]);
        expect(isWell(results)).toBe(false);
    });

    test("of several things has a result for each", async () => {
        const look = (thing: string) =>
            thing === "dark"
                ? Promise.reject(new CannotRun("too dark"))
                : Promise.resolve(verdict(thing, thing === "ill" ? ["a", "b"] : [], "well"));
        expect(await run(() => each(["well", "ill", "dark"], String, look))).toMatchObject([
            { subject: "well", result: "passed", seen: "well" },
            { subject: "ill", result: "failed", seen: "a; b" },
            { subject: "dark", result: "not run", seen: "too dark" },
        ]);
    });
});
