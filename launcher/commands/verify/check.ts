import { CannotRun, type LivingLab } from "../../stack/running-lab";

export type Result = "passed" | "failed" | "not run";

/** What a check function finds about one thing. */
export interface Finding {
    /** What was looked at: a machine, an address. */
    subject: string;
    result: Result;
    /** One line: what was seen, or why it could not be. */
    detail: string;
}

export interface CheckResult extends Finding {
    check: string;
    seconds: number;
}

/**
 * Looks at a living lab from outside of it. A check that throws CannotRun is `not run`, and one that throws anything else has failed. It
 * leaves the lab as it was.
 */
export type Check = (lab: LivingLab) => Promise<Finding[]>;

export const passed = (subject: string, detail: string): Finding => ({ subject, result: "passed", detail });
export const failed = (subject: string, detail: string): Finding => ({ subject, result: "failed", detail });

/** `passed` with what was seen, or `failed` with what is wrong. */
export const verdict = (subject: string, problems: string[], seen: string): Finding =>
    problems.length === 0 ? passed(subject, seen) : failed(subject, problems.join("; "));

/** The same look at each of several things; one that cannot be looked at does not keep the others from it. Nothing to look at is `not run`. */
export async function each<T>(
    things: T[],
    name: (thing: T) => string,
    look: (thing: T) => Promise<Finding>,
): Promise<Finding[]> {
    if (things.length === 0) throw new CannotRun("there is nothing of the kind in this lab");
    return Promise.all(things.map((thing) => attempt(name(thing), async () => [await look(thing)]))).then((lists) =>
        lists.flat(),
    );
}

async function attempt(subject: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
    try {
        return await look();
    } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        return [
            {
                subject,
                result: error instanceof CannotRun ? "not run" : "failed",
                detail: detail.trim().replaceAll(/\s*\n\s*/g, " | "),
            },
        ];
    }
}

/** Runs the checks one after the other, each result handed on as it comes. A check that finds nothing was not run. */
export async function runChecks(
    lab: LivingLab,
    checks: Record<string, Check>,
    tell: (result: CheckResult) => void = () => undefined,
): Promise<CheckResult[]> {
    const results: CheckResult[] = [];
    for (const [check, look] of Object.entries(checks)) {
        const start = Date.now();
        const findings = await attempt("the lab", () => look(lab));
        if (findings.length === 0)
            findings.push({ subject: "the lab", result: "not run", detail: "it looked at nothing" });
        for (const finding of findings) {
            const result = { check, ...finding, seconds: (Date.now() - start) / 1000 };
            results.push(result);
            tell(result);
        }
    }
    return results;
}

/** All of it was looked at, and all of it is well. */
export const isWell = (results: CheckResult[]) =>
    results.length > 0 && results.every(({ result }) => result === "passed");
