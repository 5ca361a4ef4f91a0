import { count, findingsTable } from "../../checks/finding";
import { isReady, type Finding } from "./finding";

/** A row for each finding, then what to do about each that is not good. */
export const asTable = (stack: string, findings: Finding[]): string =>
    findingsTable(findings, "good") +
    `\nThis machine is ${isReady(findings) ? "ready" : "NOT ready"} for the stack '${stack}': ` +
    `${count(findings, "good")} good, ${count(findings, "warning")} warnings, ${count(findings, "bad")} bad, ` +
    `${count(findings, "unknown")} unknown.\n`;

export const asJson = (stack: string, findings: Finding[]) =>
    `${JSON.stringify({ stack, ready: isReady(findings), findings }, undefined, 4)}\n`;
