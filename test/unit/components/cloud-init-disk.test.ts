/** A disk that holds a key is there while something is made of it. Whether it is a disk, test/lab/machine-changes.test.ts asks. */
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
// The word after -output is the third, the files begin with the eighth.
fs.writeFileSync(path.join(folder, "mkisofs"), `#!/bin/sh\nout=$3; shift 7; cat "$@" >"$out"\n`, { mode: 0o755 });

/** A program of its own that makes the disk and then does as `rest` says; gives what it prints, and whether it left something. */
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

test("nobody else may read it, and it goes when the resource is there", () => {
    expect(program("await before(); console.log(seen()); await after(); console.log(seen());")).toEqual({
        said: "umn 600\nnothing\n",
        left: [],
    });
});

test("or when the program ends over one that could not be made", () => {
    expect(program("await before(); console.log(seen());")).toEqual({ said: "umn 600\n", left: [] });
});

test("or with the next run, after one that was killed", () => {
    expect(program("await before(); process.kill(process.pid, 'SIGKILL');").left).toEqual(["stage/nod0.iso"]);
    expect(program("console.log(seen());")).toEqual({ said: "nothing\n", left: [] });
});

test("mkisofs's own words are the resource's error", () => {
    fs.writeFileSync(path.join(folder, "mkisofs"), "#!/bin/sh\necho no space >&2\nexit 1\n");
    expect(program("await before().catch((error) => console.log(error.message));")).toEqual({
        said: "mkisofs: exit code 1\nno space\n",
        left: [],
    });
});
