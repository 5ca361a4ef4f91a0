import { describe, expect, test } from "vitest";
import { readConfiguration as describeStack } from "../../../roles/configuration";
import { hypervisorOf } from "../../../config/description";
import { articleLab } from "../../support/article";
import { type Change, type Said, type Stack, machine, mistakesOf, virtual } from "../../support/mistakes";

describe("hypervisors", () => {
    const [east, west] = ["qemu+ssh://root@198.51.100.7/system", "qemu+ssh://root@198.51.100.8:2222/system?keyfile=/k"];
    const bridge = { mode: "bridge", bridge: "br0", control: ["192.168.0.9"] };
    const placed = (stack: Stack, names: (string | undefined)[] = ["east", "west"]) =>
        Object.values(stack.machines).forEach((each, index) => {
            each.hypervisor = names[index % names.length];
        });
    /** Two hypervisors, and the machines alternately on them. */
    const spread = (stack: Stack, more: object = {}) => {
        placed(stack);
        return virtual(stack, { hypervisor: undefined, hypervisors: { west, east }, network: bridge, ...more });
    };
    const of = (change: Change) => {
        const stack = articleLab();
        change(stack);
        return describeStack(stack, "test").description;
    };

    test("are one without a name, or several in the order of their names; each machine is on one", () => {
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

    test("are jump hosts if they are remote and have their own network, or if the stack file says so", () => {
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

describe("settings that contradict each other", () => {
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
            "sessions larger than memcached has room for",
            (stack) => {
                stack.sessions = { maxKiB: 4097 };
            },
            [
                "sessions.maxKiB",
                "fewer than 16 sessions of 4097 KiB fit into sessions.memcachedMiB (64)",
                "set it to 4096 or less, or sessions.memcachedMiB to 65 or more",
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
            "less time for an answer than for two attempts to connect",
            (stack) => {
                stack.director = { source: "nginx-1.26.3", timeouts: { connectSeconds: 2.5, answerSeconds: 5 } };
            },
            [
                "director.timeouts.answerSeconds",
                "5 s do not suffice for two attempts to connect, of 2.5 s each",
                "choose more than 5, or less for director.timeouts.connectSeconds",
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
