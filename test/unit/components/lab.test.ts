/** The registrations of the program's resources, as the engine would get them. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { networkConfig, userData } from "../../../components/cloud-init";
import { Lab } from "../../../components/lab";
import { outputsOf } from "../../../components/outputs";
import type { Acceleration } from "../../../hypervisors/acceleration";
import type { JumpHost } from "../../../hypervisors/jump-host";
import { hostKeyOf, publicKeyOf, shortPrivateKey } from "../../../lib/ssh-keys";
import { readConfiguration as describeStack } from "../../../roles/configuration";
import { articleLab, artifactsIn, secrets } from "../../support/article";
import { register, type Registration } from "../../support/registrations";

// Staged files are below the working folder.
const home = process.cwd();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "program-"));
process.chdir(folder);
afterAll(() => {
    process.chdir(home);
    fs.rmSync(folder, { recursive: true });
});

type Stack = ReturnType<typeof articleLab>;

interface Circumstances {
    /** The identities of containers and virtual machines, by resource. */
    identities?: Record<string, string>;
    /** The image's identity. */
    image?: string;
    acceleration?: Acceleration;
    jumpHost?: JumpHost;
    firstTime?: boolean;
    /** The package layers' disks, by machine. */
    layers?: Record<string, string>;
}

async function registrationsOf(
    change: (stack: Stack) => unknown = () => undefined,
    { identities, image = "0123456789ab", acceleration = "kvm", jumpHost, firstTime, layers }: Circumstances = {},
): Promise<Registration[]> {
    const stack = articleLab();
    change(stack);
    const configuration = describeStack(stack, "test");
    const virtualization =
        configuration.description.machineKind === "vm"
            ? { image: { path: "/cache/debian.qcow2", identity: image }, acceleration, layers }
            : undefined;
    const facts = Object.fromEntries(
        configuration.description.hypervisors.map(({ uri }) => [uri, { virtualization, jumpHost }]),
    );
    return register(() => new Lab("lab", { ...configuration, artifacts: artifactsIn(folder), facts, firstTime }), {
        identities,
    });
}

const virtualMachines = (stack: Stack) =>
    Object.assign(stack, {
        machineKind: "vm",
        hypervisor: "qemu:///system",
        isolated: false,
        packageProxy: "none",
        image: { source: "/images/debian.qcow2" },
    });

/** The article's lab without a change, for all tests. */
const article = registrationsOf();

/** The custom resource with this name. */
function find(registrations: Registration[], name: string): Registration {
    const found = registrations.find((registration) => registration.custom && registration.name === name);
    if (!found) throw new Error(`no resource ${name}`);
    return found;
}

const machineNames = ["mysql", "nod0", "nod1", "nod2", "nod3", "nod4"];
const isRemote = ({ type }: Registration) => type.startsWith("command:remote:");

