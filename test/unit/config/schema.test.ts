import { describe, expect, test } from "vitest";
import { type Change, type Said, machine, mistakesOf, virtual } from "../../support/mistakes";

describe("a wrong value", () => {
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
            ["machines.nod0.roles[1]", `"web" is none of database, memcached, app, director, monitor, sms`, correct],
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
            "no telephone number",
            (stack) => {
                stack.sms = { numbers: ["+15555550100", "013800138000"] };
            },
            ["sms.numbers[1]", `"013800138000" is no telephone number in E.164 format, such as +15555550100`, correct],
        ],
        [
            "a device that is none",
            (stack) => {
                stack.sms = { device: "ttyUSB0" };
            },
            ["sms.device", `"ttyUSB0" is neither dummy nor a path below /dev`, correct],
        ],
        [
            "no relay",
            (stack) => {
                stack.monitoring = { mail: { relay: "mail.example.org:65536" } };
            },
            ["monitoring.mail.relay", `"mail.example.org:65536" is no HOST:PORT, such as 192.168.0.10:25`, correct],
        ],
        [
            "no time zone",
            (stack) => {
                stack.monitoring = { workingHours: { timeZone: "Europe/Atlantis" } };
            },
            [
                "monitoring.workingHours.timeZone",
                `"Europe/Atlantis" is no time zone, such as Europe/Berlin, Asia/Shanghai or UTC`,
                correct,
            ],
        ],
        [
            "an abbreviation of a time zone",
            (stack) => {
                stack.monitoring = { workingHours: { timeZone: "CST" } };
            },
            [
                "monitoring.workingHours.timeZone",
                `"CST" is no time zone, such as Europe/Berlin, Asia/Shanghai or UTC`,
                correct,
            ],
        ],
        [
            "hours that end before they begin",
            (stack) => {
                stack.monitoring = { workingHours: { from: "18:00", to: "09:00" } };
            },
            [
                "monitoring.workingHours.to",
                `"09:00" is not after \`from\`; hours that go over midnight end at 24:00`,
                correct,
            ],
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
                "look for a typing mistake; docs/configuration.md lists all settings",
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
                "look for a typing mistake; docs/configuration.md lists all settings",
            ],
        ],
    ];
    test.each(cases)("%s", (_what, change, ...said) => {
        expect(mistakesOf(change).said).toEqual(said);
    });
});
