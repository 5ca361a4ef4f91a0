import { expect, test } from "vitest";
import { elideRepeats } from "../../support/elide-repeats";

const part = (name: string, lines = 10) => Array.from({ length: lines }, (_, index) => `${name} ${index}`);
const elided = (...lines: string[]) => elideRepeats(lines.join("\n")).split("\n");

test("what stands above already becomes one line, to its last equal line", () => {
    expect(elided("first", ...part("a"), "second", ...part("a"), "third")).toEqual([
        "first",
        ...part("a"),
        "second",
        "... 10 lines as above, from: a 0",
        "third",
    ]);
});

test("short repeats and differences stay", () => {
    const text = [...part("a", 7), "second", ...part("a", 7)];
    expect(elided(...text)).toEqual(text);
    const [changed] = [part("a").map((line) => (line === "a 5" ? "another" : line))];
    expect(elided(...part("a"), ...changed)).toEqual([...part("a"), ...changed]);
});

test("a run refers to lines above, not to itself", () => {
    const same = (count: number) => Array.from({ length: count }, () => "same");
    expect(elided(...same(20))).toEqual([...same(8), "... 8 lines as above, from: same", ...same(4)]);
});
