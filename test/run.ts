/**
 * `./lab test [unit|engine|lab]`: type check, lint and the tests of the kinds that are named (all of them by default). Everything runs,
 * also after a failure; the last line is the sum, and the exit code is 1 where anything failed.
 */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

interface Count {
    passed: number;
    failed: number;
    skipped: number;
}

const kinds = ["unit", "engine", "lab"];
const checkout = path.join(__dirname, "..");
const bin = (name: string) => path.join(checkout, "node_modules", ".bin", name);
const say = (text: string) => void process.stdout.write(`${text}\n`);

function run(program: string, words: string[]): boolean {
    say(`\n--- ${path.basename(program)} ${words.join(" ")}`);
    return spawnSync(program, words, { cwd: checkout, stdio: "inherit" }).status === 0;
}

const check = (ok: boolean): Count => ({ passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 });

/** What vitest's JSON report counts. A file that does not even load has no test in it: it counts as one failure. */
function runTests(kind: string, folder: string): Count {
    const report = path.join(folder, `${kind}.json`);
    const ok = run(bin("vitest"), [
        "run",
        "--project",
        kind,
        "--reporter=verbose",
        "--reporter=json",
        `--outputFile.json=${report}`,
    ]);
    if (!fs.existsSync(report)) return check(false);
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
        fs.readFileSync(report, "utf8"),
    ) as Record<string, number>;
    const failed = numFailedTests ?? 0;
    return {
        passed: numPassedTests ?? 0,
        failed: !ok && failed === 0 ? 1 : failed,
        skipped: (numPendingTests ?? 0) + (numTodoTests ?? 0),
    };
}

function main(words: string[]): number {
    const unknown = words.filter((word) => !kinds.includes(word));
    if (unknown.length > 0) {
        say(`There are no tests of the kind ${unknown.join(", ")}; kinds: ${kinds.join(", ")}.`);
        return 2;
    }
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lab-test-"));
    try {
        const counts = [
            check(run(bin("tsc"), ["--noEmit"])),
            check(run(bin("eslint"), ["."])),
            ...(words.length > 0 ? words : kinds).map((kind) => runTests(kind, folder)),
        ];
        const sum = (key: keyof Count) => counts.reduce((total, count) => total + count[key], 0);
        say(
            `\n${sum("passed")} passed, ${sum("failed")} failed${sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : ""}`,
        );
        return sum("failed") > 0 ? 1 : 0;
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
}

process.exitCode = main(process.argv.slice(2));
