import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { once } from "node:events";
import { type ChildProcess, spawn } from "node:child_process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { backendFolder } from "../../../../launcher/stack/folders";
import { isAtWork } from "../../../../launcher/stack/recovery";

let folder: string;
let parent: ChildProcess | undefined;
beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "recovery-"));
    process.env.LAB_HOME = folder;
});
afterEach(() => {
    parent?.kill("SIGKILL");
    delete process.env.LAB_HOME;
    fs.rmSync(folder, { recursive: true });
});

/** The id of a process named pulumi. Its parent starts it with `line` and does not wait for its end. */
async function pulumi(line: string): Promise<number> {
    fs.copyFileSync("/bin/sleep", path.join(folder, "pulumi"));
    fs.chmodSync(path.join(folder, "pulumi"), 0o755);
    parent = spawn("sh", ["-c", `${path.join(folder, "pulumi")} ${line} & echo $!; exec sleep 60`], {
        stdio: ["ignore", "pipe", "ignore"],
    });
    const [pid] = (await once(createInterface(parent.stdout!), "line")) as [string];
    return Number(pid);
}

function lock(pid: number): void {
    const locks = path.join(backendFolder("test"), ".pulumi", "locks", "organization", "lab", "test");
    fs.mkdirSync(locks, { recursive: true });
    fs.writeFileSync(path.join(locks, "one.json"), JSON.stringify({ pid }));
}

const comesTrue = async (isSo: () => boolean) => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
};
const stateOf = (pid: number) => /^State:\s+(\w)/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];

test("a lock is held as long as the pulumi that took it runs", async () => {
    const pid = await pulumi("60");
    lock(pid);
    await comesTrue(() => isAtWork("test"));
    process.kill(pid, "SIGKILL");
    await comesTrue(() => stateOf(pid) === "Z"); // nobody has asked what became of it
    expect(isAtWork("test")).toBe(false);
});

test("a lock is free if its process has ended, also if another process has the id now", () => {
    lock(process.pid);
    expect(isAtWork("test")).toBe(false);
});
