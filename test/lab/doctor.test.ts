/** `./lab doctor` against a real libvirtd, without and with obstacles. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { silent } from "../../lib/progress";
import { run } from "../../lib/run";
import { ensureIsolatedHost, removeIsolatedHost, type IsolatedHost } from "../../launcher/isolated-host/index";
import type { Finding } from "../../launcher/commands/doctor/finding";
import { Checkout } from "../support/checkout";
import { eventually } from "../support/host-state";
import { cacheFolder } from "../../lib/environment";

const cache = cacheFolder();
/** A stack with three machines; no test here makes them. */
const stackFile = (image: string) => `config:
  lab:machineKind: vm
  lab:platform: debian-13
  lab:image: { source: ${image} }
  lab:virtualAddress: 192.168.0.111
  lab:director: { source: nginx-1.26.3 }
  lab:machines:
    nod0: { address: 192.168.0.200, roles: [ app ] }
    nod1: { address: 192.168.0.201, roles: [ memcached, database ] }
    nod3: { address: 192.168.0.203, roles: [ director ], priority: 180 }
`;

let lab: Checkout;
/** Namespaces that stand for a machine with a system libvirtd. The doctor runs inside. */
let isolatedHost: IsolatedHost;
let home: string;

beforeAll(async () => {
    lab = await Checkout.create();
    home = join(lab.home, "machine");
    isolatedHost = await ensureIsolatedHost({ home, cache, kind: "vm", progress: silent });
    // For users other than root.
    for (const folder of [join(lab.folder, ".."), lab.folder]) chmodSync(folder, 0o755);
});
beforeEach(() => lab.write("Pulumi.trial.yaml", stackFile(join(lab.folder, "package.json"))));
afterAll(async () => {
    await removeIsolatedHost({ home, progress: silent });
    await lab.remove();
});

const virsh = (...words: string[]) => inside("virsh", "-q", "-c", "qemu:///system", ...words);
const inside = (...argv: string[]) => run(isolatedHost.enter(argv) as [string, ...string[]]);

/** Sends VRRP adverts by multicast, as keepalived does, until its standard input ends. */
function advertise(device: string, address: string, virtualRouterId: number) {
    const script = `
import select, socket, struct, sys
device, source, router_id = sys.argv[1], socket.inet_aton(sys.argv[2]), int(sys.argv[3])
advert = struct.pack("!BBBBHH4s", 0x31, router_id, 100, 1, 20, 0, socket.inet_aton("192.168.0.99"))
group = socket.inet_aton("224.0.0.18")
def header(checksum):
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(advert), 0, 0, 255, 112, checksum, source, group)
# A bridge drops multicast with a wrong header checksum.
total = sum(struct.unpack("!10H", header(0)))
packet = header(~(total % 0xffff) & 0xffff) + advert
frame = bytes.fromhex("01005e000012") + bytes.fromhex("020000000001") + struct.pack("!H", 0x0800)
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind((device, 0))
while not select.select([sys.stdin], [], [], 0.2)[0]:
    link.send(frame + packet)
`;
    const [program = "", ...words] = isolatedHost.enter([
        "python3",
        "-c",
        script,
        device,
        address,
        String(virtualRouterId),
    ]);
    return spawn(program, words, { stdio: ["pipe", "inherit", "inherit"] });
}

/**
 * The doctor's findings inside the machine, for a stack that its backend does not know. `by` is a program that changes
 * the user.
 */
async function examine(...by: string[]): Promise<{ code: number; findings: Finding[] }> {
    const env = [
        `PULUMI_BACKEND_URL=file://${lab.home}`,
        "PULUMI_CONFIG_PASSPHRASE=test",
        `LAB_HOME=${lab.home}`,
        "LAB_STACK=",
    ];
    const script = `cd ${lab.folder} && env ${env.join(" ")} ${by.join(" ")} ./lab doctor -s trial --json; echo "exit $?"`;
    const [, json = "", code] = /^([^]*)exit (\d)\n$/.exec(await inside("sh", "-c", script)) ?? [];
    return { code: Number(code), findings: (JSON.parse(json) as { findings: Finding[] }).findings };
}
const notGood = (findings: Finding[]) =>
    findings
        .filter(({ result, subject }) => result !== "good" && subject !== "KVM")
        .map(({ check, subject, result, remedy }) => {
            expect(remedy, `${check}, ${subject}`).toBeTruthy();
            return `${result}: ${check}, ${subject}`;
        });

