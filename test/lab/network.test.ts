/** A real isolated host: namespaces, libvirtd, package proxy and two system containers, as root. */
import { spawn } from "node:child_process";
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    readlinkSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { debianMirror } from "../../lib/apt-sources";
import { labCounter } from "../../launcher/timeline/processors";
import { silent } from "../../lib/progress";
import { cacheFolder, bundled } from "../../lib/environment";
import { run } from "../../lib/run";
import { ensureIsolatedHost, findIsolatedHost, removeIsolatedHost } from "../../launcher/isolated-host/index";
import type { ContainerSpec } from "../../hypervisors/container-spec";
import { stepsFolder } from "../../roles/apply";
import { ensureHostPackages } from "../../launcher/isolated-host/host-packages";
import { ensureImage } from "../../launcher/isolated-host/image";
import { findLayers, layerMaker, type Layer } from "../../launcher/isolated-host/layers";
import { hostState, namespaces, reportOn, eventually } from "../support/host-state";
import { repository } from "../support/repository";

const cache = cacheFolder();
const scratch = mkdtempSync(join(tmpdir(), "network-test-"));
const networkXml =
    "<network><name>lab</name><bridge name='lab0' stp='off' delay='0'/><dns enable='no'/><ip address='192.168.0.1' prefix='24'/></network>";

/** A lab of this test, with its own home. */
class Lab {
    readonly home: string;
    readonly keys: string;
    private image = "";

    constructor(name: string) {
        this.home = join(scratch, name);
        this.keys = join(scratch, `${name}-keys`);
    }

    up = () => ensureIsolatedHost({ home: this.home, cache, kind: "container", progress: silent });
    down = () => removeIsolatedHost({ home: this.home, progress: silent });

    async enter(argv: string[], options: Parameters<typeof run>[1] = {}): Promise<string> {
        const isolatedHost = await findIsolatedHost(this.home);
        if (!isolatedHost) throw new Error(`${this.home} is down`);
        return run(isolatedHost.enter(argv) as [string, ...string[]], options);
    }

    virsh = (...words: string[]) => this.enter(["virsh", "-q", "-c", "lxc:///system", ...words]);

    /** Makes keys and the libvirt network, as pulumi does in a real lab. */
    async prepare(): Promise<void> {
        this.image = (await ensureImage({ cache, platform: "debian-13", kind: "container", progress: silent })).path;
        await this.up();
        mkdirSync(this.keys, { recursive: true });
        for (const name of ["login", ...Object.keys(addresses)])
            await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", join(this.keys, name)]);
        writeFileSync(
            join(this.keys, "known_hosts"),
            Object.keys(addresses)
                .map((name) => `${addresses[name]!} ${this.key(`${name}.pub`)}`)
                .join(""),
        );
        writeFileSync(join(this.keys, "network.xml"), networkXml);
        await this.virsh("net-define", join(this.keys, "network.xml"));
        await this.virsh("net-autostart", "lab");
        await this.virsh("net-start", "lab");
    }

    key = (name: string) => readFileSync(join(this.keys, name), "utf8");

    spec(name: string, changes: Partial<ContainerSpec> = {}): ContainerSpec {
        return {
            name,
            image: this.image,
            directory: join(this.home, "machines"),
            network: "lab",
            address: addresses[name]!,
            prefix: 24,
            gateway: "192.168.0.1",
            mac: `52:54:00:00:00:${addresses[name]!.slice(-2)}`,
            memoryMiB: 384,
            vcpus: 1,
            hosts: Object.entries(addresses).map(([host, address]) => ({ name: host, address })),
            hostKey: this.key(name),
            authorizedKey: this.key("login.pub").trim(),
            proxyPort: 3142,
            ...changes,
        };
    }

    container(command: "create" | "delete", spec: ContainerSpec): Promise<string> {
        return this.enter([...bundled("container"), command, spec.name], {
            cwd: repository(),
            input: JSON.stringify(spec),
        });
    }

    ssh(name: string, command: string, knownHosts = join(this.keys, "known_hosts")): Promise<string> {
        return this.enter([
            "ssh",
            "-F",
            "none",
            "-i",
            join(this.keys, "login"),
            "-o",
            `UserKnownHostsFile=${knownHosts}`,
            "-o",
            "GlobalKnownHostsFile=none",
            "-o",
            "StrictHostKeyChecking=yes",
            "-o",
            "BatchMode=yes",
            "-o",
            "ConnectTimeout=2",
            `root@${addresses[name]!}`,
            command,
        ]);
    }
}

const addresses: Record<string, string> = { one: "192.168.0.11", two: "192.168.0.12", three: "192.168.0.13" };

