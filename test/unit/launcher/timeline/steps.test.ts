import { describe, expect, test } from "vitest";
import { stepsOf } from "../../../../launcher/timeline/steps";
import { step, urn } from "../../../support/timeline";

describe("the event log", () => {
    const event = (kind: string, op: string, name: string) =>
        JSON.stringify({
            sequence: 1,
            timestamp: 1,
            [kind]: { metadata: { op, urn: urn(name), type: "command:remote:Command" } },
        });

    test("a step lasts from its first event to its last one", () => {
        expect(
            stepsOf([
                { at: 1000, line: JSON.stringify({ preludeEvent: {} }) },
                { at: 1001, line: event("resourcePreEvent", "create", "a") },
                { at: 1005, line: event("resourcePreEvent", "create", "b") },
                { at: 1010, line: event("resOutputsEvent", "create", "b") },
                { at: 1020, line: event("resOpFailedEvent", "create", "a") },
            ]),
        ).toEqual([step("b", 1005, 1010), { ...step("a", 1001, 1020), failed: true }]);
    });

    test("a replacement is two steps; a step without an end does not count", () => {
        const steps = stepsOf([
            { at: 1, line: event("resourcePreEvent", "create-replacement", "a") },
            { at: 2, line: event("resourcePreEvent", "delete-replaced", "a") },
            { at: 3, line: event("resOutputsEvent", "create-replacement", "a") },
            { at: 4, line: event("resOutputsEvent", "delete-replaced", "a") },
            { at: 5, line: event("resourcePreEvent", "create", "never") },
        ]);
        expect(steps.map(({ op, start, end }) => [op, start, end])).toEqual([
            ["create-replacement", 1, 3],
            ["delete-replaced", 2, 4],
        ]);
    });
});
