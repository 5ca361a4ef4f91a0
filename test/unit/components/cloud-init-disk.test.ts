/**
 * A cloud-init disk holds a key, so it exists only while its volume is made. test/lab/machine-changes.test.ts checks
 * its content.
 */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, expect, test } from "vitest";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "cloud-init-disk-"));
afterAll(() => {
    fs.rmSync(folder, { recursive: true });
});

const file = path.join(folder, "stage", "nod0.iso");
// A fake mkisofs: its third argument is the output file, and the input files begin with the eighth.
fs.writeFileSync(path.join(folder, "mkisofs"), `#!/bin/sh\nout=$3; shift 7; cat "$@" >"$out"\n`, { mode: 0o755 });

/** Runs a program that prepares the disk and then does `rest`. Returns its output and the files that it left. */
function program(rest: string): { said: string; left: string[] } {
    const script = path.join(folder, "program.ts");
    fs.writeFileSync(
        script,
        `
        import * as fs from "node:fs";
        import { cloudInitDiskHooks } from "${path.resolve("components/cloud-init-disk")}";
        const { beforeCreate: [before], afterCreate: [after] } = cloudInitDiskHooks("${file}", { "user-data": "u", "meta-data": "m", "network-config": "n" }) as any;
        const seen = () => fs.existsSync("${file}") ? fs.readFileSync("${file}", "utf8") + " " + (fs.statSync("${file}").mode & 0o777).toString(8) : "nothing";
        (async () => { ${rest} })();
    `,
    );
    const { stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", script], {
        encoding: "utf8",
        env: { ...process.env, PATH: `${folder}:${process.env.PATH ?? ""}`, TMPDIR: folder },
    });
    return {
        said: stdout + stderr,
        left: fs
            .readdirSync(folder, { recursive: true, encoding: "utf8" })
            .filter((name) => /iso$|cloud-init-/.test(name)),
    };
}

test("only root may read the disk, and it is removed after the resource was made", () => {
    expect(program("await before(); console.log(seen()); await after(); console.log(seen());")).toEqual({
        said: "umn 600\nnothing\n",
        left: [],
    });
});

test("the disk is removed when the program ends because the resource failed", () => {
    expect(program("await before(); console.log(seen());")).toEqual({ said: "umn 600\n", left: [] });
});

test("the next run removes the disk of a run that was killed", () => {
    expect(program("await before(); process.kill(process.pid, 'SIGKILL');").left).toEqual(["stage/nod0.iso"]);
    expect(program("console.log(seen());")).toEqual({ said: "nothing\n", left: [] });
});

test("an error of mkisofs is the resource's error", () => {
    fs.writeFileSync(path.join(folder, "mkisofs"), "#!/bin/sh\necho no space >&2\nexit 1\n");
    expect(program("await before().catch((error) => console.log(error.message));")).toEqual({
        said: "mkisofs: exit code 1\nno space\n",
        left: [],
    });
});
