import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, expect, test } from "vitest";
import { provideMovedPrograms } from "../../../../launcher/stack/moved-programs";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "moved-"));
afterAll(() => fs.rmSync(folder, { recursive: true }));

test("the command in an earlier lab's state runs, and leaves nothing once the state has the present one", () => {
    fs.mkdirSync(path.join(folder, "launcher", "bundle"), { recursive: true });
    fs.writeFileSync(path.join(folder, "launcher/bundle/run.cjs"), 'console.log(process.argv.slice(2).join(" "));\n');
    const command = (runner: string) => `exec node ${runner} container delete nod0`;
    provideMovedPrograms(JSON.stringify({ delete: command("tools/bundle/run.cjs") }), folder);
    const { stdout } = spawnSync("sh", ["-c", command("tools/bundle/run.cjs")], { cwd: folder, encoding: "utf8" });
    expect(stdout).toBe("container delete nod0\n");
    provideMovedPrograms(JSON.stringify({ delete: command("launcher/bundle/run.cjs") }), folder);
    expect(fs.readdirSync(folder)).toEqual(["launcher"]);
});
