import { expect, test } from "vitest";
import { countOf, failures, lastLine, slowestFiles, sum, type TestReport } from "../../support/test-report";

const report = (numbers: Partial<TestReport>): TestReport => ({
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [],
    ...numbers,
});

test("tests are counted; skipped ones are those that are pending or to do", () => {
    expect(countOf(report({ numPassedTests: 7, numPendingTests: 1, numTodoTests: 2 }), true)).toEqual({
        passed: 7,
        failed: 0,
        skipped: 3,
    });
    expect(countOf(report({ numPassedTests: 7, numFailedTests: 2 }), false)).toMatchObject({ passed: 7, failed: 2 });
});

test("vitest's own failure counts, also without a failed test or without a report", () => {
    expect(countOf(report({ numPassedTests: 7 }), false)).toMatchObject({ passed: 7, failed: 1 });
    expect(countOf(undefined, true)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test("the last line has the sums, and skipped tests only where there are some", () => {
    const counts = [
        { passed: 1, failed: 0, skipped: 0 },
        { passed: 20, failed: 3, skipped: 0 },
    ];
    expect(lastLine(sum(counts))).toBe("21 passed, 3 failed");
    expect(lastLine(sum([...counts, { passed: 0, failed: 0, skipped: 4 }]))).toBe("21 passed, 3 failed, 4 skipped");
});

test("the slowest files of all reports are a table, slowest first", () => {
    const file = (name: string, seconds: number) => ({
        name: `/repository/${name}`,
        startTime: 1000,
        endTime: 1000 + seconds * 1000,
        assertionResults: [],
    });
    const reports = [
        report({ testResults: [file("test/unit/quick.test.ts", 0.04), file("test/unit/slow.test.ts", 12)] }),
        report({ testResults: [file("test/lab/lab.test.ts", 194.06)] }),
    ];
    expect(slowestFiles(reports, "/repository", 2)).toBe(
        [
            "Slowest test files:",
            "  seconds  file",
            "    194.1  test/lab/lab.test.ts",
            "     12.0  test/unit/slow.test.ts",
            "",
        ].join("\n"),
    );
    expect(slowestFiles([], "/repository")).toBe("");
});

test("what failed is told at the end: the tests, with the beginning of the reason, and files that did not load", () => {
    const file = { name: "/repository/test/lab/lab.test.ts", startTime: 0, endTime: 1, message: "" };
    const tests = {
        ...file,
        assertionResults: [
            { fullName: "up works", status: "passed" },
            { fullName: "down works", status: "failed", failureMessages: ["Error: one\ntwo\nthree", "another"] },
        ],
    };
    const broken = {
        ...file,
        name: "/repository/test/unit/a.test.ts",
        message: "SyntaxError: x",
        assertionResults: [],
    };
    expect(failures([report({ testResults: [tests] }), report({ testResults: [broken] })], "/repository", 2)).toBe(
        "Failed:\n\ntest/lab/lab.test.ts > down works\nError: one\ntwo\n\ntest/unit/a.test.ts\nSyntaxError: x\n\n",
    );
    expect(failures([report({ testResults: [{ ...tests, assertionResults: [] }] })], "/repository")).toBe("");
});
