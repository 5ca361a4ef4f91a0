import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, test } from "vitest";
import { writeWholeFile } from "../../../lib/write-file";

test("whoever reads meanwhile gets one of the contents as a whole", async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "write-"));
    const file = path.join(folder, "key");
    const contents = ["a", "b"].map((letter) => letter.repeat(200_000));
    writeWholeFile(file, contents[0] ?? "", { mode: 0o600 });
    // A reader in another process: it ends with 1 when it sees something else.
    const reader = spawn(process.execPath, [
        "-e",
        `for (const end = Date.now() + 700; Date.now() < end; ) {
            const text = require("fs").readFileSync(${JSON.stringify(file)}, "utf8");
            if (text.length !== 200000 || new Set(text).size !== 1) process.exit(1);
        }`,
    ]);
    const ended = new Promise((resolve) => reader.on("exit", resolve));
    let running = true;
    void ended.then(() => (running = false));
    for (let count = 0; running; count++) {
        writeWholeFile(file, contents[count % 2] ?? "", { mode: 0o600 });
        await new Promise(setImmediate);
    }
    expect(await ended).toBe(0);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.readdirSync(folder)).toEqual(["key"]);
    fs.rmSync(folder, { recursive: true });
});
