import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { repository } from "../../support/repository";

const original = repository();
let folder: string;
let copy: string;

beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "bundle-"));
    copy = path.join(folder, "checkout");
    for (const name of [
        "artifacts",
        "catalog",
        "components",
        "config",
        "files",
        "hypervisors",
        "launcher",
        "lib",
        "roles",
        "sdks",
        "site",
        "tomcat-valve",
        "index.ts",
        "package.json",
        "package-lock.json",
    ])
        fs.cpSync(path.join(original, name), path.join(copy, name), { recursive: true });
    fs.symlinkSync(path.join(original, "node_modules"), path.join(copy, "node_modules"));
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

const help = (checkout = copy) => {
    const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [path.join(checkout, "launcher/bundle/run.cjs"), "lab", "help"],
        { encoding: "utf8" },
    );
    expect(status, stderr).toBe(0);
    return stdout;
};
const bundledAt = () => fs.statSync(path.join(copy, ".bundle/lab.cjs")).mtimeMs;
function edit(file: string, what: string, by: string) {
    const place = path.join(copy, file);
    const text = fs.readFileSync(place, "utf8");
    expect(text).toContain(what);
    fs.writeFileSync(place, text.replace(what, by));
}

test("a program is bundled again only when one of its source files has changed", () => {
    expect(help()).toContain("a table of machines");
    const first = bundledAt();
    help();
    expect(bundledAt()).toBe(first);
    edit("launcher/commands/status.ts", "a table of machines", "a list of machines");
    expect(help()).toContain("a list of machines");
    expect(bundledAt()).toBeGreaterThan(first);
}, 60_000);

test("a checkout that was moved finds its own files", () => {
    help();
    const moved = path.join(folder, "moved");
    fs.renameSync(copy, moved);
    const { stderr } = spawnSync(
        process.execPath,
        [path.join(moved, "launcher/bundle/run.cjs"), "lab", "-s", "test", "plan"],
        { encoding: "utf8" },
    );
    fs.renameSync(moved, copy);
    expect(stderr).toContain("There is no Pulumi.test.yaml.");
    expect(fs.readFileSync(path.join(copy, ".bundle/lab.cjs"), "utf8")).toContain(
        JSON.stringify(path.join(moved, "lib")),
    );
}, 60_000);

test("a failed build keeps the bundle before, and names the place of the error", () => {
    edit("launcher/commands/status.ts", "export const status", "export const = status");
    const { status, stderr } = spawnSync(
        process.execPath,
        [path.join(copy, "launcher/bundle/run.cjs"), "lab", "help"],
        { encoding: "utf8" },
    );
    edit("launcher/commands/status.ts", "export const = status", "export const status");
    expect(status).not.toBe(0);
    expect(stderr).toContain("launcher/commands/status.ts");
    expect(
        fs.readdirSync(path.join(copy, ".bundle")).filter((name) => name.startsWith("new-")),
        "nothing half made",
    ).toEqual([]);
    expect(help()).toContain("machines");
}, 60_000);

test("the launcher starts without Pulumi's SDK, which takes longer to load than the rest of it", () => {
    help();
    const loaded = `process.on("exit", () => console.log(Object.keys(require.cache).join("\\n")));
process.argv = ["node", "lab.cjs", "help"];
require(${JSON.stringify(path.join(copy, ".bundle/lab.cjs"))});`;
    const { stdout } = spawnSync(process.execPath, ["-e", loaded], { encoding: "utf8" });
    const files = stdout.split("\n").filter((line) => line.startsWith("/"));
    expect(files).toContain(path.join(copy, ".bundle/lab.cjs"));
    expect(files.filter((file) => /@pulumi|grpc|protobuf/.test(file))).toEqual([]);
});