/** All files in the scratch folder except the keys; a removed lab leaves none. */
const ownFiles = () =>
    readdirSync(scratch)
        .filter((name) => !name.endsWith("-keys"))
        .join();

const startTime = "awk '{ print $22 }' /proc/1/stat";

describe("a lab", () => {
    const lab = new Lab("first");
    let before: Record<string, string>;
    let uuids: string[];

    beforeAll(async () => {
        await ensureHostPackages("container", silent);
        before = await hostState(
            ["first", "second"].map((name) => join(scratch, name)),
            ownFiles,
        );
        await lab.prepare();
        uuids = await Promise.all(["one", "two"].map((name) => lab.container("create", lab.spec(name))));
    });

    afterAll(async () => {
        await lab.down();
        rmSync(scratch, { recursive: true });
    });

    test("is there already: the same holder, and machines that nobody touches", async () => {
        const pid = (await findIsolatedHost(lab.home))?.pid;
        const started = await lab.ssh("one", startTime);
        expect((await lab.up()).pid).toBe(pid);
        expect(await lab.container("create", lab.spec("one"))).toBe(uuids[0]);
        expect(await lab.ssh("one", startTime)).toBe(started);
    });

    test("its machines are whole: running, named, known to each other, within their limits", async () => {
        for (const [index, name] of ["one", "two"].entries()) {
            expect(uuids[index]).toMatch(/^[0-9a-f-]{36}\n$/);
            expect((await lab.ssh(name, "systemctl is-system-running --wait")).trim()).toBe("running");
            expect((await lab.ssh(name, "hostname")).trim()).toBe(name);
        }
        expect(await lab.ssh("one", "getent hosts two")).toContain(addresses.two);
        expect(await lab.ssh("one", "sshd -T")).toContain("\npasswordauthentication no\n");
        expect(await lab.ssh("one", "stat -c %a /etc/ssh/ssh_host_ed25519_key")).toBe("600\n");
        const limit = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max";
        expect(Number(await lab.ssh("one", limit))).toBe(384 * 2 ** 20);
        expect(
            await lab.ssh(
                "one",
                "ip address add 192.168.0.99/24 dev eth0 && systemctl restart systemd-networkd && ip -br address",
            ),
        ).toContain("192.168.0.99/24");
    });

    test("what is run in it counts as its own processor time", async () => {
        const seconds = labCounter(lab.home);
        const before = seconds?.() ?? NaN;
        await lab.enter(["sh", "-c", "timeout 1 sh -c 'while :; do :; done' || true"]);
        expect((seconds?.() ?? NaN) - before).toBeGreaterThan(0.5);
    });

    test("a host key that is not the one given at birth is refused", async () => {
        const wrong = join(lab.keys, "wrong_known_hosts");
        writeFileSync(wrong, `${addresses.one!} ${lab.key("two.pub")}`);
        await expect(lab.ssh("one", "true", wrong)).rejects.toThrow(/Host key verification failed/);
    });

    test("packages come through the proxy, once; no mirror's name is in a guest", async () => {
        const install = "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes jo && jo works=true";
        const fetched = () => {
            const log = readFileSync(join(cache, "proxy", "log", "apt-cacher.log"), "utf8")
                .split("\n")
                .filter((line) => /\/jo_[^/]*\.deb$/.test(line));
            return {
                upstream: log.filter((line) => line.includes("|I|")).length,
                served: log.filter((line) => line.includes("|O|")).length,
            };
        };
        expect(await lab.ssh("one", install)).toContain(`{"works":true}`);
        const first = fetched();
        expect(await lab.ssh("two", install)).toContain(`{"works":true}`);
        expect(fetched()).toEqual({ upstream: first.upstream, served: first.served + 1 });
        expect(await lab.ssh("one", "apt-cache policy openjdk-8-jre-headless")).toMatch(
            /Candidate: 8u[\s\S]* 50 http:\/\/packages\.lab\/debian sid/,
        );
        expect(await lab.ssh("one", "apt-cache policy openssh-server")).not.toMatch(
            /Candidate: .*\n[\s\S]*\*\*\*.* 50\n/,
        );
        const mirror = new URL(debianMirror()!).host;
        expect(await lab.ssh("one", `grep -rlF ${mirror} /etc || true`)).toBe("");
        expect(await lab.ssh("one", "ls /var/lib/apt/lists")).not.toContain(mirror);
    });

    test("a reboot from inside and a power cut keep the disk", async () => {
        await lab.ssh("one", "echo kept > /root/kept && sync");
        for (const restart of [
            () => lab.ssh("one", "systemctl reboot").catch(() => ""), // the connection may go down first
            async () => {
                await lab.virsh("destroy", "one");
                await lab.virsh("start", "one");
            },
        ]) {
            const started = await lab.ssh("one", startTime);
            await restart();
            await eventually(
                () => lab.ssh("one", startTime),
                (now) => now !== started,
            ).catch(async (error: unknown) => {
                throw new Error(await reportOn("one", lab.home, (script) => lab.enter(["sh", "-c", script])), {
                    cause: error,
                });
            });
            expect(await lab.ssh("one", "cat /root/kept")).toBe("kept\n");
            expect((await lab.ssh("one", "systemctl is-system-running --wait")).trim()).toBe("running");
        }
    });

    test("a crash of the holder takes everything down at once, and the next ensureIsolatedHost brings the machines back", async () => {
        const { pid } = (await findIsolatedHost(lab.home))!;
        process.kill(pid, "SIGKILL");
        await eventually(
            () => findIsolatedHost(lab.home).then((isolatedHost) => isolatedHost ?? "gone"),
            (network) => network === "gone",
        );
        const isolatedHost = await lab.up();
        expect(isolatedHost.pid).not.toBe(pid);
        expect(await lab.ssh("one", "cat /root/kept")).toBe("kept\n");
        expect((await lab.virsh("domuuid", "two")).trim()).toBe(uuids[1]!.trim());
        expect(await lab.ssh("two", "jo works=true")).toContain("works");
    });

    test("a libvirtd that died alone is started again, and the machines live on", async () => {
        const started = await lab.ssh("one", startTime);
        const daemon = Number(await lab.enter(["sh", "-c", "cat /run/libvirtd.pid"]));
        const host = readdirSync("/proc").find(
            (name) =>
                /^\d+$/.test(name) &&
                readStatus(name)?.endsWith(`\t${String(daemon)}`) &&
                readFileSync(`/proc/${name}/comm`, "utf8") === "libvirtd\n",
        );
        process.kill(Number(host), "SIGKILL");
        await eventually(
            () => lab.virsh("list", "--name"),
            (names) => names.includes("one"),
        );
        expect(await lab.ssh("one", startTime)).toBe(started);
    });

    test("create comes to a good end after it was killed at any point, and delete may be told twice", async () => {
        await lab.container("delete", lab.spec("two"));
        for (const delay of [300, 450, 600, 750, 900, 1100]) {
            const isolatedHost = (await findIsolatedHost(lab.home))!;
            const [program, ...words] = isolatedHost.enter([...bundled("container"), "create", "two"]);
            const child = spawn(program!, words, { cwd: repository(), stdio: ["pipe", "ignore", "ignore"] });
            child.stdin.end(JSON.stringify(lab.spec("two")));
            const ended = new Promise((resolve) => child.once("close", resolve));
            await wait(delay); // not waiting for something: the moment at which it dies
            child.kill("SIGKILL");
            await ended;
            if (delay === 900) continue; // one more on top of a half-made one
            const uuid = await lab.container("create", lab.spec("two"));
            expect((await lab.virsh("domuuid", "two")).trim()).toBe(uuid.trim());
            expect(await lab.ssh("two", "hostname")).toBe("two\n");
            await lab.container("delete", lab.spec("two"));
        }
        await lab.container("delete", lab.spec("two"));
        expect(await lab.virsh("list", "--all", "--name")).not.toContain("two");
        expect(existsSync(join(lab.home, "machines", "two"))).toBe(false);
    });

    test("more memory is another container with the same disk; another key is another machine", async () => {
        const uuid = await lab.container("create", lab.spec("two"));
        await lab.ssh("two", "touch /root/kept");
        const more = { memoryMiB: 512, vcpus: 2 };
        expect(await lab.container("create", lab.spec("two", more))).toBe(uuid);
        expect(await lab.ssh("two", "systemctl is-system-running --wait; ls /root; free -m")).toMatch(
            /^running\nkept\n[^]*^Mem:\s+512 /m,
        );
        const started = await lab.ssh("two", startTime);
        expect(await lab.container("create", lab.spec("two", more))).toBe(uuid);
        expect(await lab.ssh("two", startTime)).toBe(started);

        await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "other", "-f", join(lab.keys, "other")]);
        expect(
            await lab.container(
                "create",
                lab.spec("two", {
                    ...more,
                    authorizedKey: `${lab.spec("two").authorizedKey}\n${lab.key("other.pub").trim()}`,
                }),
            ),
        ).not.toBe(uuid);
        expect(await lab.ssh("two", "ls /root")).toBe("");
    });

    describe("package layers", () => {
        const recipe = (name: string, lines: string[]): Layer => ({
            folder: join(lab.keys, "layers", name),
            image: lab.spec("two").image,
            script: ["set -eu", ...lines].join("\n"),
            diskGiB: undefined,
            machines: ["two", "three"],
            age: undefined,
            isUsable: false,
        });
        const make = async (layers: Layer[]) => {
            const isolatedHost = (await findIsolatedHost(lab.home))!;
            const folder = join(lab.keys, "recipes");
            await run(layerMaker(layers, { cache: lab.keys, folder, proxyPort: 3142, isolatedHost })!);
        };
        const install = "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes jo";
        const marks = "rm /etc/issue && echo mine > /etc/motd && echo 1234 > /etc/machine-id";
        const unit = "[Service]\\nExecStart=/bin/sleep 1d\\n[Install]\\nWantedBy=multi-user.target\\n";
        const service = `printf '${unit}' > /etc/systemd/system/early.service && systemctl enable early`;

        test("what a package run does is in each machine of the layer, and what tells machines apart is not", async () => {
            const layer = recipe("good", [install, marks, service, "echo x > /root/kept", "mkdir /var/tmp/kept"]);
            await make([layer]);
            expect(findLayers([layer], 1)).toMatchObject([{ isUsable: true }]);
            for (const name of ["two", "three"]) {
                await lab.container("delete", lab.spec(name));
                await lab.container("create", lab.spec(name, { layer: join(layer.folder, "tree") }));
            }
            const look =
                "jo works=true; cat /etc/motd; ls /etc/issue /root/kept /var/tmp/kept 2>&1; cat /etc/machine-id";
            const [two, three] = [await lab.ssh("two", look), await lab.ssh("three", look)];
            expect(two).toMatch(
                /^{"works":true}\nmine\n(ls: cannot access '[a-z/]+': No such file.*\n){3}[0-9a-f]{32}\n$/,
            );
            // An enabled service is not started before `up` has begun its work on the machine.
            expect((await lab.ssh("two", "systemctl is-active early || true")).trim()).toBe("inactive");
            await lab.ssh("two", `mkdir ${stepsFolder} && systemctl start early && systemctl is-active early`);
            expect(two.slice(0, -33)).toBe(three.slice(0, -33));
            expect(two).not.toBe(three);
            expect((await lab.ssh("two", "systemctl is-system-running --wait")).trim()).toBe("running");
        });

        test("a layer that somebody has changed is removed, and the machine starts from the image", async () => {
            const layer = recipe("changed", [marks]);
            await make([layer]);
            writeFileSync(join(layer.folder, "tree", "etc", "motd"), "not mine\n");
            await lab.container("delete", lab.spec("two"));
            await lab.container("create", lab.spec("two", { layer: join(layer.folder, "tree") }));
            expect(await lab.ssh("two", "cat /etc/motd; ls /etc/issue")).not.toContain("mine");
            expect(findLayers([layer], 1)).toMatchObject([{ age: undefined, isUsable: false }]);
        });

        test("a package run that fails leaves no layer", async () => {
            const layer = recipe("failed", ["echo mine > /etc/motd", "false"]);
            await expect(make([layer])).rejects.toThrow(/exit code 1/);
            expect(existsSync(layer.folder)).toBe(false);
        });
    });

    test("a second lab with the same addresses and names lives beside it, and takes the package proxy over when the first goes", async () => {
        const second = new Lab("second");
        const first = (await findIsolatedHost(lab.home))!;
        const own = new Set(
            ["net", "mnt", "pid", "cgroup"].map((kind) => readlinkSync(`/proc/${String(first.pid)}/ns/${kind}`)),
        );
        const straggler = spawn("sh", ["-c", `exec "$@"`, "sh", ...first.enter(["sleep", "600"])], { stdio: "ignore" });
        const ended = new Promise((resolve) => straggler.once("close", resolve));
        try {
            await second.prepare();
            await second.container("create", second.spec("one"));
            expect(await second.ssh("one", "test -e /root/kept || echo another")).toBe("another\n");
            expect(await lab.ssh("one", "cat /root/kept")).toBe("kept\n");
            await lab.down();
            await ended; // what was entered ends with the lab
            expect([...namespaces()].filter((namespace) => own.has(namespace))).toEqual([]); // so no process and no mount of it is left
            expect(existsSync(lab.home)).toBe(false);
            await eventually(
                () => second.ssh("one", "apt-get update --error-on=any"),
                () => true,
            );
        } finally {
            straggler.kill();
            await second.down();
        }
    });

    test("down leaves the host as it was, and may be told twice", async () => {
        await lab.down();
        expect(await findIsolatedHost(lab.home)).toBeUndefined();
        expect(
            await hostState(
                ["first", "second"].map((name) => join(scratch, name)),
                ownFiles,
            ),
        ).toEqual(before);
    });
});

/** The pids of a process in its PID namespaces, outermost first, tab-separated. */
function readStatus(pid: string): string | undefined {
    try {
        return /^NSpid:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    } catch {
        return undefined;
    }
}
