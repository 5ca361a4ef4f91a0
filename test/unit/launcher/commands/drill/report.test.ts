import { expect, test } from "vitest";
import type { Failure } from "../../../../../launcher/commands/drill/load";
import { asMarkdown, asTable } from "../../../../../launcher/commands/drill/report";
import type { DrillResult } from "../../../../../launcher/commands/drill/run-drill";

const failure = (second: number, what: string, isLoss: boolean): Failure => ({
    at: Date.UTC(2026, 0, 1, 12, 0, second),
    kind: "read",
    client: 3,
    what,
    isLoss,
});

function result(failures: Failure[], problems: string[]): DrillResult {
    const none = { sent: 0, failed: 0, unknown: 0, unconnected: 0 };
    return {
        drill: "memcached-killed",
        result: problems.length > 0 ? "failed" : "passed",
        problems,
        measured: {
            seconds: 1,
            adds: none,
            reads: none,
            probes: none,
            sessionsLost: 0,
            updatesLost: 0,
            updatesTwice: 0,
            gaps: { probe: 0, newConnection: 0, keptConnection: 0 },
            nodes: {},
            failures,
            clients: 1,
            recovery: [],
        },
    };
}
const many = Array.from({ length: 20 }, (_, second) => failure(second, "HTTP 502", false));

test("a failed drill names time and place; losses come before failures, and the list is cut", () => {
    const lines = asTable([result([...many, failure(30, "session lost", true)], ["1 sessions lost"])]).split("\n");
    const problem = lines.indexOf("memcached-killed: 1 sessions lost");
    expect(lines.slice(problem + 1, problem + 3)).toEqual([
        "    12:00:30.000 read of client 3: session lost",
        "    12:00:00.000 read of client 3: HTTP 502",
    ]);
    expect(lines.filter((line) => line.includes("of client 3"))).toHaveLength(10);
});

test("a passed drill does not list failures that were allowed", () => {
    expect(asTable([result(many, [])])).not.toContain("HTTP 502");
});

test("the table for the documentation has a row for each drill, also for one that was not run", () => {
    const passed = result([], []);
    if (passed.measured)
        Object.assign(passed.measured, {
            adds: { ...passed.measured.adds, sent: 900, failed: 2 },
            gaps: { probe: 0.514, newConnection: 9, keptConnection: 1.2 },
        });
    const notRun: DrillResult = { drill: "power-cut", result: "not run", problems: [] };
    expect(asMarkdown([passed, notRun]).split("\n")).toEqual([
        "| drill | additions | reads | sessions | updates | gap | kept |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| memcached-killed | 2/900 | 0/0 | 0 | 0 | 0.51 | 1.20 |",
        "| power-cut (not run) |  |  |  |  |  |  |",
        "",
    ]);
});