describe("a stack with virtual machines", () => {
    test("where nothing is in the way, and nothing of the trial machine is left", async () => {
        const leftovers = async () =>
            [
                await virsh("list", "--all"),
                await virsh("pool-list", "--all"),
                await inside("ls", "/var/lib/libvirt/images"),
            ].join("");
        const { code, findings } = await examine();
        expect(notGood(findings)).toEqual([]);
        expect(code).toBe(0);
        const found = Object.fromEntries(findings.map((finding) => [`${finding.check}, ${finding.subject}`, finding]));
        expect(found["trial machine, image access"]).toMatchObject({
            result: "good",
            seen: expect.stringContaining("/var/lib/libvirt/images/lab-doctor") as string,
        });
        expect(found["trial machine, emulation"]?.seen).toMatch(/^ran its firmware in \d+\.\d s$/);
        // The finding may be good or bad, as not every machine has KVM; but there must be one.
        expect(found["trial machine, KVM"]?.result).toMatch(/good|warning/);
        expect(found["libvirt, qemu:///system"]?.seen).toMatch(/libvirt \d.*QEMU \d/);
        expect((await leftovers()).trim()).toBe("");
    });

    test("where names, addresses and the bridge are taken, and the image is not there", async () => {
        const define = async (kind: string, xml: string) => {
            writeFileSync(join(lab.home, "define.xml"), xml);
            await virsh(kind, join(lab.home, "define.xml"));
        };
        await define("net-define", "<network><name>lab</name><bridge name='virbr7'/></network>");
        await define(
            "net-define",
            "<network><name>other</name><bridge name='lab0'/><ip address='192.168.0.129' netmask='255.255.255.128'/></network>",
        );
        await define(
            "define",
            "<domain type='qemu'><name>nod1</name><memory>65536</memory><os><type>hvm</type></os></domain>",
        );
        await inside("ip", "link", "add", "strange0", "type", "bridge");
        await inside("ip", "address", "add", "192.168.0.77/24", "dev", "strange0");
        await inside("ip", "link", "set", "strange0", "up");
        lab.write("Pulumi.trial.yaml", stackFile("/no/such/image.qcow2"));
        try {
            const { code, findings } = await examine();
            expect(notGood(findings)).toEqual([
                "bad: image, /no/such/image.qcow2",
                "bad: names, network lab",
                "bad: names, machine nod1",
                "bad: addresses, 192.168.0.0/24",
                "bad: addresses, bridge lab0",
                "bad: addresses, 192.168.0.0/24",
            ]);
            expect(findings.filter(({ check }) => check === "addresses").map(({ seen }) => seen)).toEqual([
                "libvirt's network other has 192.168.0.129/25",
                "libvirt's network other has it",
                "a route to 192.168.0.0/24 exists, through strange0",
            ]);
            expect(code).toBe(1);
        } finally {
            await inside("ip", "link", "delete", "strange0");
            for (const name of ["lab", "other"]) await virsh("net-undefine", name);
            await virsh("undefine", "nod1");
        }
    });

    test("on a bridge where somebody else uses the virtual router id", async () => {
        await inside("ip", "link", "add", "br0", "type", "bridge");
        await inside("ip", "link", "add", "stranger", "type", "veth", "peer", "name", "port");
        await inside("ip", "link", "set", "port", "master", "br0");
        await inside("ip", "address", "add", "192.168.0.66/24", "dev", "stranger");
        for (const name of ["br0", "port", "stranger"]) await inside("ip", "link", "set", name, "up");
        const onBridge = (keepalived: string) =>
            lab.write(
                "Pulumi.trial.yaml",
                `${stackFile(join(lab.folder, "package.json"))}  lab:network: { mode: bridge, bridge: br0, cidr: 192.168.0.0/24, gateway: 192.168.0.1, control: [ 192.168.0.9 ] }
  lab:keepalived: ${keepalived}
`,
            );
        const vrrp = async (keepalived: string) => {
            onBridge(keepalived);
            return (await examine()).findings.filter(({ check }) => check === "VRRP");
        };
        // 192.168.0.203 is a director of the stack.
        const senders = ["192.168.0.66", "192.168.0.203"].map((address) => advertise("stranger", address, 123));
        try {
            expect(await vrrp("{ unicast: false }")).toEqual([
                expect.objectContaining({
                    result: "bad",
                    subject: "router id 123",
                    seen: "192.168.0.66 on br0 sends VRRP adverts with it",
                    remedy: "Choose another lab:keepalived.virtualRouterId.",
                }),
            ]);
            // The default is unicast, which hears no strangers.
            expect(await vrrp("{}")).toMatchObject([{ result: "warning" }]);
            expect(await vrrp("{ virtualRouterId: 124 }")).toMatchObject([
                { result: "good", seen: "nobody else on br0 used it within 3 s" },
            ]);
        } finally {
            for (const sender of senders) sender.stdin.end();
            await inside("ip", "link", "delete", "stranger");
            await inside("ip", "link", "delete", "br0");
        }
    });

    /** Appends to one of libvirtd's configuration files while `work` runs. */
    async function configured(file: string, more: string, work: () => Promise<void>): Promise<void> {
        const configuration = join(home, "libvirt", "etc", file);
        const before = readFileSync(configuration, "utf8");
        const restart = async (text: string) => {
            writeFileSync(configuration, text);
            const daemon = (await inside("cat", "/run/libvirtd.pid")).trim();
            // A pid of the lab's own namespace, whose first process is the holder.
            await run(["nsenter", "--target", String(isolatedHost.pid), "--pid", "--", "kill", daemon]);
            await eventually(
                () => inside("cat", "/run/libvirtd.pid"),
                (pid) => pid.trim() !== daemon,
            );
            await eventually(
                () => virsh("uri"),
                () => true,
            );
        };
        // libvirtd takes the first of two lines with the same key.
        await restart(more + before);
        await work().finally(() => restart(before));
    }

    test("for a user who may look and not touch", () =>
        configured("libvirtd.conf", 'unix_sock_rw_perms = "0770"\n', async () => {
            const { code, findings } = await examine("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
            expect(findings).toContainEqual(expect.objectContaining({ check: "user", result: "good" }));
            expect(findings).toContainEqual(expect.objectContaining({ check: "libvirt", result: "good" }));
            expect(findings).toContainEqual(
                expect.objectContaining({
                    check: "permission",
                    result: "bad",
                    seen: expect.stringContaining("Permission denied") as string,
                    remedy: expect.stringContaining("group libvirt") as string,
                }),
            );
            expect(code).toBe(1);
        }));

    test("where QEMU's user cannot get at images", () =>
        configured("qemu.conf", 'user = "nobody"\ngroup = "nogroup"\n', async () => {
            await inside("chmod", "700", "/var/lib/libvirt/images");
            try {
                const { code, findings } = await examine();
                expect(notGood(findings)).toEqual(["bad: trial machine, image access"]);
                expect(findings.find(({ subject }) => subject === "image access")).toMatchObject({
                    seen: expect.stringContaining("Permission denied") as string,
                    remedy: expect.stringContaining("QEMU's user") as string,
                });
                expect(code).toBe(1);
                expect((await virsh("pool-list", "--all")).trim()).toBe("");
            } finally {
                await inside("chmod", "755", "/var/lib/libvirt/images");
            }
        }));
});

test("a stack on this machine alone: its network is tried out and gone again", async () => {
    const { code, stdout, all } = await lab.lab("doctor");
    expect(all).toMatch(/^network +namespaces +good +a network and a libvirtd of the lab's own start$/m);
    expect(stdout).toContain("This machine is ready for the stack 'local'");
    expect(code).toBe(0);
    expect(existsSync(join(lab.home, "local"))).toBe(false);
});
