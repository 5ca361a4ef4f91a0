import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/**
 * Lines of `plan` that are not in `base` (`+`), and the reverse (`-`). A heading names the machine and the step of each
 * difference. There are no line numbers: a line that both plans get changes nothing. Empty for equal plans.
 */
export function planDifferences(base: string, plan: string): string {
    const titles = titlesOf(base);
    return unifiedDiff(base, plan)
        .map((line) => {
            const hunk = /^@@ -(\d+)/.exec(line);
            return hunk ? `@@ ${titles[Number(hunk[1])]}` : line;
        })
        .map((line) => `${line}\n`)
        .join("");
}

/** "MACHINE STEP" for each line, by line number; number 0 is for what comes before the first line. */
function titlesOf(plan: string): string[] {
    let [machine, step] = ["lab", ""];
    const titles = plan.split("\n").map((line) => {
        if (/^[\w-]+ {2}\d/.test(line)) [machine, step] = [line.split(" ")[0] ?? "", ""];
        else if (/^ {2}\S/.test(line)) step = ` ${line.trim().split(/[: ]/)[0]}`;
        return `${machine}${step}`;
    });
    return ["lab", ...titles];
}

/** git's unified diff without context and without the file names; the user's git configuration has no influence. */
function unifiedDiff(before: string, after: string): string[] {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "differences-"));
    try {
        fs.writeFileSync(path.join(folder, "before"), before);
        fs.writeFileSync(path.join(folder, "after"), after);
        const options = ["--no-index", "--unified=0", "--diff-algorithm=myers", "--no-indent-heuristic"];
        const { stdout, stderr, status } = spawnSync(
            "git",
            ["diff", ...options, "--no-ext-diff", "--no-textconv", "--no-color", "before", "after"],
            {
                cwd: folder,
                encoding: "utf8",
                maxBuffer: 2 ** 26,
                env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
            },
        );
        // 1: the files differ.
        if (status !== 0 && status !== 1) throw new Error(`git diff: ${stderr}`);
        const lines = stdout.split("\n").slice(0, -1);
        const first = lines.findIndex((line) => line.startsWith("@@"));
        return first < 0 ? [] : lines.slice(first);
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}
