import { expect, test } from "vitest";
import { withLock } from "../../../lib/lock";

test("a lock has one holder at a time, is released after an error, and is independent of locks with other names", async () => {
    const name = `test ${String(process.pid)}`;
    let inside = 0;
    const work = async () => {
        inside += 1;
        expect(inside).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 5));
        inside -= 1;
        throw new Error("work failed");
    };
    const results = await Promise.allSettled([1, 2, 3].map(() => withLock(name, work)));
    expect(results.map((result) => result.status === "rejected" && (result.reason as Error).message)).toEqual(
        Array(3).fill("work failed"),
    );
    await expect(withLock(name, () => withLock(`${name} other`, () => Promise.resolve("both")))).resolves.toBe("both");
});
