import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { macFor } from "../../../config/configuration";
import { jvmRoute, memcachedNodes, upstreamServers } from "../../../roles/sessions";
import { machinesWith } from "../../../config/description";
import { articleLab, onCentos, siteWith } from "../../support/article";
import { machine, mistakesOf, virtual } from "../../support/mistakes";

describe("a good description", () => {
    test("has no mistake", () => {
        expect(mistakesOf(() => undefined).said).toEqual([]);
        expect(mistakesOf(virtual).said).toEqual([]);
        expect(
            mistakesOf((stack) => virtual(stack, { isolated: true, packageProxy: 3142, image: undefined })).said,
        ).toEqual([]);
    });

    test("has defaults for most settings, the article's where the article has one", () => {
        const { machineKind, platform, machines, virtualAddress, ...rest } = siteWith();
        expect({ machineKind, platform, virtualAddress, machines: machines[0] }).toEqual({
            machineKind: "container",
            platform: "debian-13",
            virtualAddress: "192.168.0.111",
            machines: {
                name: "mysql",
                address: "192.168.0.205",
                mac: "52:54:00:a8:00:cd",
                roles: ["database"],
                memoryMiB: 1024,
                vcpus: 2,
                diskGiB: 10,
                protect: false,
            },
        });
        expect(rest).toMatchObject({
            release: "article",
            network: { name: "lab", bridge: "lab0", cidr: "192.168.0.0/24", gateway: "192.168.0.1", nameServers: [] },
            site: { hostName: "www.test.com" },
            database: { name: "site", user: "site" },
            tomcat: { heapMiB: 256, port: 8081 },
            sessions: { memcachedMiB: 64, backup: "sync", maxKiB: 1024, max: 8192 },
            director: { affinity: "session" },
            keepalived: {
                interface: "eth0",
                virtualRouterId: 123,
                advertInterval: 0.2,
                preempt: true,
                notify: { to: [], from: "keepalived@localhost.localdomain", smtp: "127.0.0.1" },
            },
        });
        expect(onCentos("centos-7", { director: {} }).director.source).toBe("tengine-2.1.0");
        expect(siteWith({ director: {}, release: "maintained" }).director.source).toBe("tengine-3.1.0");
    });

    test("gives each machine the common size, or its own", () => {
        const stack = articleLab();
        Object.assign(machine(stack, "nod1"), { memoryMiB: 512 });
        const { machines } = siteWith({ machines: stack.machines, machineSize: { memoryMiB: 2048, vcpus: 1 } });
        expect(machines.map(({ name, memoryMiB, vcpus, diskGiB }) => [name, memoryMiB, vcpus, diskGiB])).toEqual([
            ["mysql", 2048, 1, 10],
            ["nod0", 2048, 1, 10],
            ["nod1", 512, 1, 10],
            ["nod2", 2048, 1, 10],
            ["nod3", 2048, 1, 10],
            ["nod4", 2048, 1, 10],
        ]);
    });

    test("has machines in the natural order of their names", () => {
        const names = Array.from({ length: 12 }, (_, index) => `nod${index}`);
        fc.assert(
            fc.property(fc.shuffledSubarray(names, { minLength: 12 }), (shuffled) => {
                const entries = shuffled.map(
                    (name) => [name, { address: `192.168.0.${200 + Number(name.slice(3))}`, roles: ["app"] }] as const,
                );
                const description = siteWith({
                    machines: {
                        db: { address: "192.168.0.2", roles: ["database", "memcached"] },
                        dir: { address: "192.168.0.3", roles: ["director"], priority: 1 },
                        ...Object.fromEntries(entries),
                    },
                });
                expect(machinesWith(description, "app").map(({ name }) => name)).toEqual(names);
                expect(upstreamServers(description)[10]).toEqual({ address: "192.168.0.210", id: 1010 });
            }),
            { numRuns: 20 },
        );
    });

    test("has a MAC address in QEMU's range for each IP address", () => {
        expect(macFor("192.168.0.200")).toBe("52:54:00:a8:00:c8");
        expect(macFor("10.1.2.3")).toBe("52:54:00:01:02:03");
        expect(
            siteWith({
                machines: {
                    ...articleLab().machines,
                    nod0: { address: "192.168.0.200", roles: ["app"], mac: "52:54:00:00:00:01" },
                },
            }).machines[1]?.mac,
        ).toBe("52:54:00:00:00:01");
    });

    test("names memcacheds, routes and upstream servers as the article does", () => {
        const description = siteWith();
        expect(memcachedNodes(description)).toEqual([
            { name: "memcached1", address: "192.168.0.201", port: 11211 },
            { name: "memcached2", address: "192.168.0.202", port: 11211 },
        ]);
        expect(machinesWith(description, "app").map((machine) => jvmRoute(description, machine))).toEqual([
            "jvm200",
            "jvm202",
        ]);
        expect(upstreamServers(description)).toEqual([
            { address: "192.168.0.200", id: 1000 },
            { address: "192.168.0.202", id: 1001 },
        ]);
    });

    test("names a memcached after its machine, so that another one renames none", () => {
        const names = (machines: string[]) =>
            memcachedNodes(
                siteWith({
                    machines: {
                        ...articleLab().machines,
                        ...Object.fromEntries(
                            machines.map((name, index) => [
                                name,
                                { address: `192.168.0.${index + 20}`, roles: ["memcached"] },
                            ]),
                        ),
                    },
                }),
            ).map(({ name }) => name);
        expect(names(["nod12", "nod0", "cache", "web-2", "web2"])).toEqual([
            "memcached_cache",
            "memcached0",
            "memcached1",
            "memcached2",
            "memcached12",
            "memcached_web_2",
            "memcached_web2",
        ]);
    });

    test("gives each app server a route of its own in any network", () => {
        const route = (cidr: string, address: string) => {
            const machine = { ...siteWith().machines[0]!, address };
            return jvmRoute({ network: { ...siteWith().network, cidr } }, machine);
        };
        expect(route("192.168.0.0/16", "192.168.0.200")).toBe("jvm200");
        expect(route("192.168.0.0/16", "192.168.1.200")).toBe("jvm456");
        expect(route("10.0.0.0/8", "10.255.255.254")).toBe("jvm16777214");
        expect(route("192.168.0.192/26", "192.168.0.200")).toBe("jvm200");
    });
});