describe("the article's lab", () => {
    let all: Registration[];
    beforeAll(async () => {
        all = await article;
    });
    const commands = () => all.filter(({ type }) => type === "command:remote:Command");

    test("is a tree: a component's name starts with its parent's name, any other resource's with its machine's", () => {
        for (const { name, parent, custom, type } of all.filter((registration) => registration.parent !== "")) {
            const [parentType, parentName = ""] = parent.split(" ");
            const start =
                parentType === "lab:Lab" || custom
                    ? (/^(lab-hypervisor|lab-site-times|[^-]+)/.exec(name)?.[0] ?? "")
                    : parentName;
            expect(name.startsWith(start), `${type} ${name} in ${parent}`).toBe(true);
            if (parentType === "lab:Lab")
                expect([...machineNames, "lab-hypervisor", "lab-site-times"]).toContain(start);
            else if (custom) expect(parentName.startsWith(start), `${type} ${name} in ${parent}`).toBe(true);
        }
        expect(all.filter(({ parent }) => parent === "").map(({ type, name }) => `${type} ${name}`)).toEqual([
            "lab:Lab lab",
        ]);
    });

    test("has each role where it belongs", () => {
        const machinesOf = (type: string) =>
            all
                .filter((registration) => registration.type === type)
                .map(({ parent }) => parent.split(" ")[1])
                .sort();
        expect(machinesOf("lab:Database")).toEqual(["mysql"]);
        expect(machinesOf("lab:Memcached")).toEqual(["nod1", "nod2"]);
        expect(machinesOf("lab:AppServer")).toEqual(["nod0", "nod2"]);
        expect(machinesOf("lab:Director")).toEqual(["nod3", "nod4"]);
        expect(machinesOf("lab:SystemContainer")).toEqual(machineNames);
        expect(machinesOf("lab:Base")).toEqual(machineNames);
    });

    test("row 8: comes up back end before front end", async () => {
        const dependencies = (name: string) => find(all, name).dependencies;
        for (const app of ["nod0", "nod2"]) {
            expect(dependencies(`${app}-tomcat`)).toEqual(
                expect.arrayContaining([
                    "mysql-database",
                    "nod1-memcached",
                    "nod2-memcached",
                    `${app}-java`,
                    `${app}-site`,
                    `${app}-files`,
                    `${app}-tomcat-artifacts`,
                ]),
            );
            expect(dependencies(`${app}-httpd`)).toContain(`${app}-tomcat`);
            expect(dependencies("mysql-retired-accounts")).toContain(`${app}-httpd`);
        }
        // App servers restart one after the other, so that one of them works.
        expect(dependencies("nod2-tomcat")).toContain("nod0-httpd");
        expect(
            (await registrationsOf(undefined, { firstTime: true })).find(({ name }) => name === "nod2-tomcat")
                ?.dependencies,
        ).toEqual(expect.not.arrayContaining(["nod0-httpd"]));
        // Not all memcacheds are empty at the same time.
        expect(dependencies("nod2-memcached")).toContain("nod1-memcached");
        expect(
            (await registrationsOf(undefined, { firstTime: true })).find(({ name }) => name === "nod2-memcached")
                ?.dependencies,
        ).toEqual(expect.not.arrayContaining(["nod1-memcached"]));
        // The holder of the virtual address, nod3, is the last director.
        expect(dependencies("nod3-tengine")).toContain("nod4-keepalived");
        expect(dependencies("nod4-tengine").filter((name) => name.startsWith("nod3"))).toEqual([]);
        expect(
            (await registrationsOf(undefined, { firstTime: true })).find(({ name }) => name === "nod3-tengine")
                ?.dependencies,
        ).toEqual(expect.not.arrayContaining(["nod4-keepalived"]));
        for (const director of ["nod3", "nod4"]) {
            expect(dependencies(`${director}-tengine`)).toEqual(
                expect.arrayContaining(["nod0-httpd", "nod2-httpd", `${director}-tengine-build`]),
            );
            expect(dependencies(`${director}-keepalived`)).toContain(`${director}-tengine`);
        }
        expect(dependencies("mysql-database").filter((name) => !name.startsWith("mysql-"))).toEqual([]);
    });

    test("a machine comes before its steps, and its packages before all other steps", () => {
        for (const { name, dependencies } of all.filter(
            (registration) => registration.custom && registration.deletedWith !== "",
        )) {
            const [machine] = name.split("-");
            expect(dependencies, name).toContain(`${machine}-domain`);
            if (name !== `${machine}-packages`) expect(dependencies, name).toContain(`${machine}-packages`);
        }
        for (const machine of machineNames)
            expect(find(all, `${machine}-domain`).dependencies).toEqual(["lab-hypervisor-network"]);
    });

    test("the steps on a machine are deleted with the machine", () => {
        const onMachines = all.filter((registration) => isRemote(registration) || registration.name.endsWith("-build"));
        expect(onMachines.length).toBeGreaterThan(40);
        for (const { name, deletedWith } of onMachines)
            expect(deletedWith, name).toBe(`lab:SystemContainer ${name.split("-")[0]}`);
    });

    test("every connection knows the host key, and its login key is a secret", () => {
        for (const { name, inputs, shown } of all.filter(isRemote)) {
            const machine = name.split("-")[0] ?? "";
            expect(inputs.connection, name).toMatchObject({
                user: "root",
                hostKey: hostKeyOf(secrets.hostKeySeed, machine).publicKey,
                privateKey: shortPrivateKey(secrets.loginKey),
                dialErrorLimit: 300,
            });
            expect(shown.connection, name).toBe("secret");
        }
    });

    test("a command is triggered by the machine's identity and the digests of what was uploaded, nothing else", () => {
        for (const { name, inputs } of commands()) {
            const [machine] = name.split("-");
            const [identity, digests, ...rest] = inputs.triggers as [string, Record<string, string> | undefined];
            expect(identity).toBe(`identity of ${machine}-domain`);
            expect(rest).toEqual([]);
            if (name !== `${machine}-packages`)
                expect(Object.values(digests ?? {}), name).toEqual(
                    Object.keys(digests ?? {}).map(() => expect.stringMatching(/^[0-9a-f]{16}$/) as string),
                );
        }
        expect(Object.keys((find(all, "nod1-memcached").inputs.triggers as [string, object])[1]).sort()).toEqual([
            "apply",
            ...["hardening", "lab", "restart"].map(
                (file) => `files/etc/systemd/system/memcached.service.d/${file}.conf`,
            ),
            "files/usr/libexec/lab/count-copies",
        ]);
    });

    test("a command's text is the same on all machines, and its earlier output is no input", () => {
        expect(find(all, "nod0-tomcat").inputs.create).toBe("exec sh /var/lib/lab/tomcat/apply");
        for (const { name, inputs } of commands()) expect(inputs.addPreviousOutputInEnv, name).toBe(false);
    });

    test("packages of all of a machine's roles come in one run", () => {
        const packages = String(find(all, "nod2-packages").inputs.create);
        expect(packages).toMatch(/apache2 .*curl .*memcached .*openjdk-8-jre-headless/);
        expect(all.filter(({ name }) => name.endsWith("-packages"))).toHaveLength(machineNames.length);
    });

    test("a container is made anew, the old one first, when it cannot be changed; it gets its key at birth", () => {
        const { inputs, deleteBeforeReplace, shown } = find(all, "nod0-domain");
        expect(deleteBeforeReplace).toBe(true);
        expect(inputs.create).toBe("exec node launcher/bundle/run.cjs container create nod0");
        expect(JSON.parse(String(inputs.stdin))).toMatchObject({
            name: "nod0",
            address: "192.168.0.200",
            prefix: 24,
            gateway: "192.168.0.1",
            mac: "52:54:00:a8:00:c8",
            hostKey: hostKeyOf(secrets.hostKeySeed, "nod0").privateKey,
            authorizedKey: publicKeyOf(secrets.loginKey),
            proxyPort: 3142,
        });
        expect(shown.stdin).toBe("secret");
    });

    test("no secret is in anything that a plan or a state shows, nor in what is staged for upload, nor in a readable output", () => {
        const hidden = [
            secrets.databasePassword,
            Buffer.from(secrets.databasePassword).toString("base64"),
            secrets.hostKeySeed,
            "PRIVATE KEY",
        ];
        const shown = JSON.stringify(all.map((registration) => registration.shown));
        const staged = fs
            .readdirSync(".stage", { recursive: true, encoding: "utf8" })
            .map((name) => path.join(".stage", name))
            .filter((name) => fs.statSync(name).isFile());
        expect(staged.length).toBeGreaterThan(50);
        const { url, machines } = outputsOf(describeStack(articleLab(), "test"));
        for (const text of [
            shown,
            JSON.stringify([url, machines]),
            ...staged.map((name) => fs.readFileSync(name, "utf8")),
        ]) {
            for (const secret of hidden) expect(text.includes(secret), secret).toBe(false);
        }
        // The secrets do reach their places.
        expect(
            Buffer.from(String(find(all, "mysql-database").inputs.stdin).split(" ")[1] ?? "", "base64").toString(),
        ).toContain(secrets.databasePassword);
    });

    test("run again gives the same", async () => {
        expect(await registrationsOf()).toEqual(all);
    });
});

