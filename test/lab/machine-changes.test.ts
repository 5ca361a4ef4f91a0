/**
 * Changes and losses of virtual machines, with the real provider and a real libvirtd. The disks are empty, so no
 * machine boots.
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sha256Of } from "../../artifacts/disk-image";
import { destroyWords } from "../../launcher/commands/down";
import { silent } from "../../lib/progress";
import { run } from "../../lib/run";
import { ensureIsolatedHost, removeIsolatedHost, type IsolatedHost } from "../../launcher/isolated-host/index";
import { Project } from "../support/project";
import { cacheFolder } from "../../lib/environment";
import { repository } from "../support/repository";

const cache = cacheFolder();

/** The real components. In place of the steps on a machine there is a local command with the same triggers. */
const program = `
    import { readFileSync } from "node:fs";
    import { local } from "@pulumi/command";
    import { Hypervisor } from "${repository()}/components/hypervisor";
    import { machineStage } from "${repository()}/components/staging";
    import { VirtualMachine } from "${repository()}/components/virtual-machine";
    import { readDescription } from "${repository()}/roles/configuration";
    import { hostKeyOf, publicKeyOf } from "${repository()}/lib/ssh-keys";

    const settings = JSON.parse(readFileSync("settings.json", "utf8"));
    const description = readDescription(settings.stack, "test");
    const login = hostKeyOf("ab".repeat(32), "login");
    const virtualization = { image: { path: settings.image, identity: settings.identity }, acceleration: "emulation" as const, layers: settings.layers };
    const hypervisor = new Hypervisor("lab-hypervisor", { description, uri: description.hypervisors[0].uri, virtualization }, {});
    for (const machine of description.machines) {
        const bare = new VirtualMachine(machine.name, { description, machine, hostKey: hostKeyOf("cd".repeat(32), machine.name), loginKey: login as never, hypervisor, stage: machineStage(machine.name) }, {});
        new local.Command(machine.name + "-role", { create: "true", triggers: [bare.identity] }, { dependsOn: [bare], deletedWith: bare });
        new local.Command(machine.name + "-start", { create: "true", triggers: [bare.start] }, { dependsOn: [bare], deletedWith: bare });
    }
`;

const article = () => ({
    machineKind: "vm",
    platform: "debian-13",
    hypervisor: "qemu:///system",
    acceleration: "emulation",
    isolated: true,
    packageProxy: 3142,
    virtualAddress: "192.168.0.111",
    machineSize: { memoryMiB: 640, vcpus: 1, diskGiB: 2 },
    machines: {
        nod0: { address: "192.168.0.200", roles: ["app", "memcached"], memoryMiB: 640, diskGiB: 2 },
        nod3: { address: "192.168.0.203", roles: ["director"], priority: 180 },
        mysql: { address: "192.168.0.205", roles: ["database"], memoryMiB: 640, diskGiB: 2, protect: true },
    },
    director: { source: "nginx-1.26.3" },
});
const stack = article();

let project: Project;
let isolatedHost: IsolatedHost;
let home: string;
const virsh = (...words: string[]) =>
    run(isolatedHost.enter(["virsh", "-q", "-c", "qemu:///system", ...words]) as [string, ...string[]]);
/** The time of birth of each machine's disk, which tells a new disk from the old one. */
async function disks(): Promise<Record<string, string>> {
    const births = await run(
        isolatedHost.enter(["sh", "-c", "cd /var/lib/libvirt/images/lab && stat -c '%n %w' *-????????.qcow2"]) as [
            string,
            ...string[],
        ],
    );
    return Object.fromEntries(
        births
            .trim()
            .split("\n")
            .map((line) => [line.split("-")[0] ?? "", line]),
    );
}

/** The package layers' disks, by machine. */
let layers: Record<string, string> = {};

function describeStack(image = "one"): void {
    project.write(
        "settings.json",
        JSON.stringify({ stack, image: join(project.folder, `${image}.qcow2`), identity: image, layers }),
    );
}

/** The resources that a run touches, or the messages of a run that failed. */
async function touched(kind: "preview" | "up"): Promise<string[] | string> {
    const { failed, steps, messages } = await project[kind]();
    if (failed)
        return messages
            .filter(({ severity }) => severity === "error")
            .map(({ message }) => message)
            .join("\n");
    return Object.entries(steps)
        .filter(([, { op }]) => op !== "same")
        .map(([name]) => name)
        .sort();
}

