/** Waits until checks of `./lab verify` pass. */
import { inTime } from "../../../lib/until";
import type { RunningLab } from "../../stack/running-lab";
import { isWell, verifyLab, type Check, type CheckResult } from "./check";
import { checks } from "./checks/index";

/** The quick checks, which have to pass before a fault or a machine's turn, and again after it. */
export const quickChecks = pickChecks("services", "virtual-address", "pages");
/** The checks of the whole site, from sessions to the database. */
export const thoroughChecks = pickChecks(
    "services",
    "virtual-address",
    "pages",
    "app-servers",
    "sessions",
    "memcached",
    "database",
);

function pickChecks(...names: string[]) {
    return Object.fromEntries(Object.entries(checks).filter(([name]) => names.includes(name)));
}

/** What did not pass, one text for each. */
export const problemsIn = (results: CheckResult[]) =>
    results
        .filter(({ result }) => result !== "passed")
        .map(({ check, subject, result, seen }) => `${check}, ${subject}: ${result}: ${seen}`);

/** Repeats the checks until all pass, for up to `seconds`. Returns the last results. */
export async function untilWell(
    lab: RunningLab,
    checks: Record<string, Check>,
    seconds: number,
): Promise<CheckResult[]> {
    let results: CheckResult[] = [];
    await inTime(
        async () => {
            results = await verifyLab(lab, checks);
            return isWell(results);
        },
        { seconds, everyMs: 500 },
    );
    return results;
}