/**
 * The differences by resource: names of changed inputs and of changed uploaded files; "new" or "gone" for a whole
 * resource.
 */
function differences(before: Registration[], after: Registration[]): Record<string, string[] | "new" | "gone"> {
    const byName = (registrations: Registration[]) =>
        new Map(registrations.filter(({ custom }) => custom).map((registration) => [registration.name, registration]));
    const [old, now] = [byName(before), byName(after)];
    const changed = (was: unknown, is: unknown) => JSON.stringify(was) !== JSON.stringify(is);
    const keys = (one: object = {}, other: object = {}) => [...new Set([...Object.keys(one), ...Object.keys(other)])];
    const inputs = (was: Registration, is: Registration) =>
        keys(was.inputs, is.inputs)
            .filter((key) => changed(was.inputs[key], is.inputs[key]))
            .flatMap((key) => {
                const [[, oldDigests], [, newDigests]] = [was, is].map(
                    ({ inputs: { triggers } }) => (triggers ?? []) as [string, Record<string, string>?],
                ) as [[string, Record<string, string>?], [string, Record<string, string>?]];
                if (key !== "triggers" || !changed(oldDigests, newDigests)) return [key];
                return keys(oldDigests, newDigests)
                    .filter((file) => changed(oldDigests?.[file], newDigests?.[file]))
                    .sort();
            });
    return Object.fromEntries(
        [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((name): [string, string[] | "new" | "gone"][] => {
            const [was, is] = [old.get(name), now.get(name)];
            if (!was || !is) return [[name, was ? "gone" : "new"]];
            const parts = inputs(was, is);
            return parts.length > 0 ? [[name, parts]] : [];
        }),
    );
}

describe("what a change touches", () => {
    let before: Registration[];
    beforeAll(async () => {
        before = await article;
    });
    const touched = async (change: (stack: Stack) => unknown) => differences(before, await registrationsOf(change));

    test("row 23: an app server more: its own resources, and the files that name app servers", async () => {
        const all = await touched((stack) => {
            stack.machines.nod5 = { address: "192.168.0.206", roles: ["app"] };
        });
        const fresh = Object.entries(all)
            .filter(([, what]) => what === "new")
            .map(([name]) => name);
        expect(fresh).toEqual(expect.arrayContaining(["nod5-domain", "nod5-packages", "nod5-tomcat", "nod5-httpd"]));
        expect(fresh.filter((name) => !name.startsWith("nod5-"))).toEqual([]);
        const others = Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith("nod5-")));
        const doors = ["files/etc/nftables.conf"];
        expect(others).toEqual({
            ...Object.fromEntries(machineNames.map((name) => [`${name}-base`, ["files/etc/hosts"]])),
            ...Object.fromEntries(
                ["nod3", "nod4"].flatMap((name) => [
                    [`${name}-health-checks`, ["files/usr/libexec/tengine/check-app-servers"]],
                    [`${name}-tengine`, ["files/etc/tengine/nginx.conf", "files/etc/tmpfiles.d/tengine.conf"]],
                ]),
            ),
            "mysql-database": ["stdin"],
            "mysql-retired-accounts": ["stdin"],
            // The back end's firewalls let the new app server in.
            "mysql-firewall": doors,
            "nod1-firewall": doors,
            "nod2-firewall": doors,
        });
    });

    test("an app server less: its resources go, and the other machines' files forget it", async () => {
        const all = await touched((stack) => {
            delete stack.machines.nod0;
        });
        expect(
            Object.entries(all)
                .filter(([name]) => name.startsWith("nod0-"))
                .every(([, what]) => what === "gone"),
        ).toBe(true);
        expect(Object.keys(all).filter((name) => !name.startsWith("nod0-"))).toEqual([
            "mysql-base",
            "mysql-database",
            "mysql-firewall",
            "mysql-retired-accounts",
            "nod1-base",
            "nod1-firewall",
            "nod2-base",
            "nod2-firewall",
            "nod3-base",
            "nod3-health-checks",
            "nod3-tengine",
            "nod4-base",
            "nod4-health-checks",
            "nod4-tengine",
        ]);
    });

    test("Tomcat's heap: setenv.sh on the app servers, in server.xml the largest form, in context.xml sessions.max", async () => {
        const files = ["bin/setenv.sh", "conf/context.xml", "conf/server.xml"].map(
            (file) => `files/usr/local/tomcat/${file}`,
        );
        expect(
            await touched((stack) => {
                stack.tomcat = { heapMiB: 512 };
            }),
        ).toEqual({ "nod0-tomcat": files, "nod2-tomcat": files });
    });

    test("a director's priority: keepalived.conf on that director", async () => {
        expect(
            await touched((stack) => {
                Object.assign(stack.machines.nod4 ?? {}, { priority: 150 });
            }),
        ).toEqual({ "nod4-keepalived": ["files/etc/keepalived/keepalived.conf"] });
    });

    test("the page's footer: that file of the site on the app servers", async () => {
        const real = fs.readFileSync;
        const footer = vi
            .spyOn(fs, "readFileSync")
            .mockImplementation(((file: string, ...words: [BufferEncoding]) =>
                String(file).endsWith("footer.tag")
                    ? Buffer.from("another footer")
                    : real(file, ...words)) as typeof fs.readFileSync);
        syncBuiltinESMExports();
        try {
            const files = ["files/tomcat/app/mysite/WEB-INF/tags/footer.tag"];
            expect(await touched(() => undefined)).toEqual({ "nod0-site": files, "nod2-site": files });
        } finally {
            footer.mockRestore();
            syncBuiltinESMExports();
        }
    });

    test("the database's password: the database and the app servers, through standard input only", async () => {
        expect(
            await touched((stack) => {
                stack.databasePassword = "An0ther~one";
            }),
        ).toEqual({
            "mysql-database": ["stdin"],
            "mysql-retired-accounts": ["stdin"],
            "nod0-tomcat": ["stdin"],
            "nod2-tomcat": ["stdin"],
        });
    });

    test("what the director is compiled from: the build and the configuration on the directors", async () => {
        const all = await touched((stack) => {
            stack.director = { source: "tengine-3.1.0" };
        });
        expect(Object.keys(all)).toEqual(
            ["nod3", "nod4"].flatMap((name) => [`${name}-health-checks`, `${name}-tengine`, `${name}-tengine-build`]),
        );
        expect(all["nod3-tengine"]).toEqual([
            "apply",
            "files/etc/systemd/system/tengine.service",
            "files/etc/tengine/nginx.conf",
            "files/etc/tmpfiles.d/tengine.conf",
        ]);
    });

    test("a machine made anew: all steps on it, and nothing on other machines", async () => {
        const all = differences(before, await registrationsOf(undefined, { identities: { "nod1-domain": "another" } }));
        const mine = before
            .filter((registration) => registration.deletedWith === "lab:SystemContainer nod1")
            .map(({ name }) => name)
            .sort();
        expect(mine.length).toBeGreaterThan(3);
        expect(all).toEqual(Object.fromEntries(mine.map((name) => [name, ["triggers"]])));
    });

    test("a machine's memory: that machine, which keeps its disk", async () => {
        expect(
            await touched((stack) => {
                Object.assign(stack.machines.nod1 ?? {}, { memoryMiB: 2048 });
            }),
        ).toEqual({ "nod1-domain": ["stdin"] });
    });
});

