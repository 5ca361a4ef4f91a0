/**
 * Hypervisors elsewhere: namespaces with a libvirtd and an ssh server of their own, on one switch with the namespace in
 * which pulumi runs. Of two labs only machines with memcached are made, all at once: one machine behind one hypervisor,
 * without a package layer, and one on each of two that have a bridge into one network, both from one layer.
 */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Finding } from "../../launcher/commands/doctor/finding";
import { findAcceleration } from "../../hypervisors/acceleration";
import { silent } from "../../lib/progress";
import { ensureHostPackages } from "../../launcher/isolated-host/host-packages";
import { ensureImage } from "../../launcher/isolated-host/image";
import { newKey } from "../support/ssh-server";
import { Checkout } from "../support/checkout";
import { eventually } from "../support/host-state";
import { HypervisorElsewhere, Namespace } from "../support/hypervisor-elsewhere";
import { cacheFolder } from "../../lib/environment";

const cache = cacheFolder();
const minutes = (count: number) => count * 60_000;

let lab: Checkout;
let control: Namespace;
/** The hypervisor with its own network. */
let one: HypervisorElsewhere;
/** The hypervisors with a bridge into the network of the control machine. */
let east: HypervisorElsewhere;
let west: HypervisorElsewhere;
/** The settings of all stacks in this file. */
let common: string;

beforeAll(async () => {
    await ensureHostPackages("vm", silent, [{ anyOf: ["sshd"], package: "openssh-server" }]);
    const image = await ensureImage({ cache, platform: "debian-13", kind: "vm", progress: silent });
    common = `config:
  lab:machineKind: vm
  lab:platform: debian-13
  lab:acceleration: ${(await findAcceleration("qemu:///system")).acceleration}
  lab:image: { source: ${image.path} }
  lab:packageProxy: 3142
  lab:machineSize: { memoryMiB: 768, vcpus: 1, diskGiB: 4 }
  lab:director: { source: nginx-1.26.3 }
`;
    lab = await Checkout.create();
    mkdirSync(lab.home);
    control = await Namespace.create(join(lab.home, "control"), 1);
    const hypervisor = (name: string, number: number) =>
        HypervisorElsewhere.create(join(lab.home, name), number, control);
    [one, east, west] = await Promise.all([hypervisor("one", 2), hypervisor("east", 3), hypervisor("west", 4)]);
    lab.write("Pulumi.behind.yaml", behind(one.uri));
    lab.write("Pulumi.spread.yaml", spread("br0"));
    // Download first: the namespace has no way out.
    await lab.ok("-s", "behind", "fetch");
    await lab.ok("-s", "spread", "bake");
    await lab.ok("engine");
    lab.env = { PULUMI_BACKEND_URL: `file://${lab.home}`, PULUMI_CONFIG_PASSPHRASE: "test", SSH_AUTH_SOCK: "" };
    lab.enter = (argv) => control.isolatedHost.enter(argv);
}, minutes(30));
afterAll(async () => {
    lab.enter = (argv) => argv;
    for (const namespace of [one.namespace, east.namespace, west.namespace, control]) await namespace.remove();
    await lab.remove();
});

const behind = (uri: string) => `${common}  lab:hypervisor: ${uri}
  lab:virtualAddress: 192.168.0.111
  lab:machines:
    app: { address: 192.168.0.200, roles: [ app ] }
    cache: { address: 192.168.0.201, roles: [ memcached ] }
    front: { address: 192.168.0.203, roles: [ director ], priority: 180 }
    back: { address: 192.168.0.205, roles: [ database ] }
`;

/** \`left\` may be asked by ssh from \`right\`, so that there is something to ask. */
const spread = (bridge: string) => `${common}  lab:hypervisors:
    east: ${east.uri}
    west: ${west.uri}
  lab:network:
    mode: bridge
    name: spread
    bridge: ${bridge}
    cidr: 10.77.0.0/24
    gateway: ${control.address}
    control: [ ${control.address}, ${east.ssh.host}, ${west.ssh.host}, 10.77.0.202 ]
  lab:virtualAddress: 10.77.0.111
  lab:machines:
    app: { address: 10.77.0.200, roles: [ app ], hypervisor: east }
    left: { address: 10.77.0.201, roles: [ memcached ], hypervisor: east }
    right: { address: 10.77.0.202, roles: [ memcached ], hypervisor: west }
    front: { address: 10.77.0.203, roles: [ director ], priority: 180, hypervisor: west }
    back: { address: 10.77.0.205, roles: [ database ], hypervisor: west }
`;

