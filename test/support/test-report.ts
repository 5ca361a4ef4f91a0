/** What test/run.ts makes of vitest's JSON reports. */
import * as path from "node:path";

export interface Count {
    passed: number;
    failed: number;
    skipped: number;
}

/** The parts of vitest's JSON report that are read here. */
export interface TestReport {
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
    numTodoTests: number;
    /**
     * One entry a file. `name` is its absolute path; times are milliseconds since 1970, of the first test's start and
     * the last one's end. `message` tells why a file did not load.
     */
    testResults: {
        name: string;
        startTime: number;
        endTime: number;
        message?: string;
        assertionResults: { fullName: string; status: string; failureMessages?: string[] }[];
    }[];
}

/** A check counts like one test. */
export const countOfCheck = (ok: boolean): Count => ({ passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 });

/**
 * `report` is undefined if vitest wrote none. A file that fails to load has no test, so that only `ok`, vitest's own
 * verdict, shows the failure: it counts as one.
 */
export function countOf(report: TestReport | undefined, ok: boolean): Count {
    if (!report) return countOfCheck(false);
    return {
        passed: report.numPassedTests,
        failed: ok ? report.numFailedTests : Math.max(report.numFailedTests, 1),
        skipped: report.numPendingTests + report.numTodoTests,
    };
}

export const sum = (counts: Count[]): Count => ({
    passed: counts.reduce((total, { passed }) => total + passed, 0),
    failed: counts.reduce((total, { failed }) => total + failed, 0),
    skipped: counts.reduce((total, { skipped }) => total + skipped, 0),
});

/** The line that CI reads, such as "521 passed, 0 failed". */
export const lastLine = ({ passed, failed, skipped }: Count) =>
    `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;

/** What failed, with the first lines of why: a log of half an hour is read from its end. Empty if nothing failed. */
export function failures(reports: TestReport[], root: string, lines = 12): string {
    const beginning = (text = "") => text.split("\n").slice(0, lines).join("\n");
    const failed = reports
        .flatMap(({ testResults }) => testResults)
        .flatMap(({ name, message, assertionResults }) => {
            const file = path.relative(root, name);
            const tests = assertionResults.filter(({ status }) => status === "failed");
            if (message && tests.length === 0) return [`${file}\n${beginning(message)}`];
            return tests.map(
                ({ fullName, failureMessages }) => `${file} > ${fullName}\n${beginning(failureMessages?.[0])}`,
            );
        });
    return failed.length === 0 ? "" : ["Failed:", ...failed, ""].join("\n\n");
}

/** A table of the `length` files that took longest, slowest first; empty without a file. */
export function slowestFiles(reports: TestReport[], root: string, length = 10): string {
    const files = reports
        .flatMap(({ testResults }) => testResults)
        .map(({ name, startTime, endTime }) => ({
            file: path.relative(root, name),
            seconds: (endTime - startTime) / 1000,
        }))
        .sort((one, other) => other.seconds - one.seconds)
        .slice(0, length);
    if (files.length === 0) return "";
    const rows = files.map(({ file, seconds }) => `${seconds.toFixed(1).padStart(9)}  ${file}`);
    return ["Slowest test files:", `${"seconds".padStart(9)}  file`, ...rows, ""].join("\n");
}
