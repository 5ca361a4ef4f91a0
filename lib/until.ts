import { setTimeout as wait } from "node:timers/promises";

/** `until` waited in vain. */
export class TimeoutError extends Error {}

/**
 * Calls `attempt` again and again, `everyMs` milliseconds after the end of the call before (default: 50), and returns
 * its first result that is neither `undefined` nor `false`. `attempt` is called at least once. An error that it throws
 * ends the waiting and is thrown on. After `seconds` without a result: a TimeoutError that names `what`, a clause such
 * as "libvirtd answers".
 */
export async function until<T>(
    attempt: () => Promise<T | undefined | false> | T | undefined | false,
    { seconds, everyMs = 50, what }: { seconds: number; everyMs?: number; what: string },
): Promise<T> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
        const result = await attempt();
        if (result !== undefined && result !== false) return result;
        if (Date.now() > deadline) throw new TimeoutError(`Waited ${seconds} s in vain until ${what}.`);
        await wait(everyMs);
    }
}

/** Like `until`, but gives whether `attempt` had a result in time instead of failing. */
export const inTime = (attempt: () => Promise<boolean> | boolean, options: { seconds: number; everyMs?: number }) =>
    until(attempt, { ...options, what: "" }).then(
        () => true,
        (error: unknown) => {
            if (error instanceof TimeoutError) return false;
            throw error;
        },
    );
