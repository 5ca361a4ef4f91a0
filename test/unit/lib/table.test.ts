import { expect, test } from "vitest";
import { alignColumns, markdownTable } from "../../../lib/table";

test("columns are as wide as their widest cell, and no line ends with spaces", () => {
    expect(
        alignColumns([
            ["name", "state", "note"],
            ["a", "very long", ""],
            ["longer", "x"],
        ]),
    ).toBe("name    state      note\na       very long\nlonger  x\n");
    expect(alignColumns([])).toBe("");
});

test("a Markdown table has a line below its head", () => {
    expect(markdownTable(["a", "b"], [["1", "2"]])).toBe("| a | b |\n| --- | --- |\n| 1 | 2 |\n");
});
