import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { platforms } from "../../../../catalog/platforms/index";
import { describeLayers, findLayers, layerRecipes, layersOfMachines } from "../../../../launcher/isolated-host/layers";
import { siteWith } from "../../../support/article";

const image = "/cache/images/debian-13-1234/root";
const cache = fs.mkdtempSync(path.join(os.tmpdir(), "layers-"));
afterAll(() => {
    fs.rmSync(cache, { recursive: true });
});

const keys = (...[description, under = image]: [ReturnType<typeof siteWith>, string?]) =>
    Object.fromEntries(
        layerRecipes(description, under, cache).flatMap(({ folder, machines }) =>
            machines.map((name) => [name, path.basename(folder)]),
        ),
    );

describe("a layer's key", () => {
    const base = keys(siteWith());

    test("is one for machines with equal package lists, and another for each other list", () => {
        expect(base.nod3).toBe(base.nod4);
        expect(new Set(Object.values(base)).size).toBe(5);
        expect(base.nod0).toMatch(/^debian-13-[0-9a-f]{16}$/);
    });

    test("changes with the image and with the packages, and with nothing else", () => {
        expect(Object.values(keys(siteWith(), "/cache/images/debian-13-5678/root"))).not.toContain(base.nod0);
        const { nod0, nod1, nod2 } = base;
        const changed = keys(
            siteWith({
                tomcat: { heapMiB: 300 },
                machines: {
                    nod0: { address: "192.168.0.50", roles: ["app"], memoryMiB: 2048 },
                    nod1: { address: "192.168.0.51", roles: ["memcached", "database"] },
                    nod2: { address: "192.168.0.52", roles: ["memcached", "app"] },
                    nod3: { address: "192.168.0.53", roles: ["director"], priority: 1 },
                },
            }),
        );
        expect(changed).toMatchObject({ nod0, nod2, nod3: base.nod3 });
        expect(Object.values(base)).not.toContain(changed.nod1);
        expect(changed.nod1).not.toBe(nod1);
    });

    test("of a virtual machine changes with the disk's size, and its layer is a disk", () => {
        const vms = (nod0: object = {}) =>
            siteWith({
                machineKind: "vm",
                hypervisor: "qemu:///system",
                machines: {
                    nod0: { address: "192.168.0.50", roles: ["app"], ...nod0 },
                    nod3: { address: "192.168.0.53", roles: ["director"], priority: 1 },
                    nod1: { address: "192.168.0.51", roles: ["memcached", "database"] },
                },
            });
        const disk = "/cache/images/debian-13-vm-1234/disk.qcow2";
        const own = keys(vms(), disk);
        expect(own.nod0).toMatch(/^debian-13-vm-[0-9a-f]{16}$/);
        const larger = keys(vms({ diskGiB: 30, memoryMiB: 2048 }), disk);
        expect(larger).toEqual({ ...own, nod0: expect.not.stringMatching(own.nod0!) as string });
        const [recipe] = layerRecipes(vms(), disk, cache);
        expect(recipe).toMatchObject({ image: "/cache/images/debian-13-vm-1234/root", diskGiB: 10 });
        expect(layersOfMachines([{ ...recipe!, age: 0, isUsable: true }])).toEqual({
            nod0: path.join(recipe!.folder, "disk.qcow2"),
        });
    });

    test("exists only over an image that was built here", () => {
        expect(layerRecipes(siteWith(), undefined, cache)).toEqual([]);
    });

    test("changes with one package's version", () => {
        const { packages } = platforms["debian-13"];
        const { memcached } = packages;
        try {
            packages.memcached = ["memcached=1.6.38-1"];
            const pinned = keys(siteWith());
            expect(pinned).toMatchObject({ nod0: base.nod0, nod3: base.nod3, mysql: base.mysql });
            expect(Object.values(base)).not.toContain(pinned.nod1);
            packages.memcached = ["memcached=1.6.38-2"];
            expect(keys(siteWith()).nod1).not.toBe(pinned.nod1);
        } finally {
            packages.memcached = memcached;
        }
    });
});

describe("layers in the cache", () => {
    const recipes = layerRecipes(siteWith(), image, cache);
    const made = (machine: string, daysAgo: number) => {
        const { folder } = recipes.find(({ machines }) => machines.includes(machine))!;
        fs.mkdirSync(folder, { recursive: true });
        // As date(1) writes it.
        const text = new Date(Date.now() - daysAgo * 86_400_000).toISOString().replace(/\.\d+Z$/, "Z\n");
        fs.writeFileSync(path.join(folder, "made"), text);
    };

    test("are used until they are too old", () => {
        expect(layersOfMachines(findLayers(recipes, 30))).toEqual({});
        expect(describeLayers(findLayers(recipes, 30), 30)).toBe(
            "0 of 5 package layers are there. ./lab bake makes them.",
        );
        made("nod3", 1.5);
        made("nod0", 20.1);
        const folder = (machine: string) => path.join(cache, "layers", keys(siteWith())[machine]!, "tree");
        const directors = { nod3: folder("nod3"), nod4: folder("nod3") };
        expect(layersOfMachines(findLayers(recipes, 30))).toEqual({ ...directors, nod0: folder("nod0") });
        expect(layersOfMachines(findLayers(recipes, 20))).toEqual(directors);
        expect(layersOfMachines(findLayers(recipes, 1))).toEqual({});
        expect(describeLayers(findLayers(recipes, 30), 30)).toBe(
            "2 of 5 package layers are there, the oldest 20 days old; a layer is used for 30.",
        );
        expect(describeLayers(findLayers(recipes, 20), 20)).toContain(
            "1 of 5 package layers are there, the oldest 1 day",
        );
        expect(describeLayers([], 20)).toBeUndefined();
    });
});
