/** A made-up role in the registry appears everywhere, because nothing else has a list of roles. */
import { expect, test, vi } from "vitest";
import { plan } from "../../../launcher/commands/plan/plan";
import { areWell, statusTable } from "../../../launcher/commands/status";
import { accessOf } from "../../../roles/access";
import { readConfiguration, readDescription } from "../../../roles/configuration";
import { doorsOf } from "../../../roles/doors";
import { roles } from "../../../roles/index";
import type { RoleDefinition } from "../../../roles/role-definition";
import { articleLab, siteWith } from "../../support/article";
import { fileOf } from "../../support/steps";

vi.mock(import("../../../roles/index"), async (original) => {
    const gopher: RoleDefinition = {
        name: "gopher",
        withoutIt: "nobody would read gopher pages",
        onlyOne: "gophers fight",
        component: "lab:Gopher",
        steps: [
            {
                name: "gopherd",
                component: "lab:Gopherd",
                after: { roles: ["app"] },
                configuration: ({ machine }) => ({
                    files: [{ path: "/etc/gopherd.conf", content: `host ${machine.name}\n` }],
                    service: { unit: "gopherd.service" },
                }),
            },
        ],
        worksAfter: "gopherd",
        packages: () => ["pygopherd"],
        units: () => ["gopherd.service"],
        doors: (description) => [
            {
                what: "gopher",
                port: 70,
                on: description.machines.filter((machine) => machine.roles.includes("gopher")),
                from: "anyone",
            },
        ],
    };
    return { roles: [...(await original()).roles, gopher] };
});

const machines = { ...articleLab().machines, nod1: { address: "192.168.0.201", roles: ["memcached", "gopher"] } };
const description = siteWith({ machines });

test("the plan installs its packages and runs its steps", async () => {
    const text = await plan(description, { commands: false });
    expect(text).toMatch(/^nod1 .* memcached, gopher /m);
    expect(text).toMatch(/^ {2}packages: .*\bmemcached\b.*\bpygopherd\b/m);
    expect(text).toMatch(/^ {2}gopherd\n {4}\(script\) .*\n {4}\/etc\/gopherd\.conf /m);
});

test("the firewall of its machine opens its door, and that of no other", async () => {
    expect(doorsOf(description)).toContainEqual(expect.objectContaining({ what: "gopher", port: 70 }));
    expect((await fileOf(description, "nod1", "/etc/nftables.conf")).text).toContain("tcp dport 70 accept");
    expect((await fileOf(description, "nod2", "/etc/nftables.conf")).text).not.toContain("dport 70");
});

test("status asks for its units, and the outputs name them", () => {
    const access = accessOf(readConfiguration({ ...articleLab(), machines }, "test"));
    const machine = access.machines.find(({ name }) => name === "nod1") ?? expect.fail("no nod1");
    expect(machine.services).toEqual(["memcached.service", "gopherd.service"]);
    const status = {
        machine,
        units: { "memcached.service": "active", "gopherd.service": "failed" },
        holdsVirtualAddress: true,
        health: "-",
    };
    expect(statusTable([status], access)).toMatch(/memcached active, gopherd failed .* NOT WELL/);
    expect(areWell([status])).toBe(false);
});

test("a stack file is told when no machine has it, when two have it, and when a machine is named like its step", () => {
    const mistakesOf = (changed: Record<string, unknown>) => () => readDescription(changed, "test");
    expect(mistakesOf(articleWithout())).toThrow("no machine has the role gopher: nobody would read gopher pages");
    const two = { ...machines, nod0: { address: "192.168.0.200", roles: ["app", "gopher"] } };
    expect(mistakesOf(articleWithout({ machines: two }))).toThrow("a second gopher: gophers fight");
    const step = { ...machines, "nod1-gopherd": { address: "192.168.0.210", roles: ["app"] } };
    expect(mistakesOf(articleWithout({ machines: step }))).toThrow("nod1-gopherd is what the step gopherd of nod1");
});

/** The article's settings without the secrets. */
function articleWithout(changes: Record<string, unknown> = {}) {
    const { databasePassword, vrrpPassword, loginKey, hostKeySeed, ...settings } = articleLab();
    void [databasePassword, vrrpPassword, loginKey, hostKeySeed];
    return { ...settings, ...changes };
}

test("every role waits for roles that stand before it alone, and every step's name is unique", () => {
    const before = new Set<string>();
    for (const role of roles) {
        for (const { after } of role.steps)
            for (const name of after?.roles === "all" ? [] : (after?.roles ?? [])) expect(before).toContain(name);
        before.add(role.name);
    }
    const steps = roles.flatMap((role) => role.steps.map(({ name }) => name));
    expect(new Set(steps).size).toBe(steps.length);
});
