import { oneLine, runChecks, type Finding, type Look, type LookAt } from "../../checks/finding";
import { CannotRun, type RunningLab } from "../../stack/running-lab";

/** `not run`: it could not be looked at. */
export type Result = "passed" | "failed" | "not run";
export type CheckResult = Finding<Result>;

/**
 * Looks at a running lab from outside. A check that throws CannotRun is `not run`; one that throws another error has
 * failed.
 */
export type Check = LookAt<RunningLab, Result>;

export const passed = (subject: string, seen: string): Look<Result> => ({ subject, result: "passed", seen });
export const failed = (subject: string, seen: string): Look<Result> => ({ subject, result: "failed", seen });

/** `passed` with what was seen, or `failed` with the problems. */
export const verdict = (subject: string, problems: string[], seen: string): Look<Result> =>
    problems.length === 0 ? passed(subject, seen) : failed(subject, problems.join("; "));

const broken = (subject: string, error: unknown): Look<Result> => ({
    subject,
    result: error instanceof CannotRun ? "not run" : "failed",
    seen: oneLine(error),
});

/**
 * Looks at each of several things at the same time. A failure with one of them does not affect the others. Without
 * things, CannotRun.
 */
export async function each<T>(
    things: T[],
    name: (thing: T) => string,
    look: (thing: T) => Promise<Look<Result>>,
): Promise<Look<Result>[]> {
    if (things.length === 0) throw new CannotRun("the lab has nothing of this kind");
    return Promise.all(things.map((thing) => look(thing).catch((error: unknown) => broken(name(thing), error))));
}

/** Runs checks one after the other; `tell` gets each result at once. A check that finds nothing is `not run`. */
export const verifyLab = (
    lab: RunningLab,
    checks: Record<string, Check>,
    tell?: (result: CheckResult) => void,
): Promise<CheckResult[]> =>
    runChecks(
        lab,
        Object.entries(checks).map(([name, check]) => [name, atLeastOne(check)] as const),
        { failed: (error) => broken("the lab", error), tell },
    );

const atLeastOne =
    (check: Check): Check =>
    async (lab) => {
        const looks = await check(lab);
        if (looks.length === 0) throw new CannotRun("the check looked at nothing");
        return looks;
    };

/** Whether everything was looked at and everything passed. */
export const isWell = (results: CheckResult[]) =>
    results.length > 0 && results.every(({ result }) => result === "passed");
