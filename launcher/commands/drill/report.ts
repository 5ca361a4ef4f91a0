import { alignColumns, markdownTable } from "../../../lib/table";
import type { DrillResult } from "./run-drill";

const seconds = (value: number) => value.toFixed(2);

const shownFailures = 10;

/** The first failures of a drill that failed, losses first. `--json` has more of them. */
function firstFailures({ result, measured }: DrillResult): string[] {
    if (result !== "failed" || !measured) return [];
    const lossesFirst = [...measured.failures].sort((one, other) => Number(other.isLoss) - Number(one.isLoss));
    return lossesFirst
        .slice(0, shownFailures)
        .map(
            ({ at, kind, client, what }) =>
                `    ${new Date(at).toISOString().slice(11, 23)} ${kind}` +
                `${client < 0 ? "" : ` of client ${client}`}: ${what}\n`,
        );
}

/** A row for each drill: failed of sent requests, what was lost, and the longest times without an answer in seconds. */
export function asTable(results: DrillResult[]): string {
    const rows = results.map(({ drill, result, measured }) => [
        drill,
        result === "passed" ? result : result.toUpperCase(),
        ...(measured
            ? [
                  `${measured.adds.failed}/${measured.adds.sent}`,
                  `${measured.reads.failed}/${measured.reads.sent}`,
                  `${measured.probes.failed}/${measured.probes.sent}`,
                  String(measured.sessionsLost),
                  String(measured.updatesLost),
                  String(measured.updatesTwice),
                  seconds(measured.gaps.probe),
                  seconds(measured.gaps.newConnection),
                  seconds(measured.gaps.keptConnection),
                  measured.recovery.map((value) => value.toFixed(1)).join(" "),
              ]
            : []),
    ]);
    const head = [
        "drill",
        "result",
        "additions failed",
        "reads failed",
        "probes failed",
        "sessions lost",
        "updates lost",
        "twice",
        "gap: probes",
        "new conn.",
        "kept conn.",
        "well again after",
    ];
    const wrong = results.flatMap((result) =>
        result.problems.map((problem) => `${result.drill}: ${problem}\n`).concat(firstFailures(result)),
    );
    const count = (wanted: DrillResult["result"]) => results.filter(({ result }) => result === wanted).length;
    return (
        `${alignColumns([head, ...rows])}\n${wrong.join("")}` +
        `${count("passed")} passed, ${count("failed")} failed, ${count("not run")} not run.\n`
    );
}

/** The table of docs/resilience.md, as Markdown. */
export function asMarkdown(results: DrillResult[]): string {
    const rows = results.map(({ drill, result, measured }) => [
        result === "passed" ? drill : `${drill} (${result})`,
        ...(measured
            ? [
                  `${measured.adds.failed}/${measured.adds.sent}`,
                  `${measured.reads.failed}/${measured.reads.sent}`,
                  String(measured.sessionsLost),
                  String(measured.updatesLost),
                  seconds(measured.gaps.probe),
                  seconds(measured.gaps.keptConnection),
              ]
            : Array.from({ length: 6 }, () => "")),
    ]);
    return markdownTable(["drill", "additions", "reads", "sessions", "updates", "gap", "kept"], rows);
}
