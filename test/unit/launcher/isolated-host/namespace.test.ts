import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findHolder } from "../../../../launcher/isolated-host/namespace";

test("the recorded holder counts only if the same process still runs: not another one with its pid, none from before a reboot, no torn file", () => {
    const home = mkdtempSync(join(tmpdir(), "holder-"));
    const record = (text: string) => {
        writeFileSync(join(home, "run", "holder"), text);
        return findHolder(home)?.pid;
    };
    try {
        expect(findHolder(home)).toBeUndefined();
        mkdirSync(join(home, "run"));
        const pid = String(process.pid);
        const startTime = readFileSync("/proc/self/stat", "utf8")
            .replace(/^.*\) /s, "")
            .split(" ")[19]!;
        const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
        expect(record(`${pid} ${startTime} ${bootId}\n`)).toBe(process.pid);
        expect(record(`${pid} ${String(Number(startTime) - 1)} ${bootId}\n`)).toBeUndefined();
        expect(record(`${pid} ${startTime} ${bootId.replace(/./g, "0")}\n`)).toBeUndefined();
        expect(record("")).toBeUndefined();
        expect(record(pid)).toBeUndefined();
    } finally {
        rmSync(home, { recursive: true });
    }
});
