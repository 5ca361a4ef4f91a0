import {
    chmodSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    realpathSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ensureEngine } from "../../launcher/engine/index";
import { make, recipes, type Recipe } from "../../launcher/engine/build";
import { withLock } from "../../lib/lock";
import { findOfficialCli } from "../../launcher/engine/official";
import { COMMAND_VERSION, TERRAFORM_PROVIDER_VERSION } from "../../launcher/engine/pins";
import { silent } from "../../lib/progress";
import { CACHE } from "../support/project";

let folder: string;
beforeEach(() => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), "engine-test-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** An executable in `folder` that prints a line and notes that it was called. */
function program(name: string, line = ""): string {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\necho "$0 $@" >> ${folder}/calls\necho "${line}"\n`);
    chmodSync(file, 0o755);
    return file;
}

describe("the engine", () => {
    test("is there at once the second time", async () => {
        await ensureEngine({ cache: CACHE, progress: silent });
        const start = performance.now();
        const engine = await ensureEngine({ cache: CACHE, progress: silent });
        expect(performance.now() - start).toBeLessThan(200);
        expect(existsSync(engine.pulumi)).toBe(true);
        expect(engine.env.PULUMI_HOME).toContain(CACHE);
        expect(engine.env.PATH?.split(":")).toContain(path.dirname(engine.pulumi));
    });

    test("is the official one where that is, plugins included, and nothing is built", async () => {
        const pulumi = program("bin/pulumi", "v3.210.1");
        program("bin/pulumi-language-nodejs");
        program(`home/plugins/resource-command-v${COMMAND_VERSION}/pulumi-resource-command`);
        program(
            `home/plugins/resource-terraform-provider-v${TERRAFORM_PROVIDER_VERSION}/pulumi-resource-terraform-provider`,
        );
        mkdirSync(path.join(folder, "engine/.new-killed"), { recursive: true });
        const env = { ...process.env, PATH: `${folder}/bin:/bin`, PULUMI_HOME: `${folder}/home` };
        const engine = await ensureEngine({ cache: folder, progress: silent, env });
        expect(engine.pulumi).toBe(pulumi);
        expect(engine.parts).toEqual([
            { name: "pulumi", version: "3.210.1", origin: "official" },
            { name: "pulumi-language-nodejs", version: "3.210.1", origin: "official" },
            { name: "pulumi-resource-command", version: COMMAND_VERSION, origin: "official" },
            { name: "pulumi-resource-terraform-provider", version: TERRAFORM_PROVIDER_VERSION, origin: "official" },
        ]);
        const plugin = path.join(
            engine.env.PULUMI_HOME ?? "",
            `plugins/resource-command-v${COMMAND_VERSION}/pulumi-resource-command`,
        );
        expect(realpathSync(plugin)).toBe(
            `${folder}/home/plugins/resource-command-v${COMMAND_VERSION}/pulumi-resource-command`,
        );
        expect(existsSync(path.join(folder, "engine/parts"))).toBe(false);
        // What a killed run has left behind is gone.
        expect(existsSync(path.join(folder, "engine/.new-killed"))).toBe(false);
    });
});

describe("an official pulumi", () => {
    const find = () => findOfficialCli({ PATH: `${folder}/bin:/bin` });

    test("that is too old is not used", async () => {
        program("bin/pulumi", "v3.199.0");
        program("bin/pulumi-language-nodejs");
        expect(await find()).toBeUndefined();
    });

    test("without its language host is not used", async () => {
        program("bin/pulumi", "v3.200.0");
        expect(await find()).toBeUndefined();
    });

    test("that is new enough is used", async () => {
        program("bin/pulumi", "v3.200.0");
        program("bin/pulumi-language-nodejs");
        expect(await find()).toEqual({ pulumi: `${folder}/bin/pulumi`, version: "3.200.0" });
    });

    test.each([
        ["3.200.0", true],
        ["3.200.1", true],
        ["4.0.0", true],
        ["3.199.9", false],
        ["2.300.0", false],
    ])("%s is new enough: %s", async (version, enough) => {
        program("bin/pulumi", `v${version}`);
        program("bin/pulumi-language-nodejs");
        expect(await find()).toEqual(enough ? { pulumi: `${folder}/bin/pulumi`, version } : undefined);
    });
});

describe("building", () => {
    test("without Go is a mistake with a remedy", async () => {
        const { PATH } = process.env;
        process.env.PATH = folder;
        try {
            await expect(make(recipes.libvirt, folder, () => undefined)).rejects.toMatchObject({
                name: "UserError",
                remedy: expect.stringContaining("Install Go") as string,
            });
        } finally {
            process.env.PATH = PATH;
        }
    });

    test("with a Go that is too old is a mistake too", async () => {
        const { PATH } = process.env;
        const go = program("old/go");
        writeFileSync(
            go,
            "#!/bin/sh\necho 'go: go.mod requires go >= 1.24.7 (running go 1.19.8; GOTOOLCHAIN=local)' >&2\nexit 1\n",
        );
        process.env.PATH = `${folder}/old:${PATH}`;
        try {
            await expect(make(recipes.libvirt, folder, () => undefined)).rejects.toMatchObject({
                name: "UserError",
                message: expect.stringContaining("1.19.8") as string,
            });
        } finally {
            process.env.PATH = PATH;
        }
    });

    const recipe = (work: Recipe["make"]): Recipe => ({ ...recipes.command, make: work });

    test("that fails leaves nothing, and the next try makes it", async () => {
        const failing = recipe((output) => {
            writeFileSync(output, "half");
            return Promise.reject(new Error("interrupted"));
        });
        await expect(make(failing, folder, () => undefined)).rejects.toThrow("interrupted");
        expect(readdirSync(folder)).toEqual([]);
        const made = await make(
            recipe((output) => Promise.resolve(writeFileSync(output, "whole"))),
            folder,
            () => undefined,
        );
        expect(existsSync(made)).toBe(true);
        expect(await make(failing, folder, () => undefined)).toBe(made);
    });

    test("happens once at a time", async () => {
        const order: string[] = [];
        let release = () => {};
        const held = new Promise<void>((resolve) => {
            release = resolve;
        });
        const first = withLock(path.join(folder, "lock"), async () => {
            order.push("first in");
            await held;
            order.push("first out");
        });
        await expect.poll(() => order).toEqual(["first in"]);
        const second = withLock(
            path.join(folder, "lock"),
            () => Promise.resolve(order.push("second in")),
            () => {
                order.push("second waits");
                release();
            },
        );
        await Promise.all([first, second]);
        expect(order).toEqual(["first in", "second waits", "first out", "second in"]);
    });
});
