/** The script `lab` with a made-up npm, in a folder of its own. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, expect, test } from "vitest";
import { repository } from "../../support/repository";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lab-script-"));
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** Fails if another one is at work, as npm does in the end, and takes a moment. */
const npm = `#!/bin/sh
mkdir "$PWD/at-work" || exit 1
mkdir -p node_modules
echo installed >> calls
sleep 0.3
rmdir "$PWD/at-work"
`;

test("two first calls at once install npm's packages once, and both go on", async () => {
    for (const name of ["lab", "launcher/requirements.sh", "package-lock.json"]) {
        fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        fs.copyFileSync(repository(name), path.join(folder, name));
    }
    fs.mkdirSync(path.join(folder, "launcher/bundle"));
    fs.writeFileSync(path.join(folder, "launcher/bundle/run.cjs"), "");
    fs.mkdirSync(path.join(folder, "bin"));
    fs.writeFileSync(path.join(folder, "bin/npm"), npm, { mode: 0o755 });
    const call = () =>
        new Promise((resolve) => {
            const env = { ...process.env, PATH: `${path.join(folder, "bin")}:${process.env.PATH}` };
            spawn("sh", [path.join(folder, "lab"), "help"], { env, stdio: "ignore" }).on("exit", resolve);
        });
    expect(await Promise.all([call(), call()])).toEqual([0, 0]);
    expect(fs.readFileSync(path.join(folder, "calls"), "utf8")).toBe("installed\n");
});
