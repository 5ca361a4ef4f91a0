import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, test } from "vitest";
import { repository } from "../../support/repository";

test("the usage names every command", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "usage-"));
    const { stdout, status } = spawnSync(process.execPath, ["launcher/bundle/run.cjs", "lab", "help"], {
        cwd: repository(),
        encoding: "utf8",
        env: { ...process.env, LAB_HOME: folder },
    });
    fs.rmSync(folder, { recursive: true });
    expect(status).toBe(0);
    for (const command of [
        "up",
        "preview",
        "down",
        "doctor",
        "snapshot NAME",
        "revert NAME",
        "snapshots",
        "status",
        "ssh NODE",
        "curl",
        "forward",
        "exec",
        "pulumi",
        "test",
        "clean",
        "init",
        "ssh-config",
        "inventory",
        "bench",
    ])
        expect(stdout).toContain(`  ${command}`);
}, 30_000);
