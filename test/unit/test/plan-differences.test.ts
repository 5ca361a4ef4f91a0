import { expect, test } from "vitest";
import { planDifferences } from "../../support/plan-differences";

const plan = (lines: string[]) => `${lines.join("\n")}\n`;

const base = [
    "2 machines (vm) with debian-13",
    "",
    "web  192.168.0.200  52:54:00:a8:00:c8  app",
    "  packages: curl nftables",
    "      | set -eu",
    "  java",
    "    /etc/profile.d/java.sh  0123456789ab",
    "web-2  192.168.0.201  52:54:00:a8:00:c9  app",
    "  packages: curl nftables",
];

/** `base` with other lines in place of some, by their index. */
const changed = (changes: Record<number, string[]>) => plan(base.flatMap((line, index) => changes[index] ?? [line]));

test("equal plans have no differences", () => {
    expect(planDifferences(plan(base), plan(base))).toBe("");
});

test("each difference says the machine and the step that it is in", () => {
    const other = changed({
        0: ["2 machines (vm) with centos-7"],
        4: ["      | set -eu", "      | yum makecache"],
        6: [],
        8: ["  packages: curl tar"],
    });
    expect(planDifferences(plan(base), other)).toBe(
        plan([
            "@@ lab",
            "-2 machines (vm) with debian-13",
            "+2 machines (vm) with centos-7",
            "@@ web packages",
            "+      | yum makecache",
            "@@ web java",
            "-    /etc/profile.d/java.sh  0123456789ab",
            "@@ web-2 packages",
            "-  packages: curl nftables",
            "+  packages: curl tar",
        ]),
    );
});

test("a line that both plans get changes nothing", () => {
    const before = planDifferences(plan(base), changed({ 6: [] }));
    expect(planDifferences(plan(["note", ...base]), `note\n${changed({ 6: [] })}`)).toBe(before);
});

test("lines before the first and after the last one are differences too", () => {
    expect(planDifferences(plan(base), plan(["first", ...base, "last"]))).toBe(
        plan(["@@ lab", "+first", "@@ web-2 packages", "+last"]),
    );
});