/** Words by which pulumi makes these machines alone, with all that is on them. */
const only = (...machines: string[]) =>
    [
        "lab:Lab::lab",
        "lab:Hypervisor::**",
        "::lab-hypervisor-**",
        ...machines.flatMap((name) => [`::${name}`, `::${name}-**`]),
    ].flatMap((target) => ["--target", `urn:pulumi:*::lab::**${target}`]);

const up = (stack: string, ...machines: string[]) => lab.lab("-s", stack, "up", ...only(...machines));

async function doctor(stack: string): Promise<Finding[]> {
    const { stdout } = await lab.lab("-s", stack, "doctor", "--json");
    return (JSON.parse(stdout) as { findings: Finding[] }).findings;
}
/** Leaves out the findings on free memory and disk space, which differ between machines that run tests. */
const notGood = (findings: Finding[]) =>
    findings
        .filter(
            ({ result, subject, check }) =>
                result !== "good" && !["memory", "folders"].includes(check) && subject !== "storage",
        )
        .map(({ check, subject, result, seen }) => `${result}: ${check}, ${subject}: ${seen}`);

describe("a hypervisor that cannot be gone through is said in the preview, with what to do:", () => {
    test.each<[string, (uri: string) => string, RegExp]>([
        ["nobody's name", (uri) => uri.replace("root@", ""), /names no user for[^]*USER@10\.77\.0\.2/],
        [
            "a key that is not there",
            (uri) => uri.replace(/keyfile=[^&]*/, "keyfile=/no/such/key"),
            /\/no\/such\/key cannot be read[^]*keyfile=/,
        ],
        [
            "a host key that nobody knows",
            (uri) => uri.replace(/knownhosts=.*/, "knownhosts=/no/such/hosts"),
            /host key of \[10\.77\.0\.2\]:2222 is unknown[^]*Log in once by ssh/,
        ],
    ])("%s", async (_what, change, said) => {
        lab.write("Pulumi.wrong.yaml", behind(change(one.uri)));
        const { code, all } = await lab.lab("-s", "wrong", "preview");
        expect(all).toMatch(said);
        expect(code).toBe(2);
    });

    test("and another host key than the known one is another machine", async () => {
        const other = join(lab.home, "other_hosts");
        writeFileSync(other, `[${one.ssh.host}]:${one.ssh.port} ${newKey().publicKey}\n`);
        lab.write("Pulumi.wrong.yaml", behind(one.uri.replace(one.ssh.knownHostsFile, other)));
        expect(await doctor("wrong")).toContainEqual(
            expect.objectContaining({
                check: "libvirt",
                result: "bad",
                seen: expect.stringContaining("Host key verification failed") as string,
            }),
        );
    });
});

describe("./lab doctor, before anything is there", () => {
    test(
        "sees that a hypervisor is fit and leaves nothing there; and that another carries no connections on",
        async () => {
            const findings = await doctor("behind");
            expect(notGood(findings)).toEqual([]);
            expect(findings.filter(({ check }) => check === "jump host").map(({ subject }) => subject)).toEqual([
                "root@10.77.0.2",
                "root@10.77.0.2",
                "curl there",
            ]);
            expect(findings).toContainEqual(
                expect.objectContaining({ check: "trial machine", subject: "emulation", result: "good" }),
            );
            expect(await one.contents()).toBe("");
            await one.withoutForwarding(async () => {
                expect(notGood(await doctor("behind"))[0]).toMatch(
                    /^bad: jump host, root@10\.77\.0\.2: .*administratively prohibited/,
                );
            });
        },
        minutes(2),
    );

    test(
        "looks at each of two, and for the bridge there",
        async () => {
            const findings = await doctor("spread");
            expect(notGood(findings)).toEqual([]);
            expect(
                findings.filter(({ check }) => check === "bridge").map(({ subject, seen }) => `${subject} ${seen}`),
            ).toEqual(["br0 exists and is up", "br0 exists and is up"]);
            lab.write("Pulumi.wrong.yaml", spread("br7"));
            expect(notGood(await doctor("wrong"))).toEqual(
                [east, west].map(({ uri }) => `bad: bridge, br7: does not exist; bridges of ${uri}: br0`),
            );
        },
        minutes(2),
    );
});

