import { expect, test } from "vitest";
import { attach } from "../../../launcher/attach";

test("a program's exit code is passed on", async () => {
    expect(await attach(["sh", "-c", "exit 3"])).toBe(3);
    expect(
        await attach(["sh", "-c", '[ "$WORD" = said ] && [ "$PWD" = / ]'], {
            cwd: "/",
            env: { ...process.env, WORD: "said" },
        }),
    ).toBe(0);
    expect(await attach(["sh", "-c", "kill -9 $$"])).toBeGreaterThanOrEqual(128);
    await expect(attach(["/no/such/program"])).rejects.toThrow("ENOENT");
});