/** Makes a change and checks that its preview showed the same steps. */
async function change(image = "one"): Promise<string[]> {
    describeStack(image);
    const planned = await touched("preview");
    expect(await touched("up")).toEqual(planned);
    return planned as string[];
}

beforeAll(async () => {
    project = await Project.create();
    home = join(project.folder, "home");
    isolatedHost = await ensureIsolatedHost({ home, cache, kind: "vm", progress: silent });
    project.enter = (argv) => isolatedHost.enter(argv);
    for (const image of ["one", "two"])
        await run(["qemu-img", "create", "-q", "-f", "qcow2", join(project.folder, `${image}.qcow2`), "1G"]);
    rmSync(join(project.folder, "index.ts"));
    project.write("index.ts", program);
    describeStack();
    expect(await touched("up")).toContain("mysql-volume");
});
afterAll(async () => {
    await removeIsolatedHost({ home, progress: silent });
    project.remove();
});

const all = (name: string) => ["cloud-init", "domain", "role", "start", "volume"].map((part) => `${name}-${part}`);

test("a cloud-init disk is read as one, and was here only while it was made", async () => {
    const file = /hdd +(\S+)/.exec(await virsh("domblklist", "nod0"))?.[1] ?? "";
    const iso = (...words: string[]) =>
        run(isolatedHost.enter(["isoinfo", "-R", "-i", file, ...words]) as [string, ...string[]]);
    expect(await iso("-d")).toMatch(/^Volume id: cidata$/m);
    expect(await iso("-x", "/user-data")).toMatch(/^#cloud-config\n[^]*BEGIN OPENSSH PRIVATE KEY/);
    expect(await iso("-x", "/meta-data")).toMatch(
        /^\{"instance-id":"nod0-[0-9a-f]{8}-[0-9a-f]{8}","local-hostname":"nod0"\}$/,
    );
    expect(await iso("-x", "/network-config")).toContain("address: 192.168.0.200/24");
    expect(
        readdirSync(join(project.folder, ".stage"), { recursive: true, encoding: "utf8" }).filter((name) =>
            name.endsWith(".iso"),
        ),
    ).toEqual([]);
});

describe("what a change costs", () => {
    test("memory: the domain; its disk stays, protected or not, and nothing on it is done again", async () => {
        expect(await touched("preview")).toEqual([]);
        const before = await disks();
        for (const machine of [stack.machines.nod0, stack.machines.mysql]) machine.memoryMiB = 672;
        expect(await change()).toEqual(["mysql-domain", "mysql-start", "nod0-domain", "nod0-start"]);
        expect(await disks()).toEqual(before);
        expect(await virsh("dominfo", "mysql")).toMatch(/^Max memory: +688128 KiB/m);
    });

    test("the disk's size: that machine's disk, and all that was done on it", async () => {
        const { nod0, ...others } = await disks();
        stack.machines.nod0.diskGiB = 3;
        expect(await change()).toEqual(all("nod0"));
        const now = await disks();
        expect(now.nod0).not.toBe(nod0);
        expect(now).toMatchObject(others);
    });

    test("a disk that is protected: refused in the preview already, by name, until the stack file lets it go", async () => {
        const before = await disks();
        stack.machines.mysql.diskGiB = 3;
        describeStack();
        for (const kind of ["preview", "up"] as const)
            expect(await touched(kind)).toMatch(/mysql-volume[\s\S]*protect/);
        stack.machines.mysql.diskGiB = 2;
        describeStack("two"); // the image of all
        expect(await touched("preview")).toMatch(/mysql-volume[\s\S]*protect/);
        describeStack();
        expect(await touched("preview")).toEqual([]);
        expect(await disks()).toEqual(before);

        stack.machines.mysql.protect = false;
        await change();
        expect(await change("two")).toEqual(
            [...all("mysql"), ...all("nod0"), ...all("nod3"), "lab-hypervisor-base"].sort(),
        );
    });
});

describe("a package layer", () => {
    const inside = (...words: [string, ...string[]]) => run(isolatedHost.enter(words) as [string, ...string[]]);
    const diskOf = async (name: string) =>
        join("/var/lib/libvirt/images/lab", /vda +(\S+)/.exec(await virsh("domblklist", name))?.[1] ?? "");
    /** The layer's mark in the disk. Fails where it is not there. */
    const readMark = async (name: string) =>
        inside("qemu-io", "-r", "-U", "-f", "qcow2", "-c", "read -P 0xab 1M 64k", await diskOf(name));
    const loseDisk = async (name: string) => {
        await virsh("destroy", name);
        await virsh("undefine", name, "--remove-all-storage");
        expect((await project.refresh()).failed).toBe(false);
    };
    const makeLayer = async (name: string) => {
        const disk = join(project.folder, "layers", name, "disk.qcow2");
        mkdirSync(dirname(disk), { recursive: true });
        await inside("qemu-img", "create", "-q", "-f", "qcow2", disk, "3G");
        await inside("qemu-io", "-f", "qcow2", "-c", "write -q -P 0xab 1M 64k", disk);
        writeFileSync(join(dirname(disk), "digest"), `${await sha256Of(disk)}\n`);
        return disk;
    };
    afterAll(() => {
        layers = {};
        describeStack("two");
    });

    test("that appears, changes or goes touches no machine", async () => {
        const before = await disks();
        layers = { nod0: await makeLayer("first") };
        expect(await change("two")).toEqual([]);
        expect(await disks()).toEqual(before);
    });

    test("is the whole disk of a machine that is made; for the provider it is the disk that the program describes", async () => {
        await loseDisk("nod0");
        expect(await change("two")).toEqual(all("nod0"));
        expect(await readMark("nod0")).not.toContain("verification failed");
        const info = JSON.parse(
            await inside("qemu-img", "info", "-U", "--output=json", await diskOf("nod0")),
        ) as Record<string, unknown>;
        expect(info["virtual-size"]).toBe(3 * 1024 ** 3);
        expect(info).not.toHaveProperty("backing-filename");
        for (const next of [await makeLayer("second"), undefined]) {
            layers = next === undefined ? {} : { nod0: next };
            expect((await project.refresh()).failed).toBe(false);
            expect(await change("two")).toEqual([]);
        }
    });

    test("that somebody has changed is removed, and the machine starts from the image", async () => {
        const layer = await makeLayer("third");
        appendFileSync(layer, "!");
        layers = { nod0: layer };
        await loseDisk("nod0");
        expect(await change("two")).toEqual(all("nod0"));
        expect(existsSync(dirname(layer))).toBe(false);
        expect(await inside("qemu-img", "info", "-U", await diskOf("nod0"))).toMatch(/^backing file: .*two\.qcow2/m);
    });

    test("keeps no machine from a new image", async () => {
        layers = { nod0: await makeLayer("fourth") };
        await loseDisk("nod0");
        expect(await change("two")).toEqual(all("nod0"));
        layers = {};
        describeStack("one");
        expect(await touched("preview")).toEqual(expect.arrayContaining(all("nod0")));
    });
});

describe("a machine that was destroyed behind Pulumi's back", () => {
    test("is made again after a refresh with all that was on it, and nothing else is touched", async () => {
        await virsh("destroy", "nod0");
        await virsh("undefine", "nod0", "--remove-all-storage");
        expect((await project.refresh()).failed).toBe(false);
        expect(await change("two")).toEqual(all("nod0"));
        expect(await touched("preview")).toEqual([]);
    });

    test("and whose disk is still there gets it back: it is waited for, and nothing is done again", async () => {
        const before = await disks();
        await virsh("destroy", "nod0");
        await virsh("undefine", "nod0");
        expect((await project.refresh()).failed).toBe(false);
        expect(await change("two")).toEqual(["nod0-domain", "nod0-start"]);
        expect(await disks()).toEqual(before);
    });

    test("does not keep the others from going (./lab down)", async () => {
        await virsh("destroy", "nod3");
        await virsh("undefine", "nod3", "--remove-all-storage");
        await project.pulumi("destroy", "--yes", "--skip-preview", ...destroyWords);
        expect((await virsh("list", "--all", "--name")).trim()).toBe("");
        expect((await virsh("pool-list", "--all", "--name")).trim()).toBe("");
        expect((await virsh("net-list", "--all", "--name")).trim()).toBe("");
    });
});
