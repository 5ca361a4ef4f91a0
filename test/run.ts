/**
 * Checks and tests: `tsx test/run.ts [unit|engine|lab]...`, by default all kinds. The checks run in any case.
 * A failure does not stop the rest. The last line is the sum, and the exit code is 1 if anything failed.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { text } from "node:stream/consumers";
import { repository } from "./support/repository";
import {
    countOf,
    countOfCheck,
    failures,
    lastLine,
    slowestFiles,
    sum,
    type Count,
    type TestReport,
} from "./support/test-report";

const kinds = ["unit", "engine", "lab"];

const checks: [program: string, ...args: string[]][] = [
    ["prettier", "--check", "."],
    ["tsc", "--noEmit"],
    ["eslint", "."],
    ["depcruise", "--config", ".dependency-cruiser.cjs", "."],
];

const say = (line: string) => void process.stdout.write(`${line}\n`);
const sayHeading = (program: string, args: string[]) => say(`\n--- ${program} ${args.join(" ")}`);

/** One of npm's programs, in the repository. */
function start(program: string, args: string[], stdio: "inherit" | "pipe") {
    const child = spawn(repository("node_modules", ".bin", program), args, {
        cwd: repository(),
        stdio: ["ignore", stdio, stdio],
    });
    const succeeded = new Promise<boolean>((resolve) => {
        child.once("error", () => resolve(false)).once("close", (code) => resolve(code === 0));
    });
    return { child, succeeded };
}

/** All checks side by side, as each uses one processor only. Their output comes in order. */
async function runChecks(): Promise<Count[]> {
    const running = checks.map(([program, ...args]) => {
        const { child, succeeded } = start(program, args, "pipe");
        const output = [child.stdout, child.stderr].map((stream) => (stream ? text(stream) : Promise.resolve("")));
        return { program, args, output: Promise.all(output), succeeded };
    });
    const counts: Count[] = [];
    for (const { program, args, output, succeeded } of running) {
        const lines = (await output).join("").trimEnd();
        sayHeading(program, args);
        if (lines !== "") say(lines);
        counts.push(countOfCheck(await succeeded));
    }
    return counts;
}

async function runTests(kind: string, folder: string): Promise<{ count: Count; report: TestReport | undefined }> {
    const file = path.join(folder, `${kind}.json`);
    const args = ["run", "--project", kind, "--reporter=verbose", "--reporter=json", `--outputFile.json=${file}`];
    sayHeading("vitest", args);
    const ok = await start("vitest", args, "inherit").succeeded;
    const report = fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as TestReport) : undefined;
    return { count: countOf(report, ok), report };
}

async function main(chosen: string[]): Promise<number> {
    const unknown = chosen.filter((kind) => !kinds.includes(kind));
    if (unknown.length > 0) {
        say(`There are no tests of the kind ${unknown.join(", ")}. Choose from ${kinds.join(", ")}.`);
        return 2;
    }
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lab-test-"));
    try {
        const counts = await runChecks();
        const reports: TestReport[] = [];
        for (const kind of chosen.length > 0 ? chosen : kinds) {
            const { count, report } = await runTests(kind, folder);
            counts.push(count);
            if (report) reports.push(report);
        }
        const total = sum(counts);
        say(`\n${failures(reports, repository())}${slowestFiles(reports, repository())}\n${lastLine(total)}`);
        return total.failed > 0 ? 1 : 0;
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
}

void main(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
});
