import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { DOMParser } from "@xmldom/xmldom";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { criticalPath, waited, withReadiness, type Dependencies } from "../../../../launcher/timeline/critical-path";
import { follow } from "../../../../launcher/timeline/event-log";
import { averageUse, busySeconds } from "../../../../launcher/timeline/processors";
import { record, report, summary, waits, type Recording } from "../../../../launcher/timeline/recording";
import { stepsOf, type Step } from "../../../../launcher/timeline/steps";
import { rows, tickSeconds, timelineSvg } from "../../../../launcher/timeline/timeline";
import { takeTimeline } from "../../../../launcher/timeline/up";
import { UserError } from "../../../../lib/errors";

const urn = (name: string) => `urn:pulumi:test::lab::command:remote:Command::${name}`;
const step = (name: string, start: number, end: number): Step => ({
    urn: urn(name),
    name,
    type: "command:remote:Command",
    op: "create",
    start,
    end,
    failed: false,
});
const dependenciesOf = (names: Record<string, string[]>): Dependencies =>
    new Map(Object.entries(names).map(([name, before]) => [urn(name), before.map(urn)]));
const names = (steps: Step[]) => steps.map(({ name }) => name);

describe("the event log", () => {
    const event = (kind: string, op: string, name: string) =>
        JSON.stringify({
            sequence: 1,
            timestamp: 1,
            [kind]: { metadata: { op, urn: urn(name), type: "command:remote:Command" } },
        });

    test("a step is from its first event to its last, by the time at which they came", () => {
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

    test("the two steps of a replacement are told apart; one that never ends is none", () => {
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

    describe("is read while it grows", () => {
        let folder: string;
        beforeEach(() => {
            folder = fs.mkdtempSync(path.join(os.tmpdir(), "events-"));
        });
        afterEach(() => fs.rmSync(folder, { recursive: true }));

        test("line by line, also where one is written in two parts, each with its time", async () => {
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
});

describe("the critical path", () => {
    // a takes 10, b 30; c waits for both; d is alone; "between" has no step of its own.
    const steps = [step("a", 0, 10), step("b", 0, 30), step("d", 0, 35), step("c", 33, 53), step("e", 60, 61)];
    const dependencies = dependenciesOf({ a: [], b: ["a"], d: [], between: ["b"], c: ["between", "a"], e: ["d"] });

    test("is the longest chain of what depends on each other", () => {
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

    test("goes through everything that is done on a resource", () => {
        const replaced = [step("a", 0, 10), { ...step("a", 10, 15), op: "delete-replaced" }, step("b", 15, 16)];
        expect(criticalPath(replaced, dependencies).map(({ name, op }) => `${op} ${name}`)).toEqual([
            "create a",
            "delete-replaced a",
            "create b",
        ]);
    });

    test("of what depends on itself there is none", () => {
        expect(() => criticalPath(steps, dependenciesOf({ a: ["b"], b: ["a"] }))).toThrow(/depend on each other/);
    });

    test("a step is ready when the last that it depends on is there, also through others", () => {
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

/** Two machines: nod0 is worked on, then nod1, then nod0 again. */
function recording(): Recording {
    const event = (kind: string, name: string, at: number) => ({
        at,
        line: JSON.stringify({
            [kind]: { metadata: { op: "create", urn: urn(name), type: "command:remote:Command" } },
        }),
    });
    const resource = (name: string, dependencies: string[], custom = true) => ({
        urn: urn(name),
        custom,
        dependencies: dependencies.map(urn),
    });
    return record({
        start: 0,
        end: 14_000,
        machines: ["nod0", "nod1"],
        processors: [
            { at: 0, machine: 100, lab: 0 },
            { at: 7000, machine: 107, lab: 3 },
            { at: 14_000, machine: 121, lab: 14 },
        ],
        resources: [
            resource("nod0-packages", []),
            resource("nod1-memcached", ["nod0-packages"]),
            resource("nod0-tomcat", ["nod1-memcached"]),
            resource("lab-network", []),
            resource("lab", [], false),
        ],
        lines: [
            event("resourcePreEvent", "lab", 900),
            event("resOutputsEvent", "lab", 13_900),
            event("resourcePreEvent", "lab-network", 1000),
            event("resOutputsEvent", "lab-network", 1500),
            event("resourcePreEvent", "nod0-packages", 1000),
            event("resOutputsEvent", "nod0-packages", 4000),
            event("resourcePreEvent", "nod1-memcached", 5000),
            event("resOutputsEvent", "nod1-memcached", 9000),
            event("resourcePreEvent", "nod0-tomcat", 9000),
            event("resOutputsEvent", "nod0-tomcat", 12_000),
        ],
    });
}

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

    test("tells where a machine waited, and for which step of another", () => {
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

    test("as a picture: an XML file with a bar for each step, in the lane of its machine, at its time", () => {
        const document = new DOMParser({
            onError: (level, message) => {
                throw new Error(`${level}: ${message}`);
            },
        }).parseFromString(timelineSvg(recording()), "image/svg+xml");
        const bars = [...document.getElementsByTagName("g")].map((bar) => ({
            told: bar.getElementsByTagName("title")[0]?.textContent ?? "",
            rect: bar.getElementsByTagName("rect")[0],
        }));
        expect(bars.map(({ told }) => told.split(":")[0])).toEqual([
            "lab-network",
            "nod0-packages",
            "nod0-tomcat",
            "nod1-memcached",
        ]);
        const number = (index: number, attribute: string) => Number(bars[index]?.rect?.getAttribute(attribute));
        expect(number(2, "x")).toBeGreaterThan(number(1, "x") + number(1, "width"));
        expect(number(1, "y")).toBe(number(2, "y"));
        expect(number(3, "y")).toBeGreaterThan(number(1, "y"));
        // 3 s and 4 s on the same scale; red is what the whole waited for.
        expect(number(3, "width") / number(1, "width")).toBeCloseTo(4 / 3, 2);
        expect(bars.map(({ rect }) => rect?.hasAttribute("stroke"))).toEqual([false, true, true, true]);
    });

    test("steps at the same time are below each other", () => {
        expect(rows([step("a", 0, 10), step("b", 5, 6), step("c", 6, 12), step("d", 10, 11)]).map(names)).toEqual([
            ["a", "d"],
            ["b", "c"],
        ]);
    });

    test.each([
        [14, 1],
        [93, 5],
        [240, 20],
        [3, 0.2],
    ])("of %d s has a mark every %d s", (total, tick) => {
        expect(tickSeconds(total)).toBeCloseTo(tick);
    });
});

describe("processors", () => {
    test("waiting for disks and doing nothing are no use", () => {
        expect(busySeconds("cpu  100 20 30 4000 500 6 7 8 90 10\ncpu0 1 1 1 1 1 1 1 1 1 1\n")).toBeCloseTo(1.71);
    });

    test("without a sample there is no average", () => {
        expect(averageUse([])).toMatchObject({ machine: 0, lab: 0 });
    });
});

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
