import { describe, expect, test } from "vitest";
import { inTime, TimeoutError, until } from "../../../lib/until";

const fast = { seconds: 5, everyMs: 1, what: "the counter is at 3" };

/** An attempt that has no result until its `calls`th call. */
const onCall = <T, E>(calls: number, result: T, before: E) => {
    let count = 0;
    return () => Promise.resolve(++count < calls ? before : result);
};

describe("until", () => {
    test("gives the first result that is neither undefined nor false", async () => {
        expect(await until(onCall(3, "there", undefined), fast)).toBe("there");
        expect(await until(onCall(3, 0, false as const), fast)).toBe(0);
        expect(await until(() => null, fast)).toBeNull();
    });

    test("attempts once even with no time at all", async () => {
        expect(await until(onCall(1, 7, undefined), { ...fast, seconds: 0 })).toBe(7);
    });

    test("an error of the attempt ends it", async () => {
        await expect(until(() => Promise.reject(new Error("broken")), fast)).rejects.toThrow("broken");
    });

    test("says what it waited for, and for how long", async () => {
        const attempt = until(() => undefined, { ...fast, seconds: 0.02 });
        await expect(attempt).rejects.toThrow("Waited 0.02 s in vain until the counter is at 3.");
        await expect(attempt).rejects.toBeInstanceOf(TimeoutError);
    });
});

describe("inTime", () => {
    test("tells whether it was in time", async () => {
        expect(await inTime(onCall(3, true, false), { seconds: 5, everyMs: 1 })).toBe(true);
        expect(await inTime(() => false, { seconds: 0.01, everyMs: 1 })).toBe(false);
    });

    test("other errors stay errors", async () => {
        await expect(inTime(() => Promise.reject(new Error("broken")), { seconds: 5 })).rejects.toThrow("broken");
    });
});
