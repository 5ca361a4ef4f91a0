import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { secretKeys, type SecretKey } from "../../../../config/schema";
import { UserError } from "../../../../lib/errors";
import { StackFile } from "../../../../launcher/stack/stack-file";
import { repository } from "../../../support/repository";
import { emptyCheckout } from "../../../support/empty-checkout";

// The launcher's checkout is an empty folder here.
const checkout = vi.hoisted(() => `${process.env.TMPDIR ?? "/tmp"}/checkout-${process.pid}`);
vi.mock(import("../../../../lib/environment"), async (original) => ({ ...(await original()), checkout }));
const stackFile = emptyCheckout(checkout);
const shipped = (name: string) => fs.readFileSync(repository(`Pulumi.${name}.yaml`), "utf8");

describe("a stack file", () => {
    test("must exist, under a valid name", () => {
        stackFile("config: {}\n", "mine");
        expect(() => new StackFile("other")).toThrow("There is no Pulumi.other.yaml.");
        try {
            new StackFile("other");
        } catch (error) {
            expect((error as UserError).remedy).toContain("Existing stacks: mine.");
        }
        expect(() => new StackFile("../etc/passwd")).toThrow("is no name for a stack");
    });

    test("that is no YAML is a user's mistake", () => {
        expect(() => stackFile("config: [\n").isIsolated).toThrow(UserError);
    });

    test("has the launcher's settings, in YAML's own types or as text", () => {
        for (const [isolated, port] of [
            ["true", "3142"],
            [`"true"`, `"3142"`],
        ]) {
            const file = stackFile(
                `config:\n  lab:isolated: ${isolated}\n  lab:packageProxy: ${port}\n  lab:machineKind: container\n  lab:vrrpPassword:\n    secure: abc\n`,
            );
            expect([file.isIsolated, file.packageProxy, file.machineKind]).toEqual([true, 3142, "container"]);
            expect(file.settings).toEqual({ isolated: true, packageProxy: 3142, machineKind: "container" });
            expect(file.missingSecrets).toEqual(["databasePassword", "loginKey", "hostKeySeed"]);
        }
    });

    test.each(["", "config:\n", "config: {}\n", "# nothing\n"])("may be empty: %j", (content) => {
        const file = stackFile(content);
        expect([file.isIsolated, file.packageProxy, file.machineKind, file.isEncrypted, file.settings]).toEqual([
            false,
            undefined,
            "vm",
            false,
            {},
        ]);
        expect(file.missingSecrets).toEqual([...secretKeys]);
        file.removeSecrets();
    });

    test("tells whether its machines need the built image", () => {
        const image = "  lab:image: { source: /images/debian.qcow2 }\n";
        expect(stackFile("config:\n  lab:isolated: true\n").wantsBuiltImage).toBe(true);
        expect(stackFile(`config:\n  lab:isolated: true\n${image}`).wantsBuiltImage).toBe(false);
        expect(stackFile(`config:\n  lab:isolated: true\n  lab:machineKind: container\n${image}`).wantsBuiltImage).toBe(
            true,
        );
        expect(stackFile("config:\n  lab:platform: centos-7\n").wantsBuiltImage).toBe(false);
    });

    /** Writes the file as pulumi does: sorted, with values as text, without comments. */
    const asPulumiWrites = (file: StackFile, keys: readonly SecretKey[]) => {
        const lines = keys.map((key) => `  lab:${key}:\n    secure: v1:${key}`);
        fs.writeFileSync(
            file.path,
            `encryptionsalt: v1:salt\nconfig:\n  lab:isolated: "true"\n  lab:machines:\n    nod0:\n      address: 192.168.0.200\n${lines.join("\n")}\n`,
        );
    };

    test.each(["local", "dev", "emulated"])(
        "Pulumi.%s.yaml takes secrets over and nothing else, and is byte for byte what it was without them",
        async (name) => {
            const clean = stackFile(shipped(name));
            // The file in this checkout may hold a lab's secrets.
            clean.removeSecrets();
            const before = fs.readFileSync(clean.path, "utf8");
            await clean.takeSecrets(() => Promise.resolve(asPulumiWrites(clean, secretKeys)));
            const between = fs.readFileSync(clean.path, "utf8");
            expect(between.startsWith(before)).toBe(true);
            expect([clean.missingSecrets, clean.isEncrypted]).toEqual([[], true]);
            clean.removeSecrets();
            expect(fs.readFileSync(clean.path, "utf8")).toBe(before);
        },
    );

    test("as committed stays the same when secrets are removed that it does not have", () => {
        const git = spawnSync("git", ["show", "HEAD:Pulumi.local.yaml"], { cwd: repository(), encoding: "utf8" });
        const content = git.status === 0 ? git.stdout : shipped("local");
        const file = stackFile(content);
        file.removeSecrets();
        expect(fs.readFileSync(file.path, "utf8")).toBe(content);
    });

    test("keeps its secrets and comments, and the secrets that were made before a failure", async () => {
        const content = "# mine\nconfig:\n  lab:isolated: true # really\n  lab:vrrpPassword:\n    secure: v1:old\n";
        const file = stackFile(content);
        await expect(
            file.takeSecrets(() => {
                asPulumiWrites(file, ["vrrpPassword", "hostKeySeed"]);
                return Promise.reject(new Error("stopped"));
            }),
        ).rejects.toThrow("stopped");
        expect(fs.readFileSync(file.path, "utf8")).toBe(
            `${content}  lab:hostKeySeed:\n    secure: v1:hostKeySeed\nencryptionsalt: v1:salt\n`,
        );
    });
});
