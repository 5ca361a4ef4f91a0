import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { parseDocument } from "yaml";
import { secretKeys, secretSchema } from "../../../../config/schema";
import { makeMissingSecrets } from "../../../../launcher/stack/secrets";
import { StackFile } from "../../../../launcher/stack/stack-file";
import { emptyCheckout } from "../../../support/empty-checkout";

// The launcher's checkout is an empty folder here.
const checkout = vi.hoisted(() => `${process.env.TMPDIR ?? "/tmp"}/checkout-${process.pid}`);
vi.mock(import("../../../../lib/environment"), async (original) => ({ ...(await original()), checkout }));
const stackFile = emptyCheckout(checkout);

describe("init", () => {
    /** A session whose pulumi records its calls. It keeps secrets as they are, and cannot set `refused`. */
    function sessionOf(file: StackFile, stacks: string[] = [], refused?: string) {
        const asked: { words: string[]; input?: string }[] = [];
        const ask = (words: string[], input?: string) => {
            asked.push({ words, input });
            if (words[1] === "ls") return Promise.resolve(JSON.stringify(stacks.map((name) => ({ name }))));
            const key = words.at(-1) ?? "";
            if (words[0] === "config") {
                if (key === `lab:${refused}`) return Promise.reject(new Error(`no ${refused}`));
                const place = words.includes("--config-file") ? (words.at(-2) ?? "") : file.path;
                const document = parseDocument(fs.readFileSync(place, "utf8"));
                document.setIn(["config", key], { secure: input });
                if (!document.has("encryptionsalt")) document.set("encryptionsalt", "v1:salt");
                fs.writeFileSync(place, String(document));
            }
            return Promise.resolve("");
        };
        return { session: { file, ask }, asked };
    }

    test("makes valid, different secrets for each stack, and passes them to pulumi through standard input", async () => {
        const made = await Promise.all(
            ["one", "two"].map(async (name) => {
                const { session, asked } = sessionOf(stackFile("config: {}\n", name));
                await makeMissingSecrets(session);
                expect(asked.slice(0, 2).map(({ words }) => words)).toEqual([
                    ["stack", "ls", "--json"],
                    ["stack", "init", name],
                ]);
                const set = asked.slice(2);
                expect(set.map(({ words: [first, ...words] }) => [first, ...words.slice(0, 4), words.at(-1)])).toEqual(
                    secretKeys.map((key) => ["config", "set", "--secret", "--stack", name, `lab:${key}`]),
                );
                // The first one brings the salt, which all share.
                expect(set.map(({ words }) => words.includes("--config-file"))).toEqual(
                    secretKeys.map((_, index) => index > 0),
                );
                expect(set.filter(({ words, input }) => words.includes(input ?? ""))).toEqual([]);
                const { config } = parseDocument(
                    fs.readFileSync(path.join(checkout, `Pulumi.${name}.yaml`), "utf8"),
                ).toJS() as { config: Record<string, { secure: string }> };
                return Object.fromEntries(secretKeys.map((key) => [key, config[`lab:${key}`]?.secure]));
            }),
        );
        for (const values of made) expect(secretSchema.safeParse(values).error).toBeUndefined();
        for (const key of secretKeys) expect(made[0]?.[key], key).not.toBe(made[1]?.[key]);
    });

    test("keeps the secrets that were made, if one could not be made", async () => {
        const file = stackFile("encryptionsalt: v1:salt\nconfig: {}\n");
        await expect(makeMissingSecrets(sessionOf(file, [], "loginKey").session)).rejects.toThrow("no loginKey");
        expect(file.missingSecrets).toEqual(["loginKey"]);
    });

    test("keeps an existing stack and its secrets", async () => {
        const { session, asked } = sessionOf(
            stackFile(
                "config:\n  lab:vrrpPassword: { secure: abc }\n  lab:loginKey: { secure: abc }\n  lab:hostKeySeed: { secure: abc }\n",
            ),
            ["test"],
        );
        await makeMissingSecrets(session);
        expect(asked.map(({ words }) => words.at(-1))).toEqual(["--json", "lab:databasePassword"]);
        const complete = sessionOf(
            stackFile(`config:\n${secretKeys.map((key) => `  lab:${key}: { secure: abc }\n`).join("")}`),
        );
        await makeMissingSecrets(complete.session);
        expect(complete.asked).toEqual([]);
    });

    test("gives an isolated lab its own passphrase, which only its owner can read, and replaces the secrets of a removed lab", async () => {
        const file = stackFile(
            "encryptionsalt: v1:old\nconfig:\n  lab:isolated: true\n  lab:vrrpPassword:\n    secure: v1:old\n",
        );
        await makeMissingSecrets(sessionOf(file).session);
        const passphrase = path.join(process.env.LAB_HOME ?? "", "test", "passphrase");
        expect(fs.readFileSync(passphrase, "utf8")).toMatch(/^[A-Za-z0-9]{32}$/);
        expect(fs.statSync(passphrase).mode & 0o777).toBe(0o600);
        expect(file.missingSecrets).toEqual([]);
        expect(fs.readFileSync(file.path, "utf8")).not.toContain("v1:old");
        const before = fs.readFileSync(passphrase, "utf8");
        await makeMissingSecrets(sessionOf(file).session);
        expect(fs.readFileSync(passphrase, "utf8")).toBe(before);
    });
});
