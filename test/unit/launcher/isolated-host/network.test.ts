import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../../lib/errors";
import { parseDeb822, parseOneLine } from "../../../../lib/apt-sources";
import { countingHierarchy, hierarchies, type Hierarchy } from "../../../../launcher/isolated-host/cgroups";
import { containerSpec, type ContainerSpec } from "../../../../hypervisors/container-spec";
import { domainXml, identityFiles } from "../../../../launcher/isolated-host/domain";
import { withLock } from "../../../../lib/lock";
import { mirrorsFrom } from "../../../../launcher/isolated-host/mirrors";
import { findHolder } from "../../../../launcher/isolated-host/namespace";
import { proxyConfiguration } from "../../../../launcher/isolated-host/proxy";

const spec: ContainerSpec = {
    name: "web1",
    image: "/cache/images/debian-13-0123456789ab/root",
    directory: "/home/lab & co/machines",
    network: "lab",
    address: "192.168.0.200",
    prefix: 24,
    gateway: "192.168.0.1",
    mac: "52:54:00:00:00:c8",
    memoryMiB: 768,
    vcpus: 2,
    hosts: [
        { name: "web1", address: "192.168.0.200" },
        { name: "db", address: "192.168.0.201" },
    ],
    hostKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n-----END OPENSSH PRIVATE KEY-----\n",
    authorizedKey: "ssh-ed25519 AAAA lab",
    proxyPort: 3142,
};

describe("mirrors", () => {
    const archive = parseOneLine(
        "deb http://mirror.example/debian trixie main\ndeb http://mirror.example/debian trixie-updates main",
    );
    const settings = `Acquire::http::Proxy "http://proxy.example:8080";\nAcquire::Check-Valid-Until "false";\nAcquire::Languages "none";\nAPT::Architecture "amd64";\n`;

    test("archive, security archive, the host's proxy and its leniency about dates", () => {
        const security = parseDeb822(
            "Types: deb\nURIs: http://safe.example/debian-security/\nSuites: trixie-security\nComponents: main\n",
        );
        expect(mirrorsFrom([...archive, ...security], settings)).toEqual({
            main: "http://mirror.example/debian",
            security: "http://safe.example/debian-security",
            proxy: [`Acquire::http::Proxy "http://proxy.example:8080";`],
            expiry: [`Acquire::Check-Valid-Until "false";`],
        });
    });

    test("without a security source it is the archive's neighbour", () => {
        expect(mirrorsFrom(archive, "")).toEqual({
            main: "http://mirror.example/debian",
            security: "http://mirror.example/debian-security",
            proxy: [],
            expiry: [],
        });
    });

    test("no Debian mirror is the user's to mend", () => {
        expect(() => mirrorsFrom(parseOneLine("deb http://mirror.example/ubuntu noble main"), "")).toThrow(UserError);
    });
});

test("the package proxy serves the two archives by the lab's names, through the host's own proxy, and is no open proxy", () => {
    const mirrors = {
        main: "http://mirror.example/debian",
        security: "http://safe.example/debian-security",
        expiry: [],
    };
    const text = proxyConfiguration("/cache", {
        ...mirrors,
        proxy: [`Acquire::http::Proxy "http://proxy.example:8080";`],
    });
    expect(text.split("\n")).toEqual(
        expect.arrayContaining([
            "CacheDir: /cache/packages",
            "Remap-debian: http://packages.lab/debian /debian ; http://mirror.example/debian/",
            "Remap-security: http://packages.lab/debian-security /debian-security ; http://safe.example/debian-security/",
            "ForceManaged: 1",
            "Proxy: http://proxy.example:8080",
        ]),
    );
    for (const proxy of [[], [`Acquire::http::Proxy "DIRECT";`]])
        expect(proxyConfiguration("/cache", { ...mirrors, proxy })).not.toContain("\nProxy:");
    expect(text).not.toContain("Offlinemode");
    expect(proxyConfiguration("/cache", { ...mirrors, proxy: [] }, true).split("\n")).toContain("Offlinemode: 1");
});

test("control group hierarchies are told from the other mounts", () => {
    expect(
        hierarchies(
            [
                "21 1 0:20 / /sys rw,nosuid - sysfs sysfs rw",
                "30 21 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755",
                "31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct",
                "32 30 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw",
                "",
            ].join("\n"),
        ),
    ).toEqual([
        { mountPoint: "/sys/fs/cgroup/cpu,cpuacct", version: 1 },
        { mountPoint: "/sys/fs/cgroup/unified", version: 2 },
    ]);
});

test("of several hierarchies, that is used which counts processor time", () => {
    const folder = mkdtempSync(join(tmpdir(), "cgroups-"));
    try {
        const [memory, cpuacct, unified] = ["memory", "cpuacct", "unified"].map((name): Hierarchy => ({
            mountPoint: join(folder, name),
            version: name === "unified" ? 2 : 1,
        })) as [Hierarchy, Hierarchy, Hierarchy];
        mkdirSync(cpuacct.mountPoint);
        writeFileSync(join(cpuacct.mountPoint, "cpuacct.usage"), "0\n");
        expect(countingHierarchy([memory, unified, cpuacct])).toBe(cpuacct);
        expect(countingHierarchy([memory, unified])).toBe(unified);
        expect(countingHierarchy([memory])).toBe(memory);
        expect(countingHierarchy([])).toBeUndefined();
    } finally {
        rmSync(folder, { recursive: true });
    }
});

