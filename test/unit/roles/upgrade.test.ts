import { describe, expect, test } from "vitest";
import { inTurns, upgradeScript } from "../../../roles/upgrade";
import { onCentos, siteWith } from "../../support/article";

const machineOf = (name: string, description = siteWith()) => {
    const machine = description.machines.find((each) => each.name === name);
    if (!machine) throw new Error(name);
    return { machine, description };
};

test("the back end comes before the front end, and the usual holder of the address comes last", () => {
    expect(inTurns(siteWith()).map(({ name }) => name)).toEqual(["mysql", "nod1", "nod0", "nod2", "nod4", "nod3"]);
});

describe("the script", () => {
    const places = (script: string, ...lines: string[]) => lines.map((line) => script.indexOf(line));
    const ascending = (numbers: number[]) => numbers.every((each, index) => each > (numbers[index - 1] ?? -1));

    test.each([
        ["nod0", "systemctl stop apache2.service"],
        ["nod4", "systemctl stop keepalived.service"],
    ])("of %s ends the work for visitors first", (name, stop) => {
        const { machine, description } = machineOf(name);
        const script = upgradeScript(machine, description);
        expect(ascending(places(script, `\n${stop}\n`, "dist-upgrade", "\nsystemctl restart")), script).toBe(true);
    });

    test("stops nothing where no visitor is served, and restarts every unit", () => {
        const { machine, description } = machineOf("mysql");
        const script = upgradeScript(machine, description);
        expect(script).not.toContain("systemctl stop");
        expect(script).toMatch(/^systemctl restart .*mariadb\.service/m);
    });

    test("works with yum, too", () => {
        const description = onCentos("centos-7");
        expect(upgradeScript(machineOf("nod2", description).machine, description)).toContain(
            "yum --quiet --assumeyes update",
        );
    });
});
