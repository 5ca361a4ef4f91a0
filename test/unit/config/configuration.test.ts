import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { utils } from "ssh2";
import { afterEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { macFor } from "../../../config/configuration";
import { hypervisorOf, machinesWith } from "../../../config/description";
import { ConfigurationError } from "../../../config/mistakes";
import { secretKeys } from "../../../config/schema";
import { stackConfiguration } from "../../../config/stack-configuration";
import { UserError } from "../../../lib/errors";
import { readConfiguration as describeStack, readDescription } from "../../../roles/configuration";
import { jvmRoute, memcachedNodes, upstreamServers } from "../../../roles/sessions";
import { articleLab, onCentos, secrets, siteWith } from "../../support/article";

type Stack = ReturnType<typeof articleLab>;
type Change = (stack: Stack) => unknown;
/** `problem` and `remedy` as they are said, behind the setting's path. */
type Said = [path: string, problem: string, remedy: string];

function mistakesOf(change: Change): { said: Said[]; error: ConfigurationError | undefined } {
    const stack = articleLab();
    change(stack);
    try {
        describeStack(stack, "test");
        return { said: [], error: undefined };
    } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        return { said: error.mistakes.map(({ path: where, problem, remedy }) => [where, problem, remedy]), error };
    }
}

const machine = (stack: Stack, name: string) => stack.machines[name] as Stack["machines"][string];
const virtual = (stack: Stack, more: object = {}) =>
    Object.assign(
        stack,
        {
            machineKind: "vm",
            hypervisor: "qemu:///system",
            isolated: false,
            packageProxy: "none",
            image: { source: "/image.qcow2" },
        },
        more,
    );

