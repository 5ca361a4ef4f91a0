import { escapeXml } from "../../../lib/xml";
import { count, findingsTable } from "../../checks/finding";
import { isWell, type CheckResult } from "./check";

const verdictLine = (stack: string, results: CheckResult[]): string =>
    `The lab '${stack}' is ${isWell(results) ? "as described" : "NOT as described"}: ` +
    `${count(results, "passed")} passed, ${count(results, "failed")} failed, ${count(results, "not run")} not run.\n`;

export const asTable = (stack: string, results: CheckResult[]) =>
    `${findingsTable(results, "passed")}\n${verdictLine(stack, results)}`;

export const asJson = (stack: string, results: CheckResult[]) =>
    `${JSON.stringify(
        {
            stack,
            well: isWell(results),
            passed: count(results, "passed"),
            failed: count(results, "failed"),
            notRun: count(results, "not run"),
            results,
        },
        undefined,
        4,
    )}\n`;

/**
 * A JUnit report, for CI servers. `not run` is an error there, because CI servers count a skipped test as a success.
 */
export function asJunit(stack: string, results: CheckResult[]): string {
    const cases = results.map(({ check, subject, result, seen, seconds }) => {
        const names = `classname="${escapeXml(check)}" name="${escapeXml(subject)}"`;
        const open = `    <testcase ${names} time="${seconds.toFixed(3)}"`;
        if (result === "passed") return `${open}><system-out>${escapeXml(seen)}</system-out></testcase>\n`;
        const element = result === "failed" ? "failure" : "error";
        const message = result === "failed" ? seen : `not run: ${seen}`;
        return `${open}><${element} message="${escapeXml(message)}"/></testcase>\n`;
    });
    const [failures, errors] = [count(results, "failed"), count(results, "not run")];
    const sums = `tests="${results.length}" failures="${failures}" errors="${errors}"`;
    return (
        `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${sums}>\n  ` +
        `<testsuite name="${escapeXml(`lab ${stack}`)}" ${sums}>\n${cases.join("")}  </testsuite>\n</testsuites>\n`
    );
}
