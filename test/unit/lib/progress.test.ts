import { expect, test, vi } from "vitest";
import { createProgress } from "../../../lib/progress";

test("a step reports its begin and its end or failure, and returns its result or its error", async () => {
    const written: string[] = [];
    const progress = createProgress({
        isTTY: false,
        write: (text: string) => written.push(text),
    } as unknown as NodeJS.WriteStream);
    expect(await progress.step("Counting", () => Promise.resolve(7))).toBe(7);
    await expect(progress.step("Falling", () => Promise.reject(new Error("down")))).rejects.toThrow("down");
    progress.info("that is all");
    expect(written.join("")).toMatch(
        /^Counting \.\.\.\nCounting: done in \d+\.\d s\nFalling \.\.\.\nFalling: failed after \d+\.\d s\nthat is all\n$/,
    );
});

test("on a terminal, the newest detail is in one line, which disappears at the end", async () => {
    vi.useFakeTimers();
    try {
        const written: string[] = [];
        const progress = createProgress({
            isTTY: true,
            columns: 30,
            write: (text: string) => written.push(text),
        } as unknown as NodeJS.WriteStream);
        await progress.step("Building", async (say) => {
            say("a line that is longer than the terminal is wide\n");
            await vi.advanceTimersByTimeAsync(600);
        });
        expect(written[0]).toBe("\r\x1b[KBuilding (0.5 s) a line that ");
        expect(written.at(-1)).toBe("\r\x1b[KBuilding: done in 0.6 s\n");
    } finally {
        vi.useRealTimers();
    }
});
