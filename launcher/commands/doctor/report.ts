import { alignColumns } from "../verify/report";
import { isReady, type Finding } from "./finding";

const count = (findings: Finding[], wanted: Finding["result"]) =>
    findings.filter(({ result }) => result === wanted).length;

/** A row for each finding, then what to do about each that is not good. */
export function asTable(stack: string, findings: Finding[]): string {
    const remedies = findings
        .filter(({ remedy }) => remedy !== undefined)
        .map(({ check, subject, remedy }) => `  ${check}, ${subject}: ${remedy}\n`);
    return [
        alignColumns([
            ["check", "of", "result", "seen"],
            ...findings.map(({ check, subject, result, seen }) => [
                check,
                subject,
                result === "good" ? result : result.toUpperCase(),
                seen,
            ]),
        ]),
        ...(remedies.length > 0 ? ["\nWhat to do:\n", ...remedies] : []),
        `\nThis machine is ${isReady(findings) ? "ready" : "NOT ready"} for the stack '${stack}': ` +
            `${count(findings, "good")} good, ${count(findings, "warning")} to know of, ${count(findings, "bad")} bad, ${count(findings, "unknown")} not known.\n`,
    ].join("");
}

export const asJson = (stack: string, findings: Finding[]) =>
    `${JSON.stringify({ stack, ready: isReady(findings), findings }, undefined, 4)}\n`;