describe("a good description", () => {
    test("has no mistake", () => {
        expect(mistakesOf(() => undefined).said).toEqual([]);
        expect(mistakesOf(virtual).said).toEqual([]);
        expect(
            mistakesOf((stack) => virtual(stack, { isolated: true, packageProxy: 3142, image: undefined })).said,
        ).toEqual([]);
    });

    test("may say little: the rest has defaults, the article's where it has one", () => {
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
            sessions: { memcachedMiB: 64, backup: "sync" },
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

    test("gives each machine its size, or its own", () => {
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

    test("keeps machines in the natural order of their names, in whichever order they came", () => {
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

    test("has MAC addresses of QEMU's, one for each address", () => {
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
        expect(machinesWith(description, "app").map(jvmRoute)).toEqual(["jvm200", "jvm202"]);
        expect(upstreamServers(description)).toEqual([
            { address: "192.168.0.200", id: 1000 },
            { address: "192.168.0.202", id: 1001 },
        ]);
    });
});

describe("hypervisors", () => {
    const [east, west] = ["qemu+ssh://root@198.51.100.7/system", "qemu+ssh://root@198.51.100.8:2222/system?keyfile=/k"];
    const bridge = { mode: "bridge", bridge: "br0", control: ["192.168.0.9"] };
    const placed = (stack: Stack, names: (string | undefined)[] = ["east", "west"]) =>
        Object.values(stack.machines).forEach((each, index) => {
            each.hypervisor = names[index % names.length];
        });
    /** Two of them, and the machines in turn on one and the other. */
    const spread = (stack: Stack, more: object = {}) => {
        placed(stack);
        return virtual(stack, { hypervisor: undefined, hypervisors: { west, east }, network: bridge, ...more });
    };
    const of = (change: Change) => {
        const stack = articleLab();
        change(stack);
        return describeStack(stack, "test").description;
    };

    test("are one that needs no name, or several, in the order of their names; a machine is on one of them", () => {
        expect(of((stack) => virtual(stack, { hypervisor: undefined })).hypervisors).toEqual([
            { uri: "qemu:///system" },
        ]);
        expect(of((stack) => virtual(stack, { hypervisor: east })).hypervisors).toEqual([{ uri: east }]);
        const description = of(spread);
        expect(description.hypervisors).toEqual([
            { name: "east", uri: east },
            { name: "west", uri: west },
        ]);
        expect(description.machines.map((each) => hypervisorOf(description, each).uri)).toEqual([
            west,
            east,
            west,
            east,
            west,
            east,
        ]);
    });

    test("are gone through where they are remote and have a network of their own, or the stack file says so", () => {
        const jump = (more: object) => of((stack) => virtual(stack, more)).network.jump;
        expect(jump({})).toBe(false);
        expect(jump({ hypervisor: east })).toBe(true);
        expect(jump({ hypervisor: east, network: { jump: false } })).toBe(false);
        expect(of(spread).network.jump).toBe(false);
        expect(of((stack) => spread(stack, { network: { ...bridge, jump: true } })).network.jump).toBe(true);
    });

    test.each<[string, Change, ...Said[]]>([
        [
            "that share no network",
            (stack) => spread(stack, { network: {} }),
            [
                "network.mode",
                "several hypervisors have no network in common but one that is there already",
                "set it to bridge, and network.bridge to a bridge that each hypervisor has into that network",
            ],
        ],
        [
            "named both ways",
            (stack) => spread(stack, { hypervisor: "qemu:///system" }),
            ["hypervisor", "stands beside lab:hypervisors", "keep one of the two"],
        ],
        [
            "that are one",
            (stack) => spread(stack, { hypervisors: { east, west: east } }),
            ["hypervisors.west", `${east} is east's too`, "name each hypervisor once"],
        ],
        [
            "of another kind",
            (stack) => spread(stack, { hypervisors: { east, west: "lxc:///system" } }),
            [
                "hypervisors.west",
                "lxc:///system makes no machine of kind vm",
                "use qemu:///system, or the other machineKind",
            ],
        ],
        [
            "a machine on one that is not there",
            (stack) => {
                spread(stack);
                machine(stack, "nod0").hypervisor = "north";
            },
            ["machines.nod0.hypervisor", "there is no hypervisor north", "choose from east, west"],
        ],
        [
            "a machine on one where none has a name",
            (stack) => {
                virtual(stack);
                machine(stack, "nod0").hypervisor = "north";
            },
            [
                "machines.nod0.hypervisor",
                "there is no hypervisor north",
                "leave it away, or name hypervisors: lab:hypervisors",
            ],
        ],
        [
            "a machine on none",
            (stack) => {
                spread(stack);
                delete machine(stack, "nod0").hypervisor;
            },
            ["machines.nod0.hypervisor", "does not say where the machine lives", "choose from east, west"],
        ],
        [
            "an isolated lab elsewhere",
            (stack) => virtual(stack, { hypervisor: east, isolated: true, packageProxy: 3142 }),
            [
                "hypervisor",
                "an isolated lab has a hypervisor of its own, on this machine",
                "take isolated away, or name qemu:///system or lxc:///system alone",
            ],
        ],
        [
            "an isolated lab on a bridge",
            (stack) => virtual(stack, { isolated: true, packageProxy: 3142, network: bridge }),
            ["network.mode", "an isolated lab has a network of its own", "take isolated away, or mode"],
        ],
        [
            "a bridge, and nobody who may log in",
            (stack) => virtual(stack, { network: { ...bridge, control: undefined } }),
            [
                "network.control",
                "in a network that is there already nobody knows where ssh to the machines comes from",
                "name the address that the machine that runs pulumi has in it, or its network",
            ],
        ],
        [
            "the same, through the hypervisors",
            (stack) => spread(stack, { network: { ...bridge, control: undefined, jump: true } }),
            [
                "network.control",
                "in a network that is there already nobody knows where ssh to the machines comes from",
                "name the addresses of the hypervisors in it",
            ],
        ],
        [
            "to go through one that is here",
            (stack) => virtual(stack, { network: { jump: true } }),
            [
                "network.jump",
                "a hypervisor without ssh in its URI is no jump host",
                "leave it away, or use qemu+ssh:// for each hypervisor",
            ],
        ],
    ])("%s", (_what, change, ...said) => expect(mistakesOf(change).said).toEqual(said));
});

describe("one mistake in the whole of a description", () => {
    const cases: [what: string, change: Change, ...said: Said[]][] = [
        [
            "a machine outside of the network",
            (stack) => {
                machine(stack, "nod0").address = "192.168.1.200";
            },
            [
                "machines.nod0.address",
                "192.168.1.200 is outside of the network 192.168.0.0/24",
                "choose an address inside it, or change lab:network.cidr",
            ],
        ],
        [
            "the virtual address outside of the network",
            (stack) => {
                stack.virtualAddress = "10.0.0.1";
            },
            [
                "virtualAddress",
                "10.0.0.1 is outside of the network 192.168.0.0/24",
                "choose an address inside it, or change lab:network.cidr",
            ],
        ],
        [
            "the gateway outside of the network",
            (stack) => {
                stack.network = { gateway: "192.168.1.1" };
            },
            [
                "network.gateway",
                "192.168.1.1 is outside of the network 192.168.0.0/24",
                "choose an address inside it, or change lab:network.cidr",
            ],
        ],
        [
            "the network's own address",
            (stack) => {
                machine(stack, "nod0").address = "192.168.0.0";
            },
            ["machines.nod0.address", "192.168.0.0 is the network's own or its broadcast address", "choose another"],
        ],
        [
            "the broadcast address of a network that is no /24",
            (stack) => {
                stack.network = { cidr: "192.168.0.192/26", gateway: "192.168.0.193" };
                stack.virtualAddress = "192.168.0.255";
            },
            ["virtualAddress", "192.168.0.255 is the network's own or its broadcast address", "choose another"],
        ],
        [
            "the virtual address taken",
            (stack) => {
                stack.virtualAddress = "192.168.0.203";
            },
            [
                "machines.nod3.address",
                "192.168.0.203 is taken: the virtual address has it",
                "give nod3 or the virtual address an address of its own",
            ],
        ],
        [
            "the gateway's address taken",
            (stack) => {
                machine(stack, "nod1").address = "192.168.0.1";
            },
            [
                "machines.nod1.address",
                "192.168.0.1 is taken: the gateway has it",
                "give nod1 or the gateway an address of its own",
            ],
        ],
        [
            "two machines with one address",
            (stack) => {
                machine(stack, "nod4").address = "192.168.0.203";
            },
            ["machines.nod4.address", "192.168.0.203 is taken: nod3 has it", "give nod4 or nod3 an address of its own"],
            ["machines.nod4.mac", "52:54:00:a8:00:cb is nod3's too", "leave mac away: one is made from the address"],
        ],
        [
            "two machines with one MAC",
            (stack) => {
                machine(stack, "nod4").mac = "52:54:00:a8:00:cb";
            },
            ["machines.nod4.mac", "52:54:00:a8:00:cb is nod3's too", "leave mac away: one is made from the address"],
        ],
        [
            "no database",
            (stack) => {
                delete stack.machines.mysql;
            },
            [
                "machines",
                "no machine has the role database: the site would have no database",
                "add database to the roles of a machine",
            ],
        ],
        [
            "no director",
            (stack) => {
                delete stack.machines.nod3;
                delete stack.machines.nod4;
            },
            [
                "machines",
                "no machine has the role director: nothing would hold the virtual address",
                "add director to the roles of a machine",
            ],
        ],
        [
            "no app server",
            (stack) => {
                delete stack.machines.nod0;
                machine(stack, "nod2").roles = ["memcached"];
            },
            [
                "machines",
                "no machine has the role app: nothing would run the site",
                "add app to the roles of a machine",
            ],
        ],
        [
            "no memcached",
            (stack) => {
                delete stack.machines.nod1;
                machine(stack, "nod2").roles = ["app"];
            },
            [
                "machines",
                "no machine has the role memcached: sessions would have nowhere to be kept",
                "add memcached to the roles of a machine",
            ],
        ],
        [
            "two databases",
            (stack) => {
                machine(stack, "nod1").roles = ["memcached", "database"];
            },
            [
                "machines.nod1.roles",
                "a second database: replication is not what this project does",
                "keep the role database on one machine",
            ],
        ],
        [
            "a role twice",
            (stack) => {
                machine(stack, "nod1").roles = ["memcached", "memcached"];
            },
            ["machines.nod1.roles", "memcached stands there twice", "name it once"],
        ],
        [
            "an app server that is a director",
            (stack) => {
                machine(stack, "nod3").roles = ["director", "app"];
            },
            ["machines.nod3.roles", "app and director both serve port 80", "put them on two machines"],
        ],
        [
            "a director without priority",
            (stack) => {
                delete machine(stack, "nod4").priority;
            },
            [
                "machines.nod4.priority",
                "a director has no priority",
                "give each director a number from 1 to 254; the highest one holds the virtual address",
            ],
        ],
        [
            "a priority on another machine",
            (stack) => {
                machine(stack, "nod0").priority = 7;
            },
            [
                "machines.nod0.priority",
                "only directors have a priority",
                "remove it, or add director to the machine's roles",
            ],
        ],
        [
            "more heap than the machine has memory",
            (stack) => {
                stack.tomcat = { heapMiB: 4096 };
                Object.assign(machine(stack, "nod0"), { memoryMiB: 8192 });
            },
            [
                "machines.nod2.memoryMiB",
                "1024 MiB are too few: the system needs 96 MiB, memcached needs 80 MiB, app needs 4288 MiB",
                "give the machine 4464 MiB or more, or its roles less (tomcat.heapMiB, sessions.memcachedMiB)",
            ],
        ],
        [
            "more memory for sessions than the machines have",
            (stack) => {
                stack.sessions = { memcachedMiB: 4096 };
                Object.assign(machine(stack, "nod2"), { memoryMiB: 8192 });
            },
            [
                "machines.nod1.memoryMiB",
                "1024 MiB are too few: the system needs 96 MiB, memcached needs 4112 MiB",
                "give the machine 4208 MiB or more, or its roles less (tomcat.heapMiB, sessions.memcachedMiB)",
            ],
        ],
        [
            "two directors with one priority",
            (stack) => {
                machine(stack, "nod4").priority = 180;
            },
            [
                "machines.nod4.priority",
                "180 is nod3's priority, too: chance would choose the holder of the virtual address",
                "give each director a priority of its own",
            ],
        ],
        [
            "two app servers with one route",
            (stack) => {
                stack.network = { cidr: "192.168.0.0/16" };
                machine(stack, "nod2").address = "192.168.1.200";
            },
            [
                "machines.nod2.address",
                "its session route would be jvm200, which is nod0's: the last number of their addresses is the same",
                "choose addresses of app servers that differ in their last number",
            ],
        ],
        [
            "a failover node that is none",
            (stack) => {
                stack.sessions = { failoverNodes: ["memcached1", "memcached7"] };
            },
            ["sessions.failoverNodes[1]", "there is no memcached7", "choose from memcached1, memcached2"],
        ],
        [
            "a memcached client of another release",
            (stack) => {
                stack.sessions = { client: "spymemcached-2.12.0" };
            },
            [
                "sessions.client",
                "spymemcached-2.12.0 does not go with the session manager of the release article",
                "choose from spymemcached-2.11.7, spymemcached-2.11.1, or leave it away",
            ],
        ],
        [
            "a database server that the platform does not have",
            (stack) => {
                stack.database = { server: "mysql" };
            },
            ["database.server", "no mysql installs on debian-13", "choose from mariadb, or leave it away"],
        ],
        [
            "a JDK that the platform does not have",
            (stack) => {
                stack.java = "oracle-rpm";
            },
            ["java", "no oracle-rpm installs on debian-13", "choose from openjdk, or leave it away"],
        ],
        [
            "a server that does not compile there",
            (stack) => {
                delete stack.director;
            },
            [
                "director.source",
                "tengine-2.1.0 does not compile on debian-13: it is written for OpenSSL 1.0, a glibc before 2.28 and a compiler with fewer warnings than gcc 7's",
                "choose from nginx-1.26.3, tengine-3.1.0",
            ],
        ],
        [
            "failover nodes only",
            (stack) => {
                stack.sessions = { failoverNodes: ["memcached2", "memcached1"] };
            },
            [
                "sessions.failoverNodes",
                "every memcached is a failover node: none is left for daily use",
                "leave at least one out; with a single memcached, set it to []",
            ],
        ],
        [
            "an advert interval that VRRP cannot say",
            (stack) => {
                stack.keepalived = { advertInterval: 0.125 };
            },
            [
                "keepalived.advertInterval",
                "0.125 s is no whole number of centiseconds, which is how VRRP counts",
                "choose for example 0.2 or 1",
            ],
        ],
        [
            "containers from QEMU",
            (stack) => {
                stack.hypervisor = "qemu:///system";
            },
            [
                "hypervisor",
                "qemu:///system makes no machine of kind container",
                "use lxc:///system, or the other machineKind",
            ],
        ],
        [
            "virtual machines from LXC",
            (stack) => {
                virtual(stack, { hypervisor: "lxc:///system" });
            },
            ["hypervisor", "lxc:///system makes no machine of kind vm", "use qemu:///system, or the other machineKind"],
        ],
        [
            "containers in no lab of their own",
            (stack) => {
                stack.isolated = false;
            },
            ["isolated", "containers are made in a lab of this machine's own", "set it to true"],
        ],
        [
            "an isolated lab without a package proxy",
            (stack) => {
                stack.packageProxy = "none";
            },
            [
                "packageProxy",
                "the machines of an isolated lab reach no mirror without a package proxy",
                "set it to a port, for example 3142",
            ],
        ],
        [
            "a package proxy for packages that it has not",
            (stack) => {
                virtual(stack, { platform: "centos-stream-9", packageProxy: 3142 });
            },
            [
                "packageProxy",
                "centos-stream-9 has no words for one, and the lab's has Debian's packages only",
                "leave it away",
            ],
        ],
        [
            "virtual machines without an image",
            (stack) => {
                virtual(stack, { image: undefined });
            },
            [
                "image",
                "debian-13 has an image for virtual machines in isolated labs only",
                "name one: lab:image: { source: PATH-OR-ADDRESS, sha256: SUM }",
            ],
        ],
        [
            "a platform that is no container",
            (stack) => {
                stack.platform = "centos-7";
            },
            ["platform", "centos-7 is not to be had as a container", "choose from debian-13"],
        ],
    ];
    test.each(cases)("%s", (_what, change, ...said) => {
        expect(mistakesOf(change).said).toEqual(said);
    });
});

describe("one value that is wrong in itself", () => {
    const correct = "correct the value";
    const cases: [what: string, change: Change, ...said: Said[]][] = [
        [
            "no address",
            (stack) => {
                machine(stack, "nod0").address = "192.168.0.256";
            },
            ["machines.nod0.address", `"192.168.0.256" is no IPv4 address, such as 192.168.0.200`, correct],
        ],
        [
            "an address with leading zeros",
            (stack) => {
                stack.virtualAddress = "192.168.000.111";
            },
            ["virtualAddress", `"192.168.000.111" is no IPv4 address, such as 192.168.0.200`, correct],
        ],
        [
            "no network",
            (stack) => {
                stack.network = { cidr: "192.168.0.0/31" };
            },
            ["network.cidr", `"192.168.0.0/31" is no IPv4 network between /8 and /30, such as 192.168.0.0/24`, correct],
        ],
        [
            "a network without a prefix",
            (stack) => {
                stack.network = { cidr: "192.168.0.0" };
            },
            ["network.cidr", `"192.168.0.0" is no IPv4 network between /8 and /30, such as 192.168.0.0/24`, correct],
        ],
        [
            "no bridge's name",
            (stack) => {
                stack.network = { bridge: "a-bridge-with-a-long-name" };
            },
            [
                "network.bridge",
                `"a-bridge-with-a-long-name" is no name of a network interface (15 characters at most)`,
                correct,
            ],
        ],
        [
            "nobody to control it",
            (stack) => {
                stack.network = { control: [] };
            },
            ["network.control", "[] is empty: nobody, this program included, could log in", correct],
        ],
        [
            "control from nowhere",
            (stack) => {
                stack.network = { control: ["here"] };
            },
            ["network.control[0]", `"here" is neither an IPv4 address nor a network`, correct],
        ],
        [
            "no machine's name",
            (stack) => {
                stack.machines = { ...stack.machines, Nod_5: { address: "192.168.0.206", roles: ["app"] } };
            },
            [
                "machines.Nod_5",
                "Nod_5 is no host name: lower-case letters, digits and hyphens, a letter first",
                "correct the name",
            ],
        ],
        [
            "no machines",
            (stack) => {
                stack.machines = {};
            },
            ["machines", "{} is empty: a site needs machines", correct],
        ],
        [
            "no role",
            (stack) => {
                machine(stack, "nod0").roles = [];
            },
            [
                "machines.nod0.roles",
                "[] is empty: a machine without a role has nothing to do; give it one or remove the machine",
                correct,
            ],
        ],
        [
            "no such role",
            (stack) => {
                machine(stack, "nod0").roles = ["app", "web"];
            },
            ["machines.nod0.roles[1]", `"web" is none of database, memcached, app, director`, correct],
        ],
        [
            "no MAC",
            (stack) => {
                machine(stack, "nod0").mac = "52:54:00:AA:BB:CC";
            },
            [
                "machines.nod0.mac",
                `"52:54:00:AA:BB:CC" must be like 52:54:00:12:34:56, in lower case (QEMU's prefix)`,
                correct,
            ],
        ],
        [
            "priority too high",
            (stack) => {
                machine(stack, "nod3").priority = 255;
            },
            ["machines.nod3.priority", "255 is too big: 254 at most", correct],
        ],
        [
            "priority too low",
            (stack) => {
                machine(stack, "nod3").priority = 0;
            },
            ["machines.nod3.priority", "0 is too small: 1 at least", correct],
        ],
        [
            "half a mebibyte",
            (stack) => {
                machine(stack, "nod0").memoryMiB = 512.5;
            },
            ["machines.nod0.memoryMiB", "512.5 is not a whole number", correct],
        ],
        [
            "a disk in words",
            (stack) => {
                stack.machineSize = { diskGiB: "ten" };
            },
            ["machineSize.diskGiB", `"ten" is not a number`, correct],
        ],
        [
            "no kind of machine",
            (stack) => {
                stack.machineKind = "pod";
            },
            ["machineKind", `"pod" is none of vm, container`, correct],
        ],
        [
            "no platform",
            (stack) => {
                stack.platform = "debian-12";
            },
            ["platform", `"debian-12" is none of centos-7, centos-stream-9, debian-13`, correct],
        ],
        [
            "no release",
            (stack) => {
                stack.release = "newest";
            },
            ["release", `"newest" is none of article, maintained`, correct],
        ],
        [
            "no source",
            (stack) => {
                stack.director = { source: "apache" };
            },
            ["director.source", `"apache" is none of nginx-1.26.3, tengine-3.1.0, tengine-2.1.0`, correct],
        ],
        [
            "no affinity",
            (stack) => {
                stack.director = { affinity: "ip" };
            },
            ["director.affinity", `"ip" is none of session, uri`, correct],
        ],
        [
            "no hypervisor",
            (stack) => {
                stack.hypervisor = "here";
            },
            [
                "hypervisor",
                `"here" is no libvirt URI, such as qemu:///system, lxc:///system or qemu+ssh://root@HOST/system`,
                correct,
            ],
        ],
        [
            "ssh to no host",
            (stack) => virtual(stack, { hypervisor: "qemu+ssh:///system" }),
            [
                "hypervisor",
                `"qemu+ssh:///system" is no libvirt URI, such as qemu:///system, lxc:///system or qemu+ssh://root@HOST/system`,
                correct,
            ],
        ],
        [
            "no hypervisors",
            (stack) => virtual(stack, { hypervisor: undefined, hypervisors: {} }),
            ["hypervisors", "{} is empty: name a hypervisor, or leave it away", correct],
        ],
        [
            "a bridge without a name",
            (stack) => virtual(stack, { network: { mode: "bridge", control: ["192.168.0.9"] } }),
            ["network.bridge", "is missing", "add it to Pulumi.test.yaml; Pulumi.local.yaml is an example"],
        ],
        [
            "neither true nor false",
            (stack) => {
                stack.isolated = "perhaps";
            },
            ["isolated", `"perhaps" is not true or false`, correct],
        ],
        [
            "no port",
            (stack) => {
                stack.packageProxy = 70_000;
            },
            ["packageProxy", "70000 is too big: 65535 at most", correct],
        ],
        [
            "no port at all",
            (stack) => {
                stack.packageProxy = "apt";
            },
            ["packageProxy", `"apt" is neither a port nor none`, correct],
        ],
        [
            "no image",
            (stack) => {
                stack.image = { source: "image.qcow2" };
            },
            ["image.source", `"image.qcow2" is neither an absolute path nor an http(s) address`, correct],
        ],
        [
            "no sum",
            (stack) => {
                stack.image = { source: "/image.qcow2", sha256: "ABC" };
            },
            ["image.sha256", `"ABC" is no sha256 in lower-case hexadecimal`, correct],
        ],
        [
            "no host name",
            (stack) => {
                stack.site = { hostName: "www test" };
            },
            ["site.hostName", `"www test" is no DNS name, such as www.example.org`, correct],
        ],
        [
            "no database's name",
            (stack) => {
                stack.database = { name: "my-site" };
            },
            ["database.name", `"my-site" must be letters, digits and underscores, a letter first, 31 at most`, correct],
        ],
        [
            "the database's own user",
            (stack) => {
                stack.database = { user: "root" };
            },
            ["database.user", `"root" is an account of the server's own; the site needs another`, correct],
        ],
        [
            "a privileged port",
            (stack) => {
                stack.tomcat = { port: 80 };
            },
            ["tomcat.port", "80 is too small: 1024 at least", correct],
        ],
        [
            "no way to back up",
            (stack) => {
                stack.sessions = { backup: "never" };
            },
            ["sessions.backup", `"never" is none of sync, async`, correct],
        ],
        [
            "no virtual router",
            (stack) => {
                stack.keepalived = { virtualRouterId: 256 };
            },
            ["keepalived.virtualRouterId", "256 is too big: 255 at most", correct],
        ],
        [
            "no mail address",
            (stack) => {
                stack.keepalived = { notify: { to: ["admin@example.org", "admin"] } };
            },
            ["keepalived.notify.to[1]", `"admin" is no e-mail address`, correct],
        ],
        [
            "a map that is none",
            (stack) => {
                stack.network = "192.168.0.0/24";
            },
            ["network", `"192.168.0.0/24" is not a map`, correct],
        ],
        [
            "a list that is none",
            (stack) => {
                Object.assign(machine(stack, "nod0"), { roles: "app" });
            },
            ["machines.nod0.roles", `"app" is not a list`, correct],
        ],
        [
            "nothing at all",
            (stack) => {
                stack.machines = Object.assign({ ...stack.machines }, { nod0: null });
            },
            ["machines.nod0", "null is not a map", correct],
        ],
        [
            "what has to be there",
            (stack) => {
                delete stack.virtualAddress;
            },
            ["virtualAddress", "is missing", "add it to Pulumi.test.yaml; Pulumi.local.yaml is an example"],
        ],
        [
            "a setting that does not exist",
            (stack) => {
                Object.assign(machine(stack, "nod0"), { colour: "red" });
            },
            [
                "machines.nod0.colour",
                "no such setting",
                "look for a typing mistake; the README's configuration table lists all settings",
            ],
        ],
        [
            "two of them",
            (stack) => {
                Object.assign(stack, { vip: "1", machnies: {} });
            },
            [
                "vip, lab:machnies",
                "no such setting",
                "look for a typing mistake; the README's configuration table lists all settings",
            ],
        ],
    ];
    test.each(cases)("%s", (_what, change, ...said) => {
        expect(mistakesOf(change).said).toEqual(said);
    });
});

describe("secrets", () => {
    test("that are missing are made by ./lab init", () => {
        const { said } = mistakesOf((stack) => {
            for (const key of secretKeys) delete stack[key];
        });
        expect(said).toEqual(
            secretKeys.map((key) => [key, "is not there", "run ./lab init test, which makes what is missing"]),
        );
    });

    const passphrase = utils.generateKeyPairSync("ed25519", {
        passphrase: "12345",
        cipher: "aes256-ctr",
        rounds: 1,
    }).private;
    const cases: [key: string, value: unknown, problem: string][] = [
        ["databasePassword", "hunter2", "its value is too short: 8 characters at least"],
        [
            "databasePassword",
            "hunter2'--hunter2",
            "its value may hold letters, digits and _ . , : ; + * / = @ ! ? ( ) [ ] { } ^ ~ - only",
        ],
        ["databasePassword", "hunter2".repeat(10), "its value is too long: 64 characters at most"],
        ["vrrpPassword", "hunter222", "its value is too long: VRRP cuts it after 8 characters"],
        // keepalived.conf(5): what follows it would be a comment.
        ["vrrpPassword", "hunter!2", "its value may hold letters, digits and _ . , : ; + * / = ? ^ ~ - only"],
        ["vrrpPassword", "", "its value may hold letters, digits and _ . , : ; + * / = ? ^ ~ - only"],
        ["loginKey", "hunter2", "its value is no private key in PEM or OpenSSH format, or one with a passphrase"],
        [
            "loginKey",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----\n",
            "its value is no private key in PEM or OpenSSH format, or one with a passphrase",
        ],
        ["loginKey", passphrase, "its value is no private key in PEM or OpenSSH format, or one with a passphrase"],
        ["hostKeySeed", "hunter2", "its value must be 32 bytes in hexadecimal"],
        ["hostKeySeed", 22222, "its value is not text"],
    ];
    test.each(cases)("a wrong %s is told without its value (%#)", (key, value, problem) => {
        const { said, error } = mistakesOf((stack) => {
            stack[key] = value;
        });
        expect(said).toEqual([[key, problem, "correct the value"]]);
        if (value !== "") expect(`${error?.stack} ${JSON.stringify(error)}`).not.toContain(String(value));
        expect(`${error?.stack} ${JSON.stringify(error)}`).not.toMatch(/hunter|22222/);
    });

    test("no error about anything else holds one", () => {
        const { error } = mistakesOf((stack) => {
            stack.virtualAddress = "nowhere";
            stack.databasepassword = secrets.databasePassword;
            machine(stack, "nod4").priority = 180;
        });
        expect(error?.mistakes.length).toBeGreaterThan(1);
        for (const secret of Object.values(secrets))
            expect(`${error?.message} ${error?.remedy} ${JSON.stringify(error)}`).not.toContain(secret);
    });

    test("are apart from what is shown, which can be looked at without them", () => {
        const { description, secrets: found } = describeStack(articleLab(), "test");
        expect(found).toEqual(secrets);
        expect(Object.keys(description)).toEqual(expect.not.arrayContaining([...secretKeys]));
        const open = Object.fromEntries(Object.entries(articleLab()).filter(([key]) => !(key in secrets)));
        expect(readDescription(open, "test")).toEqual(description);
    });
});

describe("all mistakes at once", () => {
    test("of the whole: one error, for a person to read", () => {
        const { error, said } = mistakesOf((stack) => {
            machine(stack, "nod0").address = "10.0.0.1";
            stack.virtualAddress = "192.168.0.203";
            machine(stack, "nod4").priority = 180;
            delete stack.machines.mysql;
            machine(stack, "nod1").address = "192.168.0.202";
        });
        expect(said.map(([where]) => where)).toEqual([
            "machines.nod0.address",
            "machines.nod2.address",
            "machines.nod3.address",
            "machines.nod2.mac",
            "machines",
            "machines.nod4.priority",
        ]);
        expect(error).toBeInstanceOf(UserError);
        expect(error?.message.split("\n").slice(0, 3)).toEqual([
            "Pulumi.test.yaml has 6 mistakes; nothing was created or changed:",
            "  lab:machines.nod0.address: 10.0.0.1 is outside of the network 192.168.0.0/24.",
            "      Remedy: choose an address inside it, or change lab:network.cidr.",
        ]);
        expect(error?.remedy).toBe("correct Pulumi.test.yaml");
    });

    test("of single values, of several kinds", () => {
        expect(
            mistakesOf((stack) => {
                stack.platform = "plan9";
                machine(stack, "nod0").roles = ["web"];
                delete stack.virtualAddress;
                stack.hostKeySeed = "x";
            }).said.map(([where]) => where),
        ).toEqual(["platform", "virtualAddress", "machines.nod0.roles[0]", "hostKeySeed"]);
    });

    test("a typing mistake and a missing secret hide nothing that is wrong with the whole", () => {
        const { said } = mistakesOf((stack) => {
            delete stack.loginKey;
            stack.vitualAddress = "192.168.0.9";
            Object.assign(machine(stack, "nod4"), { prority: 179 });
            delete machine(stack, "nod4").priority;
            stack.virtualAddress = "192.168.0.203";
        });
        expect(said.map(([where]) => where)).toEqual([
            "machines.nod4.prority",
            "vitualAddress",
            "machines.nod3.address",
            "machines.nod4.priority",
            "loginKey",
        ]);
    });

    test("one mistake is one", () => {
        expect(
            mistakesOf((stack) => {
                stack.virtualAddress = "10.0.0.1";
            }).error?.message,
        ).toMatch(/^Pulumi\.test\.yaml has a mistake; /);
    });
});

describe("readStack", () => {
    afterEach(() => pulumi.runtime.setAllConfig({}));

    test("takes the project's own keys, and makes values of what Pulumi hands over as text", () => {
        pulumi.runtime.setAllConfig({
            "lab:isolated": "true",
            "lab:packageProxy": "3142",
            "lab:network": `{"cidr":"192.168.0.0/24"}`,
            "lab:platform": "debian-13",
            "lab:virtualAddress": "192.168.0.111",
            "other:isolated": "false",
            "lab:list": `["a"]`,
        });
        expect(stackConfiguration()).toEqual({
            isolated: true,
            packageProxy: 3142,
            network: { cidr: "192.168.0.0/24" },
            platform: "debian-13",
            virtualAddress: "192.168.0.111",
            list: ["a"],
        });
    });

    test("leaves alone what would lose something as a number, and secrets whatever they look like", () => {
        pulumi.runtime.setAllConfig({
            "lab:version": "1.10",
            "lab:big": "12345678901234567890",
            "lab:vrrpPassword": "1111",
            "lab:hostKeySeed": "12".repeat(32),
            "lab:databasePassword": "true",
        });
        expect(stackConfiguration()).toEqual({
            version: "1.10",
            big: "12345678901234567890",
            vrrpPassword: "1111",
            hostKeySeed: "12".repeat(32),
            databasePassword: "true",
        });
    });
});

describe("the stack files that come with the project", () => {
    const checkout = path.join(__dirname, "../../..");
    const settings = (name: string) => {
        const { config } = parse(fs.readFileSync(path.join(checkout, `Pulumi.${name}.yaml`), "utf8")) as {
            config: Record<string, unknown>;
        };
        return Object.fromEntries(
            Object.entries(config)
                .map(([key, value]): [string, unknown] => [key.replace(/^lab:/, ""), value])
                .filter(([key]) => !(key in secrets)),
        );
    };

    test.each(["local", "dev"])("Pulumi.%s.yaml has no mistake, and the article's machines", (name) => {
        const { description } = describeStack({ ...settings(name), ...secrets }, name);
        expect(description.machines.map((one) => [one.name, one.address, one.roles, one.priority])).toEqual(
            siteWith().machines.map((one) => [one.name, one.address, one.roles, one.priority]),
        );
        expect([description.network.cidr, description.virtualAddress]).toEqual(["192.168.0.0/24", "192.168.0.111"]);
    });
});
