/**
 * Makes and removes system containers. Runs in the namespaces of an isolated lab; every command can be killed at any
 * point and run again.
 *
 * - `container.ts create NAME < SPEC` makes and starts a container of that ContainerSpec. It prints the container's
 *   libvirt UUID and nothing else.
 * - `container.ts delete NAME < SPEC` removes the container and its files.
 * - `container.ts resume DIRECTORY` starts every container of DIRECTORY that is off.
 * - `container.ts save DIRECTORY FOLDER` copies the disks of all containers of DIRECTORY into FOLDER. The caller has
 *   paused them.
 * - `container.ts restore DIRECTORY FOLDER` replaces the containers of DIRECTORY by those saved in FOLDER, and starts
 *   them.
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
import { builtImagePath, machinesFolder, packageLayers } from "../../lib/environment";
import { writeWholeFile } from "../../lib/write-file";
import { run } from "../../lib/run";
import { containerSpec, type ContainerSpec } from "../../hypervisors/container-spec";
import { domainXml, identityFiles } from "./container-definition";
import { requireSound } from "./layer-digest";
import { withLock } from "../../lib/lock";
import { until } from "../../lib/until";
import { powerOn, shutDown, type PowerSwitch } from "./power";

/**
 * What stamp.json says of a container. It is written last: a container without it is incomplete, and `create` makes it
 * anew.
 */
interface Stamp {
    uuid: string;
    /** diskHash of the specification that the disk was made from. */
    disk: string;
    address: string;
    mac: string;
    xml: string;
}

const virsh = (...words: string[]) => run(["virsh", "-q", "-c", "lxc:///system", ...words]);
const domains = async (...filter: string[]) =>
    (await virsh("list", "--name", ...filter)).split("\n").map((name) => name.trim());
const powerSwitchOf = (name: string): PowerSwitch => ({
    virsh: (command, ...words) => virsh(command, name, ...words),
    isRunning: async () => (await domains()).includes(name),
});

/**
 * Hash of the settings that are on the disk: another value means another disk. The settings left out are only in the
 * libvirt domain.
 */
function diskHash({
    image: _image,
    layer: _layer,
    directory: _directory,
    network: _network,
    memoryMiB: _memoryMiB,
    vcpus: _vcpus,
    devices: _devices,
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

/**
 * Makes the container's root file system: an overlay over its package layer and the image, or a copy of the image, with
 * the files that identify the machine.
 */
async function makeTree(spec: ContainerSpec, folder: string): Promise<Stamp> {
    for (const name of ["upper", "work", "root"]) mkdirSync(join(folder, name), { recursive: true });
    chmodSync(folder, 0o700);
    const root = join(folder, "root");
    writeFileSync(join(folder, "lower"), (await lowerFolders(spec)).join(":"));
    try {
        await mountTree(folder);
    } catch {
        // This file system cannot hold an overlay.
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
    writeWholeFile(join(folder, "stamp.json"), JSON.stringify(stamp));
    return stamp;
}

/** The folders below the container's own files, the topmost first. */
async function lowerFolders({ directory, image, layer }: ContainerSpec): Promise<string[]> {
    const lower = [await ownCopy(directory, "image", image)];
    if (layer === undefined) return lower;
    try {
        return [await ownCopy(directory, "layer", layer, () => requireSound(dirname(layer))), ...lower];
    } catch (error) {
        // The package run does the same work, and takes longer.
        process.stderr.write(`The machine starts without a package layer: ${String(error)}\n`);
        return lower;
    }
}

/**
 * The lab's own copy of a folder in the cache, made of hard links: users may empty the cache while the lab is up.
 * `check` fails for a folder that must not be used.
 */
function ownCopy(directory: string, what: "image" | "layer", source: string, check = async () => {}): Promise<string> {
    const copy = join(directory, `.${what}-${basename(dirname(source))}`);
    return withLock(copy, async () => {
        if (existsSync(copy)) return copy;
        await check();
        rmSync(`${copy}.new`, { recursive: true, force: true });
        try {
            await run(["cp", "-al", source, `${copy}.new`]);
        } catch {
            // The cache is on another file system.
            rmSync(`${copy}.new`, { recursive: true, force: true });
            await run(["cp", "-a", source, `${copy}.new`]);
        }
        renameSync(`${copy}.new`, copy);
        return copy;
    });
}

const mountTree = (folder: string) => run(["bash", join(__dirname, "mount-machine.sh"), folder]);

/** Defines and starts the domain of a complete container, and waits until its ssh server answers. */
async function bringUp(name: string, folder: string, stamp: Stamp): Promise<void> {
    if (existsSync(join(folder, "lower"))) await mountTree(folder);
    if (!(await domains("--all")).includes(name)) {
        const file = join(folder, "domain.xml");
        writeFileSync(file, stamp.xml);
        await virsh("define", file);
    }
    await virsh("autostart", name);
    await powerOn(powerSwitchOf(name));
    await waitForSsh(stamp, 60);
}

/** Waits until an ssh server answers at the machine's address. */
async function waitForSsh({ address, mac }: Stamp, seconds: number): Promise<void> {
    // The kernel repeats an ARP request only once a second, and a container boots in less. This entry makes ARP
    // unnecessary.
    const [route] = JSON.parse(await run(["ip", "-json", "route", "get", address])) as { dev: string }[];
    if (route) await run(["ip", "neighbour", "replace", address, "lladdr", mac, "dev", route.dev, "nud", "stale"]);
    await until(() => hasSshServer(address), { seconds, everyMs: 20, what: `an ssh server answers at ${address}` });
}

/**
 * One attempt of 0.1 s to connect: the kernel would resend a lost SYN only after a second, when a new attempt is
 * faster.
 */
function hasSshServer(address: string): Promise<boolean> {
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
    const power = powerSwitchOf(name);
    if (await power.isRunning()) await shutDown(power);
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

/**
 * The parts of a machine's folder that a copy of the machine needs: the upper layer of an overlay, or the whole tree.
 */
const partsOf = (folder: string) =>
    existsSync(join(folder, "lower")) ? ["upper", "lower", "stamp.json"] : ["root", "stamp.json"];

/** Names of the complete containers in a folder. */
const machinesIn = (directory: string) => readdirSync(directory).filter((name) => readStamp(join(directory, name)));

/** Needs no sync: `cp` reads through the kernel's cache, which has everything that the machines have written. */
async function save(directory: string, target: string): Promise<void> {
    for (const name of machinesIn(directory)) {
        const [folder, copy] = [join(directory, name), join(target, name)];
        mkdirSync(copy, { recursive: true, mode: 0o700 });
        await run([
            "cp",
            "-a",
            "--reflink=auto",
            "--sparse=always",
            ...partsOf(folder).map((part) => join(folder, part)),
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
        // partsOf lists the stamp last: a machine whose copying was interrupted has none.
        for (const part of partsOf(copy))
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
        layer: packageLayers()[argument],
        directory: machinesFolder(),
        ...(JSON.parse(readFileSync(0, "utf8")) as object),
    });
    if (spec.name !== argument) throw new Error(`The spec is of ${spec.name}, not of ${argument}.`);
    const folder = join(spec.directory, spec.name);
    if (command === "create") process.stdout.write(`${await create(spec)}\n`);
    else if (command === "delete") await withLock(folder, () => remove(spec.name, folder));
    else throw new Error(`Unknown command ${String(command)}.`);
}

process.umask(0o022); // users other than root must be able to read a machine's files
main(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
});
