import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { bundled, checkout } from "../../../lib/environment";
import type { RunningLab } from "../../stack/running-lab";
import { defaultLoad, type LoadPlan, type LoadReport } from "./load";

/** A load client that runs. */
export interface RunningLoad {
    /** Ends the load and returns its report. An Error if the client failed. */
    end(): Promise<LoadReport>;
}

/** Starts a load client inside the lab's network. Returns when each of its clients has had an answer. */
export async function startLoad(lab: RunningLab, changes: Partial<LoadPlan> = {}): Promise<RunningLoad> {
    const plan: LoadPlan = { url: lab.access.url, ...defaultLoad, ...changes };
    const [program = "", ...words] = lab.enter(bundled("drill-client"));
    // Detached, so that Ctrl-C does not reach it: the drill ends it.
    const child = spawn(program, words, { cwd: checkout, detached: true, stdio: "pipe" });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
        errors += text;
    });
    child.stdin.on("error", () => undefined);
    const lines = createInterface(child.stdout);
    const exited = new Promise<never>((_, reject) => {
        child.once("error", reject);
        child.once("close", (code) =>
            reject(new Error(`The load client ended with exit code ${code}: ${errors.trim()}`)),
        );
    });
    exited.catch(() => undefined);
    const line = () => Promise.race([new Promise<string>((resolve) => lines.once("line", resolve)), exited]);
    const ready = line();
    child.stdin.write(`${JSON.stringify(plan)}\n`);
    const late = setTimeout(() => child.kill(), 60_000);
    await ready.finally(() => clearTimeout(late));
    const report = line();
    report.catch(() => undefined);
    return {
        end: async () => {
            child.stdin.end();
            return JSON.parse(await report) as LoadReport;
        },
    };
}
