import { describe, expect, test } from "vitest";
import { criticalPath, waited, withReadiness, type Dependencies } from "../../../../launcher/timeline/critical-path";
import { names, step, urn } from "../../../support/timeline";

const dependenciesOf = (before: Record<string, string[]>): Dependencies =>
    new Map(Object.entries(before).map(([name, others]) => [urn(name), others.map(urn)]));

describe("the critical path", () => {
    // c depends on a and, through "between", which has no step, on b. d depends on nothing.
    const steps = [step("a", 0, 10), step("b", 0, 30), step("d", 0, 35), step("c", 33, 53), step("e", 60, 61)];
    const dependencies = dependenciesOf({ a: [], b: ["a"], d: [], between: ["b"], c: ["between", "a"], e: ["d"] });

    test("is the longest chain of dependent steps", () => {
        expect(names(criticalPath(steps, dependencies))).toEqual(["a", "b", "c"]);
        expect(
            names(
                criticalPath(
                    steps.filter(({ name }) => name !== "c"),
                    dependencies,
                ),
            ),
        ).toEqual(["a", "b"]);
        expect(criticalPath([], dependencies)).toEqual([]);
    });

    test("includes all steps of a resource", () => {
        const replaced = [step("a", 0, 10), { ...step("a", 10, 15), op: "delete-replaced" }, step("b", 15, 16)];
        expect(criticalPath(replaced, dependencies).map(({ name, op }) => `${op} ${name}`)).toEqual([
            "create a",
            "delete-replaced a",
            "create b",
        ]);
    });

    test("does not exist for circular dependencies", () => {
        expect(() => criticalPath(steps, dependenciesOf({ a: ["b"], b: ["a"] }))).toThrow(/depend on each other/);
    });

    test("a step is ready at the end of its last dependency, direct or indirect", () => {
        const timed = withReadiness(steps, dependencies, 0);
        expect(Object.fromEntries(timed.map(({ name, ready }) => [name, ready]))).toEqual({
            a: 0,
            b: 10,
            d: 0,
            c: 30,
            e: 35,
        });
        expect(Object.fromEntries(timed.map((each) => [each.name, waited(each)]))).toEqual({
            a: 0,
            b: 0,
            d: 0,
            c: 3,
            e: 25,
        });
    });
});
