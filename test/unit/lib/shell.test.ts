import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quote, words } from "../../../lib/shell";

describe("quote", () => {
    const shell = (script: string) => spawnSync("sh", ["-c", script], { encoding: "utf8", maxBuffer: 2 ** 24 });
    const nasty = fc.constantFrom(
        "'",
        '"',
        "\\",
        "$",
        "`",
        "\n",
        " ",
        "!",
        "*",
        "~",
        "-",
        "=",
        ";",
        "#",
        "\\'",
        "''",
        "$(",
        "é",
        "😀",
    );
    const text = fc
        .array(
            fc.oneof(
                nasty,
                fc.string({ unit: "binary" }).map((some) => some.replaceAll("\0", "")),
            ),
        )
        .map((parts) => parts.join(""));

    test("makes one word of any text, which the shell reads back unchanged", () => {
        fc.assert(
            fc.property(fc.array(text, { maxLength: 30 }), (texts) => {
                const { stdout, stderr, status } = shell(
                    `for word in ${words(texts)}; do printf '%s\\0' "$word"; done`,
                );
                expect({ stdout, stderr, status }).toEqual({
                    stdout: texts.map((word) => `${word}\0`).join(""),
                    stderr: "",
                    status: 0,
                });
            }),
            { numRuns: 60 },
        );
    });

    test("can be nested three levels deep", () => {
        fc.assert(
            fc.property(text, (word) => {
                const inner = `printf %s ${quote(word)}`;
                expect(shell(`sh -c ${quote(`sh -c ${quote(inner)}`)}`).stdout).toBe(word);
            }),
            { numRuns: 30 },
        );
    });

    test("leaves words that need no quotes unchanged, and quotes the empty word", () => {
        expect(words(["apache2", "/etc/my.cnf.d/lab.cnf", "a=b,c:d@e+f%g"])).toBe(
            "apache2 /etc/my.cnf.d/lab.cnf a=b,c:d@e+f%g",
        );
        expect(quote("")).toBe("''");
        expect(quote("it's")).toBe(`'it'\\''s'`);
    });

    test("refuses NUL, which no shell word can hold", () => {
        expect(() => quote("a\0b")).toThrow("NUL");
    });
});
