import { escapeXml } from "../../../lib/xml";
import { isWell, type CheckResult, type Result } from "./check";

/** Columns as wide as their widest cell. */
export function alignColumns(rows: string[][]): string {
    const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
    return rows
        .map(
            (row) =>
                `${row
                    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
                    .join("  ")
                    .trimEnd()}\n`,
        )
        .join("");
}

const count = (results: CheckResult[], wanted: Result) => results.filter(({ result }) => result === wanted).length;

export function verdictLine(stack: string, results: CheckResult[]): string {
    return (
        `The lab '${stack}' is ${isWell(results) ? "as described" : "NOT as described"}: ` +
        `${count(results, "passed")} passed, ${count(results, "failed")} failed, ${count(results, "not run")} not run.\n`
    );
}

export const asTable = (stack: string, results: CheckResult[]) =>
    `${alignColumns([
        ["check", "of", "result", "seen"],
        ...results.map(({ check, subject, result, detail }) => [
            check,
            subject,
            result === "passed" ? result : result.toUpperCase(),
            detail,
        ]),
    ])}\n${verdictLine(stack, results)}`;

export const asJson = (stack: string, results: CheckResult[]) =>
    `${JSON.stringify({ stack, well: isWell(results), passed: count(results, "passed"), failed: count(results, "failed"), notRun: count(results, "not run"), results }, undefined, 4)}\n`;

/** JUnit's report, as CI servers read it; `not run` is an error, never a skipped test, as it must not look like success. */
export function asJunit(stack: string, results: CheckResult[]): string {
    const cases = results.map(({ check, subject, result, detail, seconds }) => {
        const open = `    <testcase classname="${escapeXml(check)}" name="${escapeXml(subject)}" time="${seconds.toFixed(3)}"`;
        if (result === "passed") return `${open}><system-out>${escapeXml(detail)}</system-out></testcase>\n`;
        const element = result === "failed" ? "failure" : "error";
        return `${open}><${element} message="${escapeXml(result === "failed" ? detail : `not run: ${detail}`)}"/></testcase>\n`;
    });
    const sums = `tests="${results.length}" failures="${count(results, "failed")}" errors="${count(results, "not run")}"`;
    return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${sums}>\n  <testsuite name="${escapeXml(`lab ${stack}`)}" ${sums}>\n${cases.join("")}  </testsuite>\n</testsuites>\n`;
}
