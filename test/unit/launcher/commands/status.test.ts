import { describe, expect, test } from "vitest";
import { accessOf } from "../../../../roles/access";
import { readConfiguration as describeStack } from "../../../../roles/configuration";
import { alarmLine, statusTable } from "../../../../launcher/commands/status";
import { articleLab } from "../../../support/article";

const access = accessOf(describeStack(articleLab(), "test"));

describe("the status table", () => {
    const well: Parameters<typeof statusTable>[0] = access.machines.map((machine) => ({
        machine,
        units: Object.fromEntries(machine.services.map((unit) => [unit, "active"])),
        holdsVirtualAddress: machine.name === "nod3",
        health: machine.roles.some((role) => role === "app" || role === "director") ? "200" : "-",
    }));
    const row = (text: string, name: string) => text.split("\n").find((line) => line.startsWith(`${name} `)) ?? "";

    test("when all is well", () => {
        const text = statusTable(well, access);
        expect(row(text, "nod3")).toMatch(
            /^nod3 +192\.168\.0\.203 +director +tengine active, tengine-checks active, keepalived active +200 +well +192\.168\.0\.111$/,
        );
        expect(text).not.toContain("NOT WELL");
        expect(text).toContain("http://192.168.0.111/ is on nod3.\n");
        const columns = text
            .split("\n")
            .slice(0, 7)
            .map((line) => line.indexOf("192.168.0.2"));
        expect(new Set(columns.slice(1)).size).toBe(1);
    });

    test("when a unit, a machine or the application fails, or no or two machines have the virtual address", () => {
        const text = statusTable(
            [
                { ...well[0], units: undefined, health: "-" } as (typeof well)[number],
                { ...well[1], units: { "tomcat.service": "failed" } } as (typeof well)[number],
                ...well.slice(2, 4),
                { ...well[4], holdsVirtualAddress: false, health: "502" } as (typeof well)[number],
                ...well.slice(5),
            ],
            access,
        );
        expect(row(text, "mysql")).toMatch(/does not answer +- +NOT WELL$/);
        expect(row(text, "nod0")).toMatch(/tomcat failed +200 +NOT WELL$/);
        expect(row(text, "nod3")).toMatch(/502 +NOT WELL$/);
        expect(text).toContain("http://192.168.0.111/ is on no machine.");
        expect(
            statusTable(
                well.map((status) => ({ ...status, holdsVirtualAddress: status.machine.roles.includes("director") })),
                access,
            ),
        ).toContain("is on nod3 and nod4.");
    });

    test("a narrow terminal has no room for services that are well", () => {
        const [first, ...others] = well;
        const broken = [{ ...first, units: { "mysql.service": "failed" } } as (typeof well)[number], ...others];
        const narrow = statusTable(broken, access, 100);
        expect(row(narrow, "mysql")).toMatch(/ mysql failed +- +NOT WELL$/);
        expect(row(narrow, "nod3")).toMatch(/ director +all active +200 +well +192\.168\.0\.111$/);
        expect(
            Math.max(
                ...narrow
                    .split("\n")
                    .slice(0, 7)
                    .map((line) => line.length),
            ),
        ).toBeLessThan(100);
        expect(statusTable(broken, access, 300)).toBe(statusTable(broken, access));
    });

    test("says what nginx lacks where it runs instead of Tengine", () => {
        expect(statusTable(well, access)).toContain(
            "The directors run nginx-1.26.3, Tengine's parent: health checks by tengine-checks.service",
        );
        expect(statusTable(well, { ...access, directorSource: "tengine-3.1.0" })).not.toContain("Tengine's parent");
    });
});

test("alarms are told with their severity, and a monitor that does not answer is named", () => {
    const alarm = { name: "MachineDown", severity: "critical", machine: "nod0", summary: "nod0 does not answer" };
    expect(alarmLine("nod5", [])).toBe("nod5 knows of no alarm.");
    expect(alarmLine("nod5", [alarm])).toBe("nod5 knows of alarms: nod0 does not answer (critical).");
    expect(alarmLine("nod5", "no ssh to nod5")).toBe("nod5 cannot be asked for alarms: no ssh to nod5");
});
