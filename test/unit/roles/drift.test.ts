/** Drift, found by the records that apply scripts really write. */
import * as fs from "node:fs";
import { afterEach, expect, test } from "vitest";
import * as pulumi from "@pulumi/pulumi";
import { stepsFolder } from "../../../roles/apply";
import { driftScript, parseDrift } from "../../../roles/drift";
import { render } from "../../../roles/template";
import { SandboxMachine } from "../../support/sandbox-machine";

const machines: SandboxMachine[] = [];
afterEach(() => {
    for (const machine of machines.splice(0)) machine.remove();
});

async function working() {
    const machine = SandboxMachine.make();
    machines.push(machine);
    await machine.apply("web", {
        files: [
            { path: "/mnt/one.conf", content: "one\n" },
            { path: "/mnt/two words.conf", content: "two\n", mode: "640" },
            { path: "/mnt/secret.conf", content: pulumi.secret("secret\n"), mode: "600" },
        ],
        service: { unit: "web.service" },
    });
    await machine.apply("empty", {});
    return machine;
}
const look = async (machine: SandboxMachine) => parseDrift(await machine.run(driftScript));

test("nothing has drifted right after the steps", async () => {
    const machine = await working();
    expect(await look(machine)).toEqual([]);
    expect(fs.statSync(machine.path("/var/lib/lab/web/sums")).mode & 0o777).toBe(0o600);
});

test("a changed file, also a secret one, a changed mode, a file that is gone", async () => {
    const machine = await working();
    machine.write("mnt/one.conf", "another\n");
    machine.write("mnt/secret.conf", "another\n");
    fs.chmodSync(machine.path("mnt/two words.conf"), 0o644);
    expect(await look(machine)).toEqual([
        { step: "web", what: "content", subject: "/mnt/one.conf" },
        { step: "web", what: "content", subject: "/mnt/secret.conf" },
        { step: "web", what: "mode", subject: "/mnt/two words.conf" },
    ]);
    fs.rmSync(machine.path("mnt/one.conf"));
    expect(await look(machine)).toContainEqual({ step: "web", what: "missing", subject: "/mnt/one.conf" });
});

test("a service that was stopped and disabled", async () => {
    const machine = await working();
    fs.rmSync(machine.path("state/active"));
    fs.rmSync(machine.path("state/enabled"));
    expect(await look(machine)).toEqual([
        { step: "web", what: "stopped", subject: "web.service" },
        { step: "web", what: "disabled", subject: "web.service" },
    ]);
});

test("monitors get the number of a step's drifts, and nothing where there is none", async () => {
    const machine = await working();
    const script = render("usr/libexec/lab/look-for-drift", { stepsFolder, script: driftScript });
    const metrics = async () => {
        await machine.run(`set -- /mnt/drift.prom\n${script}`);
        return machine.read("mnt/drift.prom");
    };
    expect(await metrics()).toBe("");
    machine.write("mnt/one.conf", "another\n");
    fs.rmSync(machine.path("mnt/two words.conf"));
    expect(await metrics()).toBe('lab_drift{step="web"} 2\n');
});