describe("container spec", () => {
    test("a good one passes as it is", () => {
        expect(containerSpec.parse(spec)).toEqual(spec);
    });

    test.each<[keyof ContainerSpec, unknown]>([
        ["name", "../up"],
        ["name", "Web1"],
        ["name", ".image"],
        ["image", "relative/root"],
        ["directory", "/a:b"],
        ["address", "192.168.0.256"],
        ["prefix", 33],
        ["mac", "52-54-00-00-00-c8"],
        ["memoryMiB", 0],
        ["vcpus", 1.5],
        ["hostKey", "ssh-ed25519 AAAA"],
        ["authorizedKey", ""],
        ["proxyPort", 70000],
    ])("a wrong %s (%j) is told by its path, without the host key", (field, value) => {
        const { error } = containerSpec.safeParse({ ...spec, [field]: value });
        expect(error?.issues.map((issue) => issue.path.join("."))).toEqual([field]);
        expect(error?.message).not.toContain("secret");
    });

    test("a field that nobody knows is a mistake", () => {
        expect(containerSpec.safeParse({ ...spec, memory: 1 }).success).toBe(false);
    });
});

test("the domain: limits, init, tree and interface, with what XML wants escaped", () => {
    expect(domainXml(spec, "6f1c5cf2-6b1c-4a56-9d4e-0d2d8a3a8a11", "/home/lab & co/machines/web1/root"))
        .toMatchInlineSnapshot(`
      "<domain type='lxc'>
        <name>web1</name>
        <uuid>6f1c5cf2-6b1c-4a56-9d4e-0d2d8a3a8a11</uuid>
        <memory unit='MiB'>768</memory>
        <vcpu>2</vcpu>
        <cputune>
          <period>100000</period>
          <quota>200000</quota>
        </cputune>
        <os>
          <type>exe</type>
          <init>/usr/local/sbin/guest-init</init>
          <initarg>SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1</initarg>
          <initenv name='SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE'>1</initenv>
        </os>
        <features>
          <privnet/>
        </features>
        <on_poweroff>destroy</on_poweroff>
        <on_reboot>restart</on_reboot>
        <on_crash>restart</on_crash>
        <devices>
          <filesystem type='mount'>
            <source dir='/home/lab &#38; co/machines/web1/root'/>
            <target dir='/'/>
          </filesystem>
          <interface type='network'>
            <mac address='52:54:00:00:00:c8'/>
            <source network='lab'/>
            <guest dev='eth0'/>
          </interface>
          <console type='pty'/>
        </devices>
      </domain>
      "
    `);
});

test("identity: the secret is for root alone, /etc/hosts knows everybody, apt asks the gateway", () => {
    const files = new Map(identityFiles(spec).map((file) => [file.path, file]));
    expect(files.get("/etc/ssh/ssh_host_ed25519_key")).toEqual({
        path: "/etc/ssh/ssh_host_ed25519_key",
        mode: 0o600,
        content: spec.hostKey,
    });
    expect(files.get("/etc/hosts")?.content).toBe("127.0.0.1 localhost\n192.168.0.200 web1\n192.168.0.201 db\n");
    expect(files.get("/etc/hostname")?.content).toBe("web1\n");
    expect(files.get("/root/.ssh/authorized_keys")).toMatchObject({ mode: 0o600, content: "ssh-ed25519 AAAA lab\n" });
    expect(files.get("/etc/apt/apt.conf.d/90lab-proxy")?.content).toBe(
        `Acquire::http::Proxy "http://192.168.0.1:3142";\n`,
    );
    expect(files.get("/etc/systemd/network/10-eth0.network")?.content).toContain(
        "Address=192.168.0.200/24\nGateway=192.168.0.1\n",
    );
    expect(files.get("/etc/machine-id")?.content).toMatch(/^[0-9a-f]{32}\n$/);
});

test("the holder on record is the one that lives: not a stranger with its pid, not one from before a reboot, not a torn file", () => {
    const home = mkdtempSync(join(tmpdir(), "holder-"));
    const record = (text: string) => {
        writeFileSync(join(home, "run", "holder"), text);
        return findHolder(home)?.pid;
    };
    try {
        expect(findHolder(home)).toBeUndefined();
        mkdirSync(join(home, "run"));
        const pid = String(process.pid);
        const startTime = readFileSync("/proc/self/stat", "utf8")
            .replace(/^.*\) /s, "")
            .split(" ")[19]!;
        const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
        expect(record(`${pid} ${startTime} ${bootId}\n`)).toBe(process.pid);
        expect(record(`${pid} ${String(Number(startTime) - 1)} ${bootId}\n`)).toBeUndefined();
        expect(record(`${pid} ${startTime} ${bootId.replace(/./g, "0")}\n`)).toBeUndefined();
        expect(record("")).toBeUndefined();
        expect(record(pid)).toBeUndefined();
    } finally {
        rmSync(home, { recursive: true });
    }
});

test("a lock is held by one at a time, whatever becomes of the work, and other names are other locks", async () => {
    const name = `test ${String(process.pid)}`;
    let inside = 0;
    const work = async () => {
        inside += 1;
        expect(inside).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 5));
        inside -= 1;
        throw new Error("work failed");
    };
    const results = await Promise.allSettled([1, 2, 3].map(() => withLock(name, work)));
    expect(results.map((result) => result.status === "rejected" && (result.reason as Error).message)).toEqual(
        Array(3).fill("work failed"),
    );
    await expect(withLock(name, () => withLock(`${name} other`, () => Promise.resolve("both")))).resolves.toBe("both");
});
