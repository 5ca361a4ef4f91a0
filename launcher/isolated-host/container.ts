/**
 * container.ts create NAME < SPEC    a running system container of that ContainerSpec; prints its libvirt UUID and nothing else
 * container.ts delete NAME < SPEC    no such container, and no file of it
 * container.ts resume DIRECTORY      every container that has a tree in DIRECTORY, running
 * container.ts save DIRECTORY FOLDER     copies of all trees in DIRECTORY; whoever calls keeps the machines still
 * container.ts restore DIRECTORY FOLDER  exactly the machines that were saved there, with their trees, running; others in DIRECTORY go
 *
 * Run inside the lab's namespaces. Each may be killed at any point and run again.
 */
import { createHash, randomUUID } from "node:crypto";
import {
    chmodSync,
    existsSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    renameSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { basename, dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { builtImagePath, machinesFolder } from "../../lib/environment";
import { run } from "../../lib/run";
import { containerSpec, type ContainerSpec } from "../../hypervisors/container-spec";
import { domainXml, identityFiles } from "./domain";
import { withLock } from "../../lib/lock";
import { cutPower, powerOn, type PowerSwitch } from "./power";

/** A machine's finished tree: written last, so that what has no such file is half made, and made anew. */
interface Stamp {
    uuid: string;
    /** Hash of what of the spec is on the disk. */
    disk: string;
    address: string;
    mac: string;
    xml: string;
}

const virsh = (...words: string[]) => run(["virsh", "-q", "-c", "lxc:///system", ...words]);
const domains = async (...filter: string[]) =>
    (await virsh("list", "--name", ...filter)).split("\n").map((name) => name.trim());
const powerOf = (name: string): PowerSwitch => ({
    virsh: (command, ...words) => virsh(command, name, ...words),
    isRunning: async () => (await domains()).includes(name),
});

/** Of what makes another disk (SystemContainer's triggers); the rest is the domain's alone. */
function diskHash({
    image: _image,
    directory: _directory,
    network: _network,
    memoryMiB: _memoryMiB,
    vcpus: _vcpus,
    ...disk
}: ContainerSpec): string {
    return createHash("sha256").update(JSON.stringify(disk)).digest("hex");
}

function readStamp(folder: string): Stamp | undefined {
    const file = join(folder, "stamp.json");
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Stamp) : undefined;
}

async function create(spec: ContainerSpec): Promise<string> {
    const folder = join(spec.directory, spec.name);
    return withLock(folder, async () => {
        let stamp = readStamp(folder);
        if (stamp?.disk !== diskHash(spec)) {
            await remove(spec.name, folder);
            stamp = await makeTree(spec, folder);
        }
        const xml = domainXml(spec, stamp.uuid, join(folder, "root"));
        if (stamp.xml !== xml) {
            await removeDomain(spec.name);
            stamp = writeStamp(folder, { ...stamp, xml });
        }
        await bringUp(spec.name, folder, stamp);
        return stamp.uuid;
    });
}

/** The machine's tree over the image, with what makes it this machine. */
async function makeTree(spec: ContainerSpec, folder: string): Promise<Stamp> {
    for (const name of ["upper", "work", "root"]) mkdirSync(join(folder, name), { recursive: true });
    chmodSync(folder, 0o700);
    const root = join(folder, "root");
    writeFileSync(join(folder, "lower"), await ownImage(spec));
    try {
        await mountTree(folder);
    } catch {
        // no overlay on this file system: a copy then
        for (const name of ["lower", "upper", "work", "root"]) rmSync(join(folder, name), { recursive: true });
        await run(["cp", "-a", "--reflink=auto", spec.image, root]);
    }
    for (const { path, mode, content } of identityFiles(spec)) {
        const file = join(root, path);
        rmSync(file, { force: true });
        writeFileSync(file, content, { mode });
        chmodSync(file, mode);
    }
    const uuid = randomUUID();
    return writeStamp(folder, {
        uuid,
        disk: diskHash(spec),
        address: spec.address,
        mac: spec.mac,
        xml: domainXml(spec, uuid, root),
    });
}

function writeStamp(folder: string, stamp: Stamp): Stamp {
    writeFileSync(join(folder, "stamp.new"), JSON.stringify(stamp));
    renameSync(join(folder, "stamp.new"), join(folder, "stamp.json"));
    return stamp;
}

/** The image as the machines of one lab share it: hard links, so that the cache may be emptied while the lab lives. */
function ownImage(spec: ContainerSpec): Promise<string> {
    const image = join(spec.directory, `.image-${basename(dirname(spec.image))}`);
    return withLock(image, async () => {
        if (existsSync(image)) return image;
        rmSync(`${image}.new`, { recursive: true, force: true });
        try {
            await run(["cp", "-al", spec.image, `${image}.new`]);
        } catch {
            // another file system
            rmSync(`${image}.new`, { recursive: true, force: true });
            await run(["cp", "-a", spec.image, `${image}.new`]);
        }
        renameSync(`${image}.new`, image);
        return image;
    });
}

const mountTree = (folder: string) => run(["bash", join(__dirname, "mount-machine.sh"), folder]);

/** The domain of a finished tree: defined, started by libvirt from now on, running, answering to ssh. */
async function bringUp(name: string, folder: string, stamp: Stamp): Promise<void> {
    if (existsSync(join(folder, "lower"))) await mountTree(folder);
    if (!(await domains("--all")).includes(name)) {
        const file = join(folder, "domain.xml");
        writeFileSync(file, stamp.xml);
        await virsh("define", file);
    }
    await virsh("autostart", name);
    await powerOn(powerOf(name));
    await answers(stamp, 60);
}

/** Waits until an ssh server greets at the machine's address. */
async function answers({ address, mac }: Stamp, seconds: number): Promise<void> {
    // Who has this address would be asked once a second, and a machine boots in less: the answer is known.
    const [route] = JSON.parse(await run(["ip", "-json", "route", "get", address])) as { dev: string }[];
    if (route) await run(["ip", "neighbour", "replace", address, "lladdr", mac, "dev", route.dev, "nud", "stale"]);
    for (const deadline = Date.now() + seconds * 1000; !(await greets(address)); await wait(20)) {
        if (Date.now() > deadline) throw new Error(`No ssh server answers on ${address} after ${String(seconds)} s.`);
    }
}

/** One attempt, given up soon: what is sent to a machine that is not up yet is lost, and would be sent again only after a second. */
function greets(address: string): Promise<boolean> {
    return new Promise((resolve) => {
        const socket = connect({ host: address, port: 22, timeout: 100 });
        socket.once("connect", () => socket.setTimeout(5000));
        socket.once("data", (data) => {
            resolve(data.toString().startsWith("SSH-"));
            socket.destroy();
        });
        socket.once("timeout", () => socket.destroy());
        socket.once("error", () => undefined);
        socket.once("close", () => {
            resolve(false);
        });
    });
}

async function removeDomain(name: string): Promise<void> {
    const power = powerOf(name);
    if (await power.isRunning()) await cutPower(power);
    if ((await domains("--all")).includes(name)) await virsh("undefine", name);
}

async function remove(name: string, folder: string): Promise<void> {
    await removeDomain(name);
    const root = join(folder, "root");
    if (readFileSync("/proc/self/mountinfo", "utf8").includes(` ${root} `)) await run(["umount", root]);
    rmSync(folder, { recursive: true, force: true });
}

async function resume(directory: string): Promise<void> {
    const machines = readdirSync(directory).flatMap((name) => {
        const folder = join(directory, name);
        const stamp = readStamp(folder);
        return stamp ? [{ name, folder, stamp }] : [];
    });
    await Promise.all(machines.map(({ name, folder, stamp }) => withLock(folder, () => bringUp(name, folder, stamp))));
}

/** What of a machine's folder makes it: its own files, or all of them where it is no overlay, and what it is. */
const treeOf = (folder: string) =>
    existsSync(join(folder, "lower")) ? ["upper", "lower", "stamp.json"] : ["root", "stamp.json"];

/** Names of the machines that have a finished tree in a folder. */
const machinesIn = (directory: string) => readdirSync(directory).filter((name) => readStamp(join(directory, name)));

/** The kernel's own cache is what is copied: whatever a machine has written by then is in it, on the disk or not. */
async function save(directory: string, target: string): Promise<void> {
    for (const name of machinesIn(directory)) {
        const [folder, copy] = [join(directory, name), join(target, name)];
        mkdirSync(copy, { recursive: true, mode: 0o700 });
        await run([
            "cp",
            "-a",
            "--reflink=auto",
            "--sparse=always",
            ...treeOf(folder).map((part) => join(folder, part)),
            copy,
        ]);
    }
}

async function restore(directory: string, source: string): Promise<void> {
    const names = [...new Set([...machinesIn(directory), ...(await domains("--all"))])].filter(Boolean);
    await Promise.all(names.map((name) => withLock(join(directory, name), () => remove(name, join(directory, name)))));
    for (const name of machinesIn(source)) {
        const [folder, copy] = [join(directory, name), join(source, name)];
        for (const part of ["work", "root"]) mkdirSync(join(folder, part), { recursive: true });
        chmodSync(folder, 0o700);
        // The stamp comes last: a machine that was not restored to its end has none.
        for (const part of treeOf(copy))
            await run(["cp", "-a", "--reflink=auto", "--sparse=always", join(copy, part), folder]);
    }
    await resume(directory);
}

async function main([command, argument = "", other = ""]: string[]): Promise<void> {
    if (command === "resume") return resume(argument);
    if (command === "save") return save(argument, other);
    if (command === "restore") return restore(argument, other);
    const spec = containerSpec.parse({
        image: builtImagePath(),
        directory: machinesFolder(),
        ...(JSON.parse(readFileSync(0, "utf8")) as object),
    });
    if (spec.name !== argument) throw new Error(`The spec is of ${spec.name}, not of ${argument}.`);
    const folder = join(spec.directory, spec.name);
    if (command === "create") process.stdout.write(`${await create(spec)}\n`);
    else if (command === "delete") await withLock(folder, () => remove(spec.name, folder));
    else throw new Error(`Unknown command ${String(command)}.`);
}

process.umask(0o022); // what is made here are a machine's own folders, whose users are not only root
main(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
});