describe("what is protected", () => {
    const protectedOf = async (change: (stack: Stack) => unknown) =>
        (await registrationsOf(change)).filter((registration) => registration.protect).map(({ name }) => name);

    test("the database and its disk; in an isolated lab only if the stack file says so", async () => {
        expect(await protectedOf(virtualMachines)).toEqual(["mysql-database", "mysql-volume"]);
        expect(await protectedOf(() => undefined)).toEqual([]);
        // A container has no disk apart from itself.
        expect(await protectedOf((stack) => Object.assign(stack.machines.mysql ?? {}, { protect: true }))).toEqual([
            "mysql-database",
            "mysql-domain",
        ]);
    });

    test("what the stack file says", async () => {
        expect(
            await protectedOf((stack) => {
                virtualMachines(stack);
                Object.assign(stack.machines.mysql ?? {}, { protect: false });
                Object.assign(stack.machines.nod1 ?? {}, { protect: true });
            }),
        ).toEqual(["nod1-volume"]);
    });
});

describe("virtual machines", () => {
    let all: Registration[];
    beforeAll(async () => {
        all = await registrationsOf(virtualMachines);
    });

    /** A machine's user data and network configuration, parsed as cloud-init parses them. */
    function cloudInitOf(name: string, change: (stack: Stack) => unknown = virtualMachines) {
        const stack = articleLab();
        change(stack);
        const { description } = describeStack(stack, "test");
        const machine = description.machines.find((each) => each.name === name);
        if (!machine) throw new Error(`no machine ${name}`);
        const text = userData(description, machine, {
            authorizedKey: publicKeyOf(secrets.loginKey),
            hostKey: hostKeyOf(secrets.hostKeySeed, name),
        });
        expect(text).toMatch(/^#cloud-config\n/);
        return {
            user: parse(text) as object,
            network: parse(networkConfig(description, machine)) as { version: number; config: unknown[] },
        };
    }

    test("start from one volume in one pool; each has a thin disk, a cloud-init disk and a card", () => {
        expect(find(all, "lab-hypervisor-libvirt").inputs.uri).toBe("qemu:///system");
        expect(find(all, "lab-hypervisor-network").inputs).toMatchObject({
            name: "lab",
            mode: "nat",
            bridge: "lab0",
            addresses: ["192.168.0.0/24"],
            dhcp: { enabled: false },
        });
        expect(find(all, "lab-hypervisor-pool").inputs).toMatchObject({ name: "lab", type: "dir" });
        expect(find(all, "lab-hypervisor-base").inputs).toMatchObject({
            name: "debian-13-0123456789ab.qcow2",
            pool: "lab",
            source: "/cache/debian.qcow2",
            format: "qcow2",
        });
        expect(find(all, "nod0-volume").inputs).toEqual({
            name: expect.stringMatching(/^nod0-[0-9a-f]{8}\.qcow2$/) as string,
            pool: "lab",
            baseVolumeId: "identity of lab-hypervisor-base",
            size: 10 * 1024 ** 3,
        });
        expect(find(all, "nod0-domain")).toMatchObject({
            deleteBeforeReplace: true,
            inputs: {
                name: "nod0",
                memory: 1024,
                vcpu: 2,
                autostart: true,
                type: "kvm",
                cpu: { mode: "host-passthrough" },
                cloudinit: "identity of nod0-cloud-init;",
                disks: [{ volumeId: "identity of nod0-volume" }],
                networkInterfaces: [{ networkId: "identity of lab-hypervisor-network", mac: "52:54:00:A8:00:C8" }],
            },
        });
    });

    test("neither the image's path nor the acceleration is part of a resource, unless the stack file sets the acceleration", async () => {
        expect(find(all, "lab-hypervisor-base").ignoreChanges).toEqual(["source"]);
        expect(find(all, "nod0-domain").ignoreChanges).toEqual(["type", "cpu"]);
        const emulated = await registrationsOf(
            (stack) => Object.assign(virtualMachines(stack), { acceleration: "emulation" }),
            { acceleration: "emulation" },
        );
        expect(find(emulated, "nod0-domain")).toMatchObject({
            ignoreChanges: [],
            inputs: { type: "qemu", cpu: { mode: "maximum" } },
        });
    });

    test("are the same resources with a package layer and without, so that none is replaced for one", async () => {
        const layers = { nod0: "/cache/layers/debian-13-vm-1/disk.qcow2" };
        const withLayers = await registrationsOf(virtualMachines, { layers });
        expect(differences(all, withLayers)).toEqual({});
        expect(find(all, "nod0-volume")).toEqual(find(withLayers, "nod0-volume"));
        expect(find(withLayers, "nod0-volume").hooks).toEqual(["beforeCreate"]);
    });

    test("of an isolated lab get packages through the proxy at the gateway", async () => {
        const change = (stack: Stack) => Object.assign(virtualMachines(stack), { isolated: true, packageProxy: 3142 });
        expect(cloudInitOf("nod3", change).user).toMatchObject({
            write_files: [
                {
                    path: "/etc/apt/apt.conf.d/90lab-proxy",
                    content: `Acquire::http::Proxy "http://192.168.0.1:3142";\n`,
                },
            ],
        });
        const isolated = await registrationsOf(change);
        expect(find(isolated, "lab-hypervisor-network").inputs).toMatchObject({
            mode: "none",
            dns: { enabled: false },
        });
    });

    test("a resource with a fixed name is deleted before its replacement is made", () => {
        const named = all.filter(({ type, inputs }) => type.startsWith("libvirt:") && inputs.name !== undefined);
        expect(named.length).toBe(3 + 2 * machineNames.length);
        expect(named.filter(({ deleteBeforeReplace }) => !deleteBeforeReplace).map(({ name }) => name)).toEqual([]);
    });

    test("cloud-init sets the login key, the host key and the address", () => {
        const { user, network } = cloudInitOf("nod3");
        const hostKey = hostKeyOf(secrets.hostKeySeed, "nod3");
        expect(user).toMatchObject({
            hostname: "nod3",
            ssh_pwauth: false,
            ssh_deletekeys: true,
            ssh_authorized_keys: [publicKeyOf(secrets.loginKey)],
            ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: `${hostKey.publicKey} nod3` },
        });
        expect(network.version).toBe(1);
        expect(network.config[0]).toEqual({
            type: "physical",
            name: "eth0",
            mac_address: "52:54:00:a8:00:cb",
            subnets: [{ type: "static", address: "192.168.0.203/24", gateway: "192.168.0.1" }],
        });
    });

    test("the cloud-init disk exists only while its volume is made; a new volume is a new identity, and the state holds no key", () => {
        expect(find(all, "nod3-cloud-init")).toMatchObject({
            // The provider reads a libvirt:CloudinitDisk back, and can hang while it does.
            type: "libvirt:index/volume:Volume",
            inputs: {
                pool: "lab",
                source: expect.stringMatching(/^\.stage\/test\/nod3\/nod3-[0-9a-f]{8}-[0-9a-f]{8}\.iso$/) as string,
            },
            hooks: ["beforeCreate", "afterCreate"],
        });
        expect(Object.keys(find(all, "nod3-cloud-init").inputs).sort()).toEqual(["pool", "source"]);
        expect(JSON.stringify(all.map((registration) => registration.shown))).not.toContain("PRIVATE KEY");
        expect(
            fs.readdirSync(".stage", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".iso")),
        ).toEqual([]);
    });

    test("have the same steps as containers, and two more", async () => {
        const names = (registrations: Registration[]) =>
            registrations
                .filter(isRemote)
                .map(({ name }) => name)
                .sort();
        // Except for the wait for a machine that is made anew with its old disk, and for the clock.
        const more = machineNames.flatMap((machine) => [`${machine}-start`, `${machine}-chrony`]);
        expect(names(all)).toEqual([...names(await article), ...more].sort());
        for (const { name, deletedWith, inputs } of all.filter(isRemote)) {
            const [machine = ""] = name.split("-");
            expect(deletedWith).toBe(`lab:VirtualMachine ${machine}`);
            expect((inputs.triggers as string[])[0]).toBe(
                `identity of ${machine}-${name === `${machine}-start` ? "domain" : "cloud-init"}`,
            );
        }
    });

    describe("a change of", () => {
        const touched = async (
            change: (stack: Stack) => unknown,
            identities?: Record<string, string>,
            image?: string,
        ) => differences(all, await registrationsOf((stack) => change(virtualMachines(stack)), { identities, image }));
        const nod1 = (what: object) => (stack: Stack) => Object.assign(stack.machines.nod1 ?? {}, what);

        test("memory or processors: the domain; the machine keeps its disk, is waited for, and no step runs again", async () => {
            expect(await touched(nod1({ memoryMiB: 2048, vcpus: 3 }))).toEqual({ "nod1-domain": ["memory", "vcpu"] });
            expect(await touched(() => undefined, { "nod1-domain": "another" })).toEqual({
                "nod1-start": ["triggers"],
            });
            expect(find(all, "nod1-packages").dependencies).toContain("nod1-start");
        });

        test("the disk's size: the disk; cloud-init sees a new instance, and all steps run again", async () => {
            expect(await touched(nod1({ diskGiB: 20 }))).toEqual({
                "nod1-volume": ["size"],
                "nod1-cloud-init": ["source"],
            });
            const mine = all
                .filter(({ name, deletedWith }) => deletedWith === "lab:VirtualMachine nod1" && name !== "nod1-start")
                .map(({ name }) => name)
                .sort();
            expect(await touched(() => undefined, { "nod1-cloud-init": "another" })).toMatchObject(
                Object.fromEntries(mine.map((name) => [name, ["triggers"]])),
            );
        });

        test("the image: every disk", async () => {
            const changes = await touched(() => undefined, { "lab-hypervisor-base": "another" }, "another");
            expect(changes).toEqual({
                "lab-hypervisor-base": ["name"],
                ...Object.fromEntries(
                    machineNames.flatMap((name) => [
                        [`${name}-volume`, ["baseVolumeId"]],
                        [`${name}-cloud-init`, ["source"]],
                    ]),
                ),
            });
        });

        test("the address, or a key that cloud-init sets: the disk, too", async () => {
            const changes = await touched(nod1({ address: "192.168.0.211", mac: "52:54:00:a8:00:c9" }));
            expect(changes["nod1-volume"]).toEqual(["name"]);
            expect(changes["nod1-cloud-init"]).toEqual(["source"]);
            const key = await touched((stack) => {
                stack.loginKey = hostKeyOf("cd".repeat(32), "login").privateKey;
            });
            for (const name of machineNames) expect(key[`${name}-volume`]).toEqual(["name"]);
        });
    });

    test("a login user other than root uses sudo for each command", async () => {
        const change = (stack: Stack) => Object.assign(virtualMachines(stack), { platform: "centos-stream-9" });
        const centos = await registrationsOf(change);
        for (const { name, inputs } of centos.filter(({ type }) => type === "command:remote:Command"))
            expect(inputs.create, name).toMatch(/^sudo -n sh -c /);
        expect(find(centos, "nod0-tomcat").inputs.create).toBe("sudo -n sh -c 'exec sh /var/lib/lab/tomcat/apply'");
        expect(cloudInitOf("nod0", change).user).toMatchObject({ disable_root: true, users: ["default"] });
    });
});

