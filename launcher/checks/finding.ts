/**
 * What `./lab verify` and `./lab doctor` have in common: checks that look at things, their findings, and the table of
 * them.
 */
import { alignColumns } from "../../lib/table";

/** What a check found about one thing. */
export interface Look<Result extends string> {
    /** What was looked at: a machine, an address, a program. */
    subject: string;
    /** The command's own word. */
    result: Result;
    /** One line: what was seen, or why nothing could be seen. */
    seen: string;
    /** What to do about it. */
    remedy?: string;
}

export interface Finding<Result extends string> extends Look<Result> {
    /** The check's name. */
    check: string;
    /** How long the check took for all of its findings. */
    seconds: number;
}

/** Looks at something, and leaves it as it was. */
export type LookAt<Place, Result extends string> = (place: Place) => Promise<Look<Result>[]>;

/**
 * Runs checks one after the other and returns what they found. A check that fails does not keep the others from
 * running.
 */
export async function runChecks<Place, Result extends string>(
    place: Place,
    checks: readonly (readonly [name: string, look: LookAt<Place, Result>])[],
    {
        failed,
        tell = () => undefined,
    }: {
        /** The finding of a check that threw an error. */
        failed: (error: unknown) => Look<Result>;
        /** Is called for each finding at once. */
        tell?: (finding: Finding<Result>) => void;
    },
): Promise<Finding<Result>[]> {
    const findings: Finding<Result>[] = [];
    for (const [check, look] of checks) {
        const start = Date.now();
        const looks = await look(place).catch((error: unknown) => [failed(error)]);
        const found = looks.map((one) => ({ check, ...one, seconds: (Date.now() - start) / 1000 }));
        found.forEach(tell);
        findings.push(...found);
    }
    return findings;
}

export const count = <Result extends string>(findings: readonly Finding<Result>[], wanted: Result) =>
    findings.filter(({ result }) => result === wanted).length;

/** A row for each finding, then the remedies. Every result but `fine` is in capitals. */
export function findingsTable<Result extends string>(findings: readonly Finding<Result>[], fine: Result): string {
    const rows = findings.map(({ check, subject, result, seen }) => [
        check,
        subject,
        result === fine ? result : result.toUpperCase(),
        seen,
    ]);
    const remedies = findings
        .filter(({ remedy }) => remedy !== undefined)
        .map(({ check, subject, remedy }) => `  ${check}, ${subject}: ${remedy}\n`);
    return [
        alignColumns([["check", "of", "result", "seen"], ...rows]),
        ...(remedies.length > 0 ? ["\nWhat to do:\n", ...remedies] : []),
    ].join("");
}

/** An error's text, or any other text, as one line. */
export const oneLine = (error: unknown): string =>
    (error instanceof Error ? error.message : String(error)).trim().replaceAll(/\s*\n\s*/g, " | ");
