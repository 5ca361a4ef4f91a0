import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { secretKeys, secretSchema } from "../../../../config/schema";
import { makeMissingSecrets } from "../../../../launcher/stack/secrets";
import type { Session } from "../../../../launcher/stack/session";
import { StackFile } from "../../../../launcher/stack/stack-file";
import { emptyCheckout } from "../../../support/empty-checkout";

// The launcher's checkout is an empty folder here.
const checkout = vi.hoisted(() => `${process.env.TMPDIR ?? "/tmp"}/checkout-${process.pid}`);
vi.mock(import("../../../../lib/environment"), async (original) => ({ ...(await original()), checkout }));
const stackFile = emptyCheckout(checkout);

describe("init", () => {
    /** A session whose pulumi records its calls. */
    function sessionOf(file: StackFile, stacks: string[] = []) {
        const asked: { words: string[]; input?: string }[] = [];
        const ask = (words: string[], input?: string) => {
            asked.push({ words, input });
            return Promise.resolve(words[1] === "ls" ? JSON.stringify(stacks.map((name) => ({ name }))) : "");
        };
        return { session: { file, ask } as unknown as Session, asked };
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
                expect(set.map(({ words }) => words)).toEqual(
                    secretKeys.map((key) => ["config", "set", "--secret", "--stack", name, `lab:${key}`]),
                );
                return Object.fromEntries(
                    set.map(({ words, input }): [string, unknown] => [words.at(-1)?.slice("lab:".length) ?? "", input]),
                );
            }),
        );
        for (const values of made) expect(secretSchema.safeParse(values).error).toBeUndefined();
        for (const key of secretKeys) expect(made[0]?.[key], key).not.toBe(made[1]?.[key]);
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
        expect(fs.readFileSync(file.path, "utf8")).toBe("config:\n  lab:isolated: true\n");
        const before = fs.readFileSync(passphrase, "utf8");
        await makeMissingSecrets(sessionOf(file).session);
        expect(fs.readFileSync(passphrase, "utf8")).toBe(before);
    });
});