describe("hypervisors elsewhere", () => {
    const uri = (host: string) => `qemu+ssh://root@${host}/system`;
    const jumpHost: JumpHost = {
        host: "198.51.100.7",
        port: 2222,
        user: "root",
        privateKey: hostKeyOf("ef".repeat(32), "hop").privateKey,
        hostKey: "ssh-ed25519 AAAA",
    };
    const behind = (stack: Stack) => Object.assign(virtualMachines(stack), { hypervisor: uri("198.51.100.7") });
    /** The article's machines, alternately on two hypervisors with a bridge into one network. */
    const spread = (stack: Stack) => {
        Object.assign(virtualMachines(stack), {
            hypervisor: undefined,
            hypervisors: { east: uri("198.51.100.7"), west: uri("198.51.100.8") },
        });
        stack.network = {
            cidr: "192.168.0.0/24",
            gateway: "192.168.0.1",
            mode: "bridge",
            bridge: "br0",
            control: ["192.168.0.9"],
        };
        Object.values(stack.machines).forEach((machine, index) => {
            machine.hypervisor = index % 2 === 0 ? "east" : "west";
        });
    };

    test("each connection goes through the machine's hypervisor, and so does the compile tool; the hypervisor's key is a secret", async () => {
        const all = await registrationsOf(behind, { jumpHost });
        const remote = all.filter(isRemote);
        expect(remote.length).toBeGreaterThan(40);
        for (const { name, inputs, shown } of remote) {
            expect((inputs.connection as { proxy: unknown }).proxy, name).toMatchObject({
                ...jumpHost,
                privateKey: shortPrivateKey(jumpHost.privateKey ?? ""),
            });
            expect(shown.connection, name).toBe("secret");
        }
        const build = find(all, "nod3-tengine-build");
        expect(JSON.parse(String(build.inputs.stdin))).toMatchObject({ host: "192.168.0.203", proxy: jumpHost });
        expect(JSON.stringify(all.map((registration) => registration.shown))).not.toContain("PRIVATE KEY");
    });

    test("a change of the jump host runs no step again, except what connects to the machines", async () => {
        const before = await registrationsOf(behind, { jumpHost });
        const changes = differences(before, await registrationsOf(behind, { jumpHost: { ...jumpHost, port: 22 } }));
        expect(
            Object.entries(changes).filter(
                ([, what]) => what.length !== 1 || !["connection", "stdin"].includes(what[0] ?? ""),
            ),
        ).toEqual([]);
    });

    test("each has its own provider, pool, base volume and machines; the network exists already", async () => {
        const all = await registrationsOf(spread);
        expect(
            all
                .filter(({ parent, custom }) => custom && parent.startsWith("lab:Hypervisor"))
                .map(({ name }) => name)
                .sort(),
        ).toEqual(
            ["east", "west"].flatMap((name) =>
                ["base", "libvirt", "pool"].map((part) => `lab-hypervisor-${name}-${part}`),
            ),
        );
        expect(find(all, "lab-hypervisor-west-libvirt").inputs.uri).toBe(uri("198.51.100.8"));
        for (const machine of machineNames) {
            const its = all.find(
                ({ name, type }) => type === "libvirt:index/domain:Domain" && name === `${machine}-domain`,
            );
            expect(its?.inputs.networkInterfaces).toEqual([
                { bridge: "br0", mac: expect.any(String) as string, waitForLease: false },
            ]);
        }
        // In the order of the stack file: nod0, nod1, nod2, nod3, nod4, mysql.
        expect(machineNames.map((machine) => find(all, `${machine}-volume`).inputs.baseVolumeId)).toEqual(
            ["west", "east", "west", "east", "west", "east"].map((name) => `identity of lab-hypervisor-${name}-base`),
        );
        expect(machineNames.map((machine) => find(all, `${machine}-domain`).provider)).toEqual(
            ["west", "east", "west", "east", "west", "east"].map((name) => `lab-hypervisor-${name}-libvirt`),
        );
    });
});
