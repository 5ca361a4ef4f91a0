/** `./lab bench --short`. Its times are for readers: no time lets this test fail. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Results } from "../../launcher/commands/bench/tables";
import { Checkout } from "../support/checkout";

let lab: Checkout;
beforeAll(async () => {
    lab = await Checkout.create();
});
afterAll(() => lab.remove());

test("up against its limit, and growth, on a lab of the bench's own, of which nothing is left", async () => {
    const file = join(lab.home, "..", "bench.json");
    const { code, stdout, all } = await lab.lab("bench", "limits", "growth", "--short", "--json", file);
    expect(code, all).toBe(0);
    process.stdout.write(`\n${stdout}\n`);
    const { limits, growth, program } = JSON.parse(readFileSync(file, "utf8")) as Results;
    // The measurements are plausible: steps took time, the state has the program's resources, and there is one machine
    // more.
    expect(limits?.recording.criticalPath).toBeGreaterThan(0);
    expect(limits?.recording.criticalPath).toBeLessThanOrEqual(limits?.recording.wall ?? 0);
    expect(limits?.recording.use.lab).toBeGreaterThan(0);
    expect(limits?.program.computing).toBeGreaterThan(0);
    // Node.js itself has 40 MiB.
    for (const process of [limits?.program, limits?.launcher]) expect(process?.memory).toBeGreaterThan(40 * 1024 ** 2);
    expect(limits?.state.resources).toBeGreaterThan(100);
    expect(growth?.map(({ appServers, machines }) => [appServers, machines])).toEqual([[2, 6]]);
    expect(program?.map(({ appServers }) => appServers)).toEqual([2, 4, 8, 16]);
    expect(stdout).not.toMatch(/NaN|undefined/);
    expect((await lab.lab("status", "-s", "bench")).all).toContain("There is no Pulumi.bench.yaml");
}, 1_800_000);