test(
    "up: machines on all three, from cloud-init to their role",
    async () => {
        const start = performance.now();
        const [behind, spread] = await Promise.all([
            lab.lab("-s", "behind", "up", "--no-layers", ...only("cache")),
            up("spread", "left", "right"),
        ]);
        for (const { code, all } of [behind, spread]) expect(code, all).toBe(0);
        expect(spread.all).not.toContain("without a package layer");
        process.stdout.write(
            `three virtual machines on three hypervisors: up after ${((performance.now() - start) / 1000).toFixed(0)} s\n`,
        );
    },
    minutes(25),
);

describe("a machine behind a hypervisor", () => {
    let volumes: string[];

    test("is reached by way of it, and there is no other", async () => {
        await expect(control.run("ip", "route", "get", "192.168.0.201")).rejects.toThrow(/unreachable/);
        expect(
            await lab.ok(
                "-s",
                "behind",
                "ssh",
                "cache",
                "systemctl is-active memcached nftables; echo $SSH_CONNECTION",
            ),
        ).toMatch(/^active\nactive\n192\.168\.0\.1 /);
        volumes = await one.baseVolumes("lab");
        expect(volumes).toHaveLength(1);
    });

    test("started without a package layer, and installed its packages through the proxy", async () => {
        expect(await lab.ok("-s", "behind", "ssh", "cache", "cat /var/log/apt/history.log")).toMatch(
            /^Install:.* memcached:/m,
        );
    });

    test(
        "and so it is by all that looks at it, or runs where its address is",
        async () => {
            expect(await lab.ok("-s", "behind", "exec", "ip", "-4", "-o", "address", "show", "lab0")).toContain(
                "192.168.0.1/24",
            );
            await expect(
                lab.ok("-s", "behind", "curl", "-sS", "--max-time", "5", "http://192.168.0.201:22/"),
            ).rejects.toThrow(/Received HTTP\/0\.9/);
            const { stdout } = await lab.lab("-s", "behind", "status");
            expect(stdout).toMatch(/^cache .* memcached active +- +well$/m);
            expect(stdout).toMatch(/^front .*does not answer/m);
            const verified = await lab.lab("-s", "behind", "verify", "--only", "services", "--json");
            const results = (JSON.parse(verified.stdout) as { results: { subject: string; result: string }[] }).results;
            expect(Object.fromEntries(results.map(({ subject, result }) => [subject, result]))).toEqual({
                app: "not run",
                back: "not run",
                cache: "passed",
                front: "not run",
            });
        },
        minutes(2),
    );

    test(
        "up again changes nothing, and the image is not uploaded again; ./lab doctor knows what is its own",
        async () => {
            expect((await up("behind", "cache")).stdout).toMatch(/Resources:\n +\d+ unchanged\n/);
            expect(await one.baseVolumes("lab")).toEqual(volumes);
            expect(notGood(await doctor("behind"))).toEqual([]);
        },
        minutes(5),
    );

    test("forward brings the virtual address's port here", async () => {
        // The lab has no director, so the hypervisor itself takes the virtual address.
        await one.namespace.sh("ip address add 192.168.0.111/32 dev lab0");
        const server = `require("node:http").createServer((_, answer) => answer.end("from over there")).listen(80, "192.168.0.111")`;
        const [program = "", ...words] = one.namespace.isolatedHost.enter([process.execPath, "-e", server]);
        const site = spawn(program, words, { stdio: "ignore" });
        const call = lab.start(["-s", "behind", "forward"]);
        try {
            expect(
                await eventually(
                    () => control.run("curl", "-sS", "http://127.0.0.1:8080/"),
                    () => true,
                ),
            ).toBe("from over there");
        } finally {
            call.child.kill("SIGTERM");
            site.kill();
        }
        expect((await call.ended).code).toBe(0);
    });

    test(
        "that was powered off from inside is started by up, and the preview says so",
        async () => {
            await lab.lab("-s", "behind", "ssh", "cache", "systemctl poweroff");
            await eventually(
                () => one.namespace.virsh("domstate", "cache"),
                (state) => state.trim() === "shut off",
                120,
            );
            const preview = await lab.lab("-s", "behind", "preview", ...only("cache"));
            expect(preview.all).toContain("cache is off. up starts it.");
            expect((await one.namespace.virsh("domstate", "cache")).trim()).toBe("shut off");
            expect((await up("behind", "cache")).all).toContain("cache was off. It has been started.");
            expect((await one.namespace.virsh("domstate", "cache")).trim()).toBe("running");
            expect((await up("behind", "cache")).all).not.toContain("cache was off");
        },
        minutes(5),
    );

    test(
        "down leaves nothing there",
        async () => {
            await lab.ok("-s", "behind", "down");
            expect(await one.contents()).toBe("");
        },
        minutes(2),
    );
});

