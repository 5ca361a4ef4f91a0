import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { asMarkdown, goalsOf, type Results } from "../../../../../launcher/commands/bench/tables";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "bench-"));
afterAll(() => fs.rmSync(folder, { recursive: true }));

const results: Results = {
    date: "2026-11-25",
    stack: "local",
    short: false,
    limits: {
        up: 18,
        upWithoutLayers: 60,
        preview: 3,
        nothing: 7,
        program: { alive: 1.5, computing: 0.9, memory: 150 * 1024 ** 2 },
        launcher: { alive: 3, computing: 0.3, memory: 80 * 1024 ** 2 },
        machines: 6,
        state: { bytes: 6 * 61 * 1024, resources: 106 },
        recording: {
            wall: 55,
            criticalPath: 50,
            ratio: 1.1,
            before: 2,
            after: 0.2,
            use: { machine: 1.95, lab: 1.5, processors: 2 },
        },
    },
    growth: [2, 4].map((appServers) => ({
        appServers,
        machines: appServers + 4,
        preview: 3 + (appServers - 2) * 0.1,
        nothing: 3.5,
        addsOne: 20,
        state: { bytes: 300_000, resources: 100 },
    })),
    ansible: {
        ours: {
            converge: { wall: 40, computing: 60, machines: 40 },
            nothing: { wall: 3, computing: 2, machines: 1 },
            file: { wall: 5, computing: 3, machines: 2 },
            added: { wall: 20, computing: 25, machines: 16 },
        },
        ansible: {
            converge: { wall: 100, computing: 150, machines: 100 },
            nothing: { wall: 20, computing: 30, machines: 20 },
            file: { wall: 20, computing: 30, machines: 20 },
            added: { wall: 50, computing: 60, machines: 40 },
        },
    },
};

describe("the table", () => {
    test("holds what was measured against the goals", () => {
        expect(
            goalsOf(results).map(({ what, value, limit }) => [what, Number(value.toFixed(3)), value <= limit]),
        ).toEqual([
            ["booted machines to a verified site, of Ansible's time", 0.4, true],
            ["nothing to do, of Ansible's time", 0.15, true],
            ["one file of one role changed, of Ansible's time", 0.25, false],
            ["`up` from nothing to a verified site, caches full", 18, false],
            ["the same, of its time without package layers", 0.3, true],
            ["`up`'s wall time over its critical path", 1.1, true],
            ["preview, nothing to do", 3, false],
            ["`up`, nothing to do", 7, false],
            ["of a preview, the program itself", 0.9, true],
            ["state a machine", 61, false],
            ["preview or `up` that finds nothing to do, each machine more", 0.1, true],
        ]);
    });

    test("is Markdown, with the date, and says what was not reached", () => {
        const text = asMarkdown(results);
        expect(text).toContain("Measured on 2026-11-25 by `./lab bench`, 2 processors.");
        expect(text).toContain("| `up`, nothing to do | 7.00 s | at most 1.5 | **not reached** | best of 3 |\n");
        expect(text).toContain("| one file of one role changed | 5.0 | 20.0 | 0.25 | 3.0 | 30.0 | 0.10 |\n");
        for (const block of text.trim().split("\n\n").slice(1)) {
            const columns = block.split("\n").map((line) => line.split("|").length);
            expect(new Set(columns).size, block).toBe(1);
        }
    });

    test("has the memory of the program and the launcher, and both comparisons", () => {
        const { ansible } = results;
        const text = asMarkdown({ ...results, ansibleWithLayers: ansible });
        expect(text).toContain("memory: 150 MiB, the launcher 80 MiB |");
        expect(text).toContain(
            "| booted machines to a verified site, from baked images, of Ansible's time | 0.40 times |",
        );
        expect(text).toContain("| seconds, from baked images | this program |");
        expect(asMarkdown(results)).not.toContain("baked");
    });

    test("has only what was measured", () => {
        expect(asMarkdown({ date: "2026-11-25", stack: "local", short: true })).toBe(
            "Measured on 2026-11-25 by `./lab bench --short`.\n",
        );
    });
});
