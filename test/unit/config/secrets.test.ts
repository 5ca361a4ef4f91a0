import { describe, expect, test } from "vitest";
import { utils } from "ssh2";
import { readConfiguration as describeStack, readDescription } from "../../../roles/configuration";
import { secretKeys } from "../../../config/schema";
import { articleLab, secrets } from "../../support/article";
import { machine, mistakesOf } from "../../support/mistakes";

describe("secrets", () => {
    test("that are missing: the remedy is ./lab init", () => {
        const { said } = mistakesOf((stack) => {
            for (const key of secretKeys) delete stack[key];
        });
        expect(said).toEqual(
            secretKeys.map((key) => [key, "is not there", "run ./lab init test, which makes what is missing"]),
        );
    });

    const passphrase = utils.generateKeyPairSync("ed25519", {
        passphrase: "12345",
        cipher: "aes256-ctr",
        rounds: 1,
    }).private;
    const cases: [key: string, value: unknown, problem: string][] = [
        ["databasePassword", "hunter2", "its value is too short: 8 characters at least"],
        [
            "databasePassword",
            "hunter2'--hunter2",
            "its value may hold letters, digits and _ . , : ; + * / = @ ! ? ( ) [ ] { } ^ ~ - only",
        ],
        ["databasePassword", "hunter2".repeat(10), "its value is too long: 64 characters at most"],
        ["vrrpPassword", "hunter222", "its value is too long: VRRP cuts it after 8 characters"],
        // keepalived.conf(5): `!` begins a comment.
        ["vrrpPassword", "hunter!2", "its value may hold letters, digits and _ . , : ; + * / = ? ^ ~ - only"],
        ["vrrpPassword", "", "its value may hold letters, digits and _ . , : ; + * / = ? ^ ~ - only"],
        ["loginKey", "hunter2", "its value is no private key in PEM or OpenSSH format, or one with a passphrase"],
        [
            "loginKey",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----\n",
            "its value is no private key in PEM or OpenSSH format, or one with a passphrase",
        ],
        ["loginKey", passphrase, "its value is no private key in PEM or OpenSSH format, or one with a passphrase"],
        ["hostKeySeed", "hunter2", "its value must be 32 bytes in hexadecimal"],
        ["hostKeySeed", 22222, "its value is not text"],
    ];
    test.each(cases)("a wrong %s is reported without its value (%#)", (key, value, problem) => {
        const { said, error } = mistakesOf((stack) => {
            stack[key] = value;
        });
        expect(said).toEqual([[key, problem, "correct the value"]]);
        if (value !== "") expect(`${error?.stack} ${JSON.stringify(error)}`).not.toContain(String(value));
        expect(`${error?.stack} ${JSON.stringify(error)}`).not.toMatch(/hunter|22222/);
    });

    test("are in no error about another setting", () => {
        const { error } = mistakesOf((stack) => {
            stack.virtualAddress = "nowhere";
            stack.databasepassword = secrets.databasePassword;
            machine(stack, "nod4").priority = 180;
        });
        expect(error?.mistakes.length).toBeGreaterThan(1);
        for (const secret of Object.values(secrets))
            expect(`${error?.message} ${error?.remedy} ${JSON.stringify(error)}`).not.toContain(secret);
    });

    test("are no part of the description, which can be read without them", () => {
        const { description, secrets: found } = describeStack(articleLab(), "test");
        expect(found).toEqual({ ...secrets, applicationSecrets: { environment: {}, properties: {}, users: {} } });
        expect(Object.keys(description)).toEqual(expect.not.arrayContaining([...secretKeys]));
        const open = Object.fromEntries(Object.entries(articleLab()).filter(([key]) => !(key in secrets)));
        expect(readDescription(open, "test")).toEqual(description);
    });
});