describe("machines on two hypervisors with a bridge into one network", () => {
    let volumes: string[];
    const both = <T>(ask: (each: HypervisorElsewhere) => Promise<T>) => Promise.all([east, west].map(ask));

    test("are each on its own, with a disk of the image uploaded there, in the network that was there", async () => {
        expect(await both(async ({ namespace }) => (await namespace.virsh("list", "--name")).trim())).toEqual([
            "left",
            "right",
        ]);
        expect(
            await both(async ({ namespace }) => (await namespace.virsh("net-list", "--all", "--name")).trim()),
        ).toEqual(["", ""]);
        volumes = (await both((each) => each.baseVolumes("spread"))).flat();
        expect(volumes).toHaveLength(2);
    });

    test("started from one package layer, and installed nothing; nothing that identifies a machine is the same on both", async () => {
        const identity = "cat /etc/machine-id /etc/ssh/ssh_host_*.pub; sha256sum /var/lib/systemd/random-seed";
        const of = async (name: string) => {
            const log = await lab.ok("-s", "spread", "ssh", name, "ls /var/lib/lab/packages.lock /var/log/apt");
            expect(log, name).toContain("packages.lock");
            expect(log, name).not.toContain("history.log");
            return (await lab.ok("-s", "spread", "ssh", name, identity)).trim().split("\n");
        };
        const [left, right] = [await of("left"), await of("right")];
        const form = [/^[0-9a-f]{32}$/, /^ssh-ed25519 \S+ /, /^[0-9a-f]{64} /];
        expect(left).toEqual(form.map((pattern) => expect.stringMatching(pattern) as string));
        expect(left.filter((line) => right.includes(line))).toEqual([]);
        expect(right).toHaveLength(form.length);
    });

    test("are reached directly, and by each other", async () => {
        expect(
            await lab.ok("-s", "spread", "ssh", "left", "systemctl is-active memcached; echo $SSH_CONNECTION"),
        ).toMatch(/^active\n10\.77\.0\.1 /);
        expect(
            await lab.ok(
                "-s",
                "spread",
                "ssh",
                "right",
                "systemctl is-active memcached; bash -c 'exec 3<>/dev/tcp/10.77.0.201/22; head -n 1 <&3'",
            ),
        ).toMatch(/^active\nSSH-2\.0-OpenSSH/);
    });

    test(
        "up again changes nothing, and no image is uploaded again",
        async () => {
            expect((await up("spread", "left", "right")).stdout).toMatch(/Resources:\n +\d+ unchanged\n/);
            expect((await both((each) => each.baseVolumes("spread"))).flat()).toEqual(volumes);
        },
        minutes(5),
    );

    test(
        "are reached each by way of its own, where the stack says jump",
        async () => {
            await lab.ok("-s", "spread", "pulumi", "config", "set", "--path", "lab:network.jump", "true");
            const { code, all } = await up("spread", "left", "right");
            expect(code, all).toBe(0);
            expect(all).toMatch(/Resources:\n +~ \d+ updated\n +\d+ unchanged\n/);
            for (const [name, { ssh }] of [
                ["left", east],
                ["right", west],
            ] as const) {
                expect(
                    await lab.ok("-s", "spread", "ssh", name, "systemctl is-active memcached; echo $SSH_CONNECTION"),
                ).toMatch(new RegExp(`^active\n${ssh.host} `));
            }
        },
        minutes(5),
    );

    test(
        "down leaves nothing on either",
        async () => {
            await lab.ok("-s", "spread", "down");
            expect(await both((each) => each.contents())).toEqual(["", ""]);
        },
        minutes(2),
    );
});
