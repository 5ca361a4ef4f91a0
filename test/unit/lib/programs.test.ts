import { expect, test } from "vitest";
import { isInstalled, searchPath } from "../../../lib/programs";

test("a program is found by its name, a file by its path", () => {
    expect(["sh", "no-such-program", "/bin/sh", "/no/such/file"].map(isInstalled)).toEqual([true, false, true, false]);
});

test("administration programs are looked for, too, and no folder twice", () => {
    const folders = searchPath.split(":");
    expect(folders).toEqual(expect.arrayContaining(["/usr/sbin", "/sbin"]));
    expect(new Set(folders).size).toBe(folders.length);
});
