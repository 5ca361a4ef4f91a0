/** Messages about mistakes, from the real launcher and the real pulumi. test/unit/config has all mistakes. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Checkout } from "../support/checkout";

let lab: Checkout;
let stackFile: string;

beforeAll(async () => {
    lab = await Checkout.create();
    stackFile = lab.read("Pulumi.local.yaml");
});
beforeEach(() => lab.write("Pulumi.local.yaml", stackFile));
afterAll(() => lab.remove());

/** Changes of the stack file, each with the place and the text of its report. */
const mistakes: [change: () => void, report: RegExp][] = [
    [
        () => lab.edit("Pulumi.local.yaml", "192.168.0.200", "192.168.1.200"),
        /lab:machines\.nod0\.address: 192\.168\.1\.200 is outside of the network 192\.168\.0\.0\/24\.\n +Remedy: \w/,
    ],
    [
        () => lab.edit("Pulumi.local.yaml", "192.168.0.201", "192.168.0.111"),
        /lab:machines\.nod1\.address: 192\.168\.0\.111 is taken: the virtual address has it\.\n +Remedy: \w/,
    ],
    [
        () => lab.edit("Pulumi.local.yaml", "192.168.0.202", "192.168.0.205"),
        /lab:machines\.nod2\.address: 192\.168\.0\.205 is taken: mysql has it\.\n +Remedy: \w/,
    ],
    [
        () => lab.edit("Pulumi.local.yaml", "priority: 179", "priority: 180"),
        /lab:machines\.nod4\.priority: 180 is nod3's priority, too.*\n +Remedy: \w/,
    ],
    [
        () => lab.edit("Pulumi.local.yaml", "roles: [ database ]", "roles: [ memcached ]"),
        /lab:machines: no machine has the role database.*\n +Remedy: \w/,
    ],
    [
        // 320 GiB for two app servers and three memcacheds: more than a machine that runs these tests has.
        () =>
            lab.edit(
                "Pulumi.local.yaml",
                "config:\n",
                "config:\n  lab:tomcat: { heapMiB: 65536 }\n  lab:sessions: { memcachedMiB: 65536 }\n",
            ),
        /lab:machines: the machines need 32\d{4} MiB of memory together, and this machine has \d+ MiB.*\n +Remedy: \w/,
    ],
];

test("every mistake is reported at once, with its remedy, before anything is started", async () => {
    for (const [change] of mistakes) change();
    for (const command of ["preview", "up"]) {
        const { code, stdout, all } = await lab.lab(command);
        expect(code).toBe(2);
        expect(stdout).toBe("");
        for (const [, report] of mistakes) expect(all).toMatch(report);
        expect(all).toMatch(/Pulumi\.local\.yaml has \d+ mistakes; nothing was created or changed/);
        expect(existsSync(join(lab.home, "local"))).toBe(false);
    }
});

test("pulumi itself says the same of one, and shows no stack trace", async () => {
    mistakes[0]![0]();
    const { code, all } = await lab.lab("pulumi", "preview");
    expect(code).not.toBe(0);
    expect(all).toMatch(mistakes[0]![1]);
    expect(all).not.toMatch(/^\s+at /m);
    expect(await lab.ok("exec", "virsh", "-q", "-c", "lxc:///system", "list", "--all", "--name")).toBe("");
    await lab.ok("down");
});

test("a stack file that is no YAML, and one with a typing mistake", async () => {
    lab.edit("Pulumi.local.yaml", "lab:virtualAddress", "lab:virtualAdress");
    expect(await lab.lab("up")).toMatchObject({
        code: 2,
        all: expect.stringMatching(/lab:virtualAddress: is missing[\s\S]*lab:virtualAdress: no such setting/) as string,
    });
    lab.write("Pulumi.local.yaml", "config: [\n");
    expect(await lab.lab("up")).toMatchObject({ code: 2, all: expect.stringContaining("is not valid YAML") as string });
});

test("an artifact that is not there and cannot be had is named, with the place to lay it", async () => {
    const cache = mkdtempSync(join(tmpdir(), "lab-test-cache-"));
    try {
        lab.edit("Pulumi.local.yaml", "source: nginx-1.26.3", "source: tengine-3.1.0");
        const { code, all } = await lab.start(["preview", "--offline"], { LAB_CACHE: cache }).ended;
        expect(code).toBe(2);
        expect(all).toContain("tengine-3.1.0.tar.gz");
        expect(all).toContain(join(cache, "artifacts"));
        expect(readdirSync(cache).filter((name) => name !== "artifacts")).toEqual([]);
        expect(existsSync(join(lab.home, "local"))).toBe(false);
    } finally {
        rmSync(cache, { recursive: true });
    }
});

test("a preview without a hypervisor is the plan of what would be made, and says so", async () => {
    lab.edit("Pulumi.dev.yaml", "qemu:///system", "qemu+unix:///system?socket=/nowhere");
    const { code, stdout, all } = await lab.lab("-s", "dev", "preview");
    expect(code, all).toBe(0);
    expect(all).toContain("does not answer");
    expect(stdout).toBe(await lab.ok("-s", "dev", "plan"));
    expect(stdout).toMatch(/^nod3 .* director/m);
});
