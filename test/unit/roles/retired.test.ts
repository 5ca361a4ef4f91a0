/** What a machine had and the stack file describes no more, ended for real in a sandbox. */
import { afterEach, expect, test } from "vitest";
import { retiredConfiguration } from "../../../roles/retired";
import { SandboxMachine } from "../../support/sandbox-machine";

const machines: SandboxMachine[] = [];
afterEach(() => {
    for (const machine of machines.splice(0)) machine.remove();
});

const retire = (machine: SandboxMachine, own: string[]) =>
    machine.apply(
        "retired",
        retiredConfiguration({ steps: { known: ["cache", "server", "address", "retired"], own } }),
    );

/** A machine with a cache, and with a server behind an address. */
async function machineWithAll() {
    const machine = SandboxMachine.make();
    machines.push(machine);
    const step = (name: string, files: string[]) =>
        machine.apply(name, {
            files: files.map((file) => ({ path: `/mnt/${file}`, content: `${file}\n` })),
            service: { unit: `${name}.service` },
        });
    await step("cache", ["cache.conf"]);
    await step("server", ["server.conf", "shared.conf"]);
    await step("address", ["address.conf"]);
    return machine;
}

test("nothing ends while all is described", async () => {
    const machine = await machineWithAll();
    const all = ["cache", "server", "address", "retired"];
    expect(await retire(machine, all)).toMatchObject({ code: 0, stdout: "", services: [] });
    expect(machine.list("mnt")).toHaveLength(4);
});

test("what is not described ends, the front before the back, with its files and records", async () => {
    const machine = await machineWithAll();
    expect(await retire(machine, ["cache", "retired"])).toMatchObject({
        code: 0,
        stderr: "",
        stdout: "retired: address\nretired: server\n",
        services: ["disable --now address.service", "disable --now server.service"],
    });
    expect(machine.list("mnt")).toEqual(["cache.conf"]);
    expect(machine.list("/var/lib/lab")).toEqual(["cache", "retired"]);
    expect(await retire(machine, ["cache", "retired"])).toMatchObject({ code: 0, stdout: "", services: [] });
});

test("so does a step that this version of the program does not know", async () => {
    const machine = await machineWithAll();
    await machine.apply("older", { service: { unit: "older.service" } });
    expect(await retire(machine, ["cache", "server", "address", "retired"])).toMatchObject({
        services: ["disable --now older.service"],
    });
});

test("a unit and a file that another step has now stay", async () => {
    const machine = await machineWithAll();
    await machine.apply("cache", {
        files: [{ path: "/mnt/shared.conf", content: "of the cache\n" }],
        service: { unit: "server.service" },
    });
    expect(await retire(machine, ["cache", "retired"])).toMatchObject({ services: ["disable --now address.service"] });
    expect(machine.list("mnt")).toEqual(["shared.conf"]);
});

test("a run that was killed anywhere is completed by the next one", async () => {
    const first = await machineWithAll();
    const attempt = async (killAt?: number) => {
        const machine = first.copy();
        machines.push(machine);
        const { argv } = await machine.apply(
            "retired",
            retiredConfiguration({ steps: { known: ["cache", "server", "address"], own: ["cache", "retired"] } }),
            { killAt },
        );
        expect(await retire(machine, ["cache", "retired"]), `after a kill at ${killAt}`).toMatchObject({ code: 0 });
        expect(machine.list("mnt"), `after a kill at ${killAt}`).toEqual(["cache.conf"]);
        expect(machine.list("/var/lib/lab"), `after a kill at ${killAt}`).toEqual(["cache", "retired"]);
        return argv.split("\n").length - 1;
    };
    const programs = await attempt();
    expect(programs).toBeGreaterThan(5);
    for (let killAt = 1; killAt <= programs; killAt++) await attempt(killAt);
}, 60_000);
