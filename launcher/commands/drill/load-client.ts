import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { bundled, checkout } from "../../../lib/environment";
import type { LivingLab } from "../../stack/running-lab";
import { defaultLoad, type LoadPlan, type LoadReport } from "./load";

/** A load client at work. */
export interface RunningLoad {
    /** Ends it and gives its report; fails where the client failed. */
    end(): Promise<LoadReport>;
}

/** Starts a load client inside the lab's network; returns once all of its sessions have been answered. */
export async function startLoad(lab: LivingLab, changes: Partial<LoadPlan> = {}): Promise<RunningLoad> {
    const plan: LoadPlan = { url: lab.access.url, ...defaultLoad, ...changes };
    const [program = "", ...words] = lab.enter(bundled("drill-client"));
    const child = spawn(program, words, { cwd: checkout, detached: true, stdio: "pipe" }); // a Ctrl-C ends the drill, and the drill ends it
    let complaints = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
        complaints += text;
    });
    child.stdin.on("error", () => undefined);
    const lines = createInterface(child.stdout);
    const exited = new Promise<never>((_, reject) => {
        child.once("error", reject);
        child.once("close", (code) => reject(new Error(`The load client ended with ${code}: ${complaints.trim()}`)));
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
