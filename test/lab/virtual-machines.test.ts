/**
 * The smallest lab of virtual machines that has all roles and a network between all tiers. It runs with KVM, or with
 * emulation without it.
 */
import { existsSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { faultOf, findAcceleration } from "../../hypervisors/acceleration";
import { withLock } from "../../lib/lock";
import { silent } from "../../lib/progress";
import { findIsolatedHost } from "../../launcher/isolated-host/index";
import { ensureHostPackages } from "../../launcher/isolated-host/host-packages";
import { standstillLock } from "../../launcher/stack/standstill";
import { Checkout } from "../support/checkout";
import { hostState, namespaces } from "../support/host-state";

const stack = "three";
const names = ["app", "back", "front"];
const site = "http://192.168.0.111/";
const description = `config:
  lab:machineKind: vm
  lab:platform: debian-13
  lab:isolated: true
  lab:packageProxy: 3142
  lab:virtualAddress: 192.168.0.111
  lab:machineSize: { memoryMiB: 1024, vcpus: 1, diskGiB: 4 }
  lab:machines:
    back: { address: 192.168.0.205, roles: [ database, memcached ] }
    app: { address: 192.168.0.200, roles: [ app ] }
    front: { address: 192.168.0.203, roles: [ director ], priority: 180 }
  lab:director: { source: nginx-1.26.3 }
  lab:keepalived: { advertInterval: 1 }
`;
/** For ./lab up, and for all that asks the machines afterwards. */
const minutes = (count: number) => count * 60_000;

let lab: Checkout;
let before: Record<string, string>;
const home = () => join(lab.home, stack);
const state = () => hostState([home()], () => String(existsSync(home())));
const virsh = (...words: string[]) => lab.ok("exec", "virsh", "-q", "-c", "qemu:///system", ...words);

beforeAll(async () => {
    await ensureHostPackages("vm", silent);
    lab = await Checkout.create(stack);
    lab.write(`Pulumi.${stack}.yaml`, description);
    await lab.ok("bake");
    before = await state();
}, minutes(15));
afterAll(() => lab.remove());

describe("what runs machines is tried, not looked for:", () => {
    test("emulation passes the trial that KVM has to pass", async () => {
        expect(await faultOf("tcg")).toBeUndefined();
    });

    test("what does not come to the end of it in time does not work", async () => {
        expect(await faultOf("tcg", 0.01)).toMatch(/did not end within 0\.01 s/);
    });
});

test(
    "up: from cloud-init to the last role, and the page comes through the virtual address",
    async () => {
        const start = performance.now();
        const { code, all } = await lab.lab("up");
        expect(code, all).toBe(0);
        const { acceleration } = await findAcceleration("qemu:///system");
        process.stdout.write(
            `three virtual machines, ${acceleration}: up after ${((performance.now() - start) / 1000).toFixed(0)} s\n`,
        );
        expect(all.includes("virtual machines are emulated")).toBe(acceleration === "emulation");
        expect(await virsh("dumpxml", "back")).toContain(`<domain type='${acceleration === "kvm" ? "kvm" : "qemu"}'`);
        expect(all).not.toContain("without a package layer");
        const page = await lab.ok("curl", "-sS", "--fail", "--max-time", "60", site);
        expect(page).toMatch(/id="node">(<code>)?app</);
        expect(page).toMatch(/id="notes"/);
        expect(page).not.toContain(`class="problem"`);
    },
    minutes(30),
);

test(
    "cloud-init gave each machine what was asked for: its name, its address, its host key alone, the whole disk",
    async () => {
        for (const name of names) {
            // ssh accepts the described host key only, so a login shows that the machine has it.
            const [hostName, keys, status, gibibytes] = (
                await lab.ok(
                    "ssh",
                    name,
                    [
                        "hostname",
                        "ls /etc/ssh/ssh_host_*_key | xargs echo",
                        "cloud-init status | head -1",
                        "df --output=size -BG / | tail -1",
                    ].join("; "),
                )
            )
                .trim()
                .split("\n")
                .map((line) => line.trim());
            expect([hostName, keys, status, gibibytes], name).toEqual([
                name,
                "/etc/ssh/ssh_host_ed25519_key",
                "status: done",
                "4G",
            ]);
        }
    },
    minutes(5),
);

test(
    "each machine started from its package layer, so its package run found nothing to do",
    async () => {
        for (const name of names) {
            // apt writes its history at every installation, and a layer has no logs.
            const run = "ls /var/lib/lab/packages.lock /var/log/apt/history.log 2>&1 || true";
            expect(await lab.ok("ssh", name, run), name).toMatch(
                /^ls: cannot access '\/var\/log\/apt\/history\.log': No such file.*\n\/var\/lib\/lab\/packages\.lock\n$/,
            );
        }
        expect(await lab.ok("status")).toContain("3 of 3 package layers are there, the oldest ");
    },
    minutes(5),
);

test(
    "chrony keeps each machine's clock, and comes back after a kill",
    async () => {
        const ask = "chronyc -n tracking; systemctl show --property=NRestarts --value chrony";
        await lab.ok("ssh", "back", "systemctl kill --signal=KILL chrony");
        await expect
            .poll(async () => (await lab.lab("ssh", "back", ask)).all, { timeout: minutes(2) })
            .toMatch(/^Reference ID[^]*\n1\n/);
    },
    minutes(5),
);

test(
    "the whole lab back to one moment: a note in the database, a session in memory, a file; and to the present time",
    async () => {
        const jar = join(lab.home, "cookies");
        const curl = (...words: string[]) => lab.ok("curl", "-sS", "--fail", "--max-time", "60", ...words);
        const stillOnes = async () => (await virsh("list", "--name", "--state-paused")).trim();
        const addNote = (text: string) => curl("-o", "/dev/null", "--data-urlencode", `text=${text}`, site);
        const add = async () =>
            (JSON.parse(await curl("-b", jar, "-c", jar, "-d", "op=add", `${site}counter/revert`)) as { count: number })
                .count;
        await addNote("Vorher");
        expect(await add()).toBe(1);
        const snapshot = lab.start(["snapshot", "before"]);
        await expect.poll(stillOnes, { timeout: minutes(2) }).not.toBe("");
        // Whoever sets machines going has to wait until they do.
        const preview = await withLock(standstillLock(home()), async () => {
            expect(await stillOnes()).toBe("");
            const call = lab.start(["preview", "--expect-no-changes"]);
            await expect.poll(() => call.output(), { timeout: minutes(2) }).toContain("Waiting for a snapshot");
            return { ended: call.ended };
        });
        for (const { code, all } of [await snapshot.ended, await preview.ended]) expect(code, all).toBe(0);
        expect(await add()).toBe(2);
        await addNote("Nachher");
        await lab.ok("ssh", "back", "touch /root/later");

        await lab.ok("revert", "before");
        expect(await add()).toBe(2);
        const page = await curl(site);
        expect(page).toContain("Vorher");
        expect(page).not.toContain("Nachher");
        expect(await lab.ok("ssh", "back", "ls /root")).toBe("");
        for (const name of names)
            expect(Math.abs(Number(await lab.ok("ssh", name, "date +%s")) - Date.now() / 1000), name).toBeLessThan(5);
        expect(await lab.ok("snapshots", "--remove", "before")).not.toMatch(/^before/m);
        expect((await virsh("snapshot-list", "back", "--name")).trim()).toBe("");
    },
    minutes(10),
);

test(
    "up again changes nothing, and all is well",
    async () => {
        expect(await lab.ok("up")).toMatch(/Resources:\n +\d+ unchanged\n/);
        // The provider reads the disks, and the program knows of no layers.
        expect(await lab.ok("up", "--no-layers", "--refresh")).toMatch(/Resources:\n +\d+ unchanged\n/);
        await lab.ok("status");
    },
    minutes(5),
);

test("down leaves nothing but the caches", async () => {
    const { pid } = (await findIsolatedHost(home()))!;
    const own = new Set(["net", "mnt", "pid", "cgroup"].map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`)));
    await lab.ok("down");
    expect([...namespaces()].filter((namespace) => own.has(namespace))).toEqual([]);
    expect(lab.read(`Pulumi.${stack}.yaml`)).toBe(description);
    expect(await state()).toEqual(before);
});
