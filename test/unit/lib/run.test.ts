import { expect, test } from "vitest";
import { run } from "../../../lib/run";

test("stdout is given back whole, every line of both streams is told, stdin is handed on", async () => {
    const lines: string[] = [];
    const out = await run(["sh", "-c", "cat; echo problem >&2"], {
        input: "one\ntwo",
        say: (line) => lines.push(line),
    });
    expect(out).toBe("one\ntwo");
    expect(lines.sort()).toEqual(["one", "problem", "two"]);
});

test("a failure names program and code and shows the last lines, a missing program and a signal too", async () => {
    await expect(run(["sh", "-c", "seq 100 >&2; exit 3"])).rejects.toThrow(/^sh: exit code 3\n81\n(.*\n)*100$/);
    await expect(run(["sh", "-c", "kill -TERM $$"])).rejects.toThrow("sh: killed by SIGTERM");
    await expect(run(["/no/such/program"], { input: "ignored" })).rejects.toThrow("ENOENT");
});
