import { describe, expect, test } from "vitest";
import { watchAlarm } from "../../../../../launcher/commands/drill/alarms";
import { drills } from "../../../../../launcher/commands/drill/drills/index";
import type { RunningLab } from "../../../../../launcher/stack/running-lab";
import { rulesOf } from "../../../../../roles/alert-rules";
import { siteWith } from "../../../../support/article";

/** A lab whose monitor knows of these alarms at its first look, at the second, and so on. */
function labWith(...looks: string[][]): RunningLab {
    const alerts = (names: string[]) =>
        names.map((alertname) => ({ labels: { alertname }, state: "firing", annotations: {} }));
    let look = 0;
    return {
        machinesWith: () => (looks.length > 0 ? [{ name: "nod5" }] : []),
        ssh: () => {
            const names = looks[Math.min(look++, looks.length - 1)] ?? [];
            return Promise.resolve({ code: 0, output: JSON.stringify({ data: { alerts: alerts(names) } }) });
        },
    } as unknown as RunningLab;
}
const alarm = { name: "MachineDown", seconds: 1 };

test("every alarm that a drill expects has a rule, which fires before the drill gives up", () => {
    const rules = new Map(rulesOf(siteWith()).map((rule) => [rule.name, rule]));
    const expected = Object.values(drills).flatMap((drill) => drill.alarm ?? []);
    expect(expected.length).toBeGreaterThan(8);
    for (const { name, seconds } of expected) expect(rules.get(name)?.seconds, name).toBeLessThan(seconds - 10);
});

describe("what a drill wants to see of its alarm", () => {
    test("it fires, and ends", async () => {
        await watchAlarm(labWith([], ["MachineDown"]), alarm).fires();
        await watchAlarm(labWith(["MachineDown"], []), alarm).ends();
    });

    test("another alarm is none", async () => {
        await expect(watchAlarm(labWith(["SiteSlow"]), alarm).fires()).rejects.toThrow(
            "no alarm MachineDown within 1 s",
        );
    });

    test("nothing, in a lab without a monitor or where none is due", async () => {
        await watchAlarm(labWith(), alarm).fires();
        await watchAlarm(labWith([]), undefined).fires();
    });
});
