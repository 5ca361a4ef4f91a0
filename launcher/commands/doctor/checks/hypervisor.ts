/** Checks of a hypervisor: whether libvirt answers, and whether a machine such as the lab's would run there. */
import { poolFolder } from "../../../../config/description";
import { parseLibvirtUri, sshArgv } from "../../../../lib/libvirt-uri";
import { faultOf } from "../../../../hypervisors/acceleration";
import { jumpHostsOf } from "../../../../hypervisors/jump-host";
import { withLock } from "../../../../lib/lock";
import { run as runHere } from "../../../../lib/run";
import { inTime } from "../../../../lib/until";
import { headroomMiB, memoryDemandMiB } from "../../../stack/host-size";
import { bad, good, problemOf, unknown, warning, type Check } from "../finding";
import type { Hypervisor } from "../place";
import { processorsFinding } from "./processors";
import { connectionRemedy, kvmRemedy, trialRemedy } from "../remedies";

const gibibytes = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;

/** Whether libvirt accepts a connection. */
async function connects(hypervisor: Hypervisor, readOnly: boolean) {
    try {
        const version = await hypervisor.virsh(["version"], { readOnly });
        const line = (start: string) => new RegExp(`^${start}: (.*)$`, "m").exec(version)?.[1];
        return good(hypervisor.uri, [line("Using library"), line("Running hypervisor")].filter(Boolean).join(", "));
    } catch (error) {
        return bad(hypervisor.uri, problemOf(error), connectionRemedy(problemOf(error)));
    }
}

/** libvirt answers. Its socket for users who may only read is open to everybody. */
const reachable: Check<Hypervisor> = {
    name: "libvirt",
    look: async (hypervisor) => [await connects(hypervisor, true)],
};

/** libvirt lets this user change something. */
const permitted: Check<Hypervisor> = {
    name: "permission",
    look: async (hypervisor) => [await connects(hypervisor, false)],
};

const name = "lab-doctor";

/**
 * A machine that ends by itself: its disk is empty, so its firmware restarts it at once, and libvirt destroys a machine
 * that restarts.
 */
const trialDomain = (type: "kvm" | "qemu") => `<domain type='${type}'>
  <name>${name}</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type>hvm</type><boot dev='hd'/><bios rebootTimeout='1'/></os>
  <on_reboot>destroy</on_reboot>
  <devices>
    <disk type='volume' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source pool='${name}' volume='disk.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
  </devices>
</domain>
`;

/** Removes everything that a trial made, also a trial that was killed. */
async function removeTrial({ virsh }: Hypervisor): Promise<void> {
    const tryTo = (...words: string[]) => virsh(words).catch(() => undefined); // it may not exist
    if (!(await virsh(["pool-list", "--all", "--name"])).split("\n").some((line) => line.trim() === name)) return;
    await tryTo("destroy", name);
    await tryTo("pool-start", name);
    for (const volume of ["disk.qcow2", "base.qcow2"]) await tryTo("vol-delete", volume, name);
    await tryTo("pool-destroy", name);
    await tryTo("pool-delete", name);
    await virsh(["pool-undefine", name]);
}

/**
 * Runs the trial machine. Returns the seconds until it ended, or Infinity if it did not end within `limit` seconds. An
 * Error if it does not start.
 */
async function runTrial({ virsh }: Hypervisor, type: "kvm" | "qemu", limit: number): Promise<number> {
    await virsh(["create", "/dev/stdin"], { input: trialDomain(type) });
    const start = Date.now();
    const hasEnded = async () => !(await virsh(["list", "--name"])).split("\n").some((line) => line.trim() === name);
    try {
        return (await inTime(hasEnded, { seconds: limit })) ? (Date.now() - start) / 1000 : Infinity;
    } finally {
        await virsh(["destroy", name]).catch(() => undefined); // it has usually ended by itself
    }
}

/**
 * Makes a pool, a thin disk over another disk, and a machine with that disk, as the lab does, and removes them. It
 * shows whether AppArmor, SELinux or the permissions of a folder forbid that, and whether KVM is faster than emulation:
 * /dev/kvm may exist and not work.
 */
const trial: Check<Hypervisor> = {
    name: "trial machine",
    look: (hypervisor) =>
        withLock(`doctor ${hypervisor.uri}`, async () => {
            const { virsh, description } = hypervisor;
            const folder = poolFolder(description).replace(/[^/]*$/, name);
            const models = [...(await virsh(["capabilities"])).matchAll(/<secmodel>\s*<model>([^<]+)</g)]
                .map(([, model = ""]) => model)
                .filter((model) => model !== "none");
            await removeTrial(hypervisor);
            try {
                await virsh(["pool-define-as", name, "dir", "--target", folder]);
                await virsh(["pool-build", name]);
                await virsh(["pool-start", name]);
                await virsh(["vol-create-as", name, "base.qcow2", "1M", "--format", "qcow2"]);
                await virsh([
                    "vol-create-as",
                    name,
                    "disk.qcow2",
                    "2M",
                    "--format",
                    "qcow2",
                    "--backing-vol",
                    "base.qcow2",
                    "--backing-vol-format",
                    "qcow2",
                ]);
                const emulated = await runTrial(hypervisor, "qemu", 30);
                const confined = models.length > 0 ? `confined by ${models.join(" and ")}` : "not confined";
                return [
                    good("image access", `QEMU could open a thin disk in ${folder}, ${confined}`),
                    Number.isFinite(emulated)
                        ? good("emulation", `ran its firmware in ${emulated.toFixed(1)} s`)
                        : bad(
                              "emulation",
                              "its firmware did not end within 30 s",
                              "Read /var/log/libvirt/qemu/lab-doctor.log on the hypervisor.",
                          ),
                    await lookAtKvm(hypervisor, emulated),
                    await lookAtSpace(hypervisor, folder),
                ];
            } catch (error) {
                return [bad("image access", problemOf(error), trialRemedy(problemOf(error), models, folder))];
            } finally {
                await removeTrial(hypervisor);
            }
        }),
};

async function lookAtKvm(hypervisor: Hypervisor, emulated: number) {
    if (hypervisor.description.acceleration === "emulation")
        return good("KVM", "not used: lab:acceleration is emulation");
    if (!parseLibvirtUri(hypervisor.uri).ssh) {
        // `up` makes the same trial.
        const fault = await faultOf("kvm");
        return fault === undefined ? good("KVM", "runs machines") : warning("KVM", fault, kvmRemedy(fault));
    }
    try {
        const seconds = await runTrial(hypervisor, "kvm", 3 * emulated + 1);
        return Number.isFinite(seconds)
            ? good("KVM", `ran its firmware in ${seconds.toFixed(1)} s`)
            : warning(
                  "KVM",
                  "exists, but is slower than emulation: " +
                      `the firmware had not ended after ${(3 * emulated + 1).toFixed(1)} s`,
                  kvmRemedy(""),
              );
    } catch (error) {
        return warning("KVM", problemOf(error), kvmRemedy(problemOf(error)));
    }
}

/** Room for disks. They are thin, so they need their full size only when they are full. */
async function lookAtSpace({ machines, run }: Hypervisor, folder: string) {
    // Not from libvirt: its number includes the blocks that are reserved for root.
    const available = Number((await run(["df", "--block-size=1", "--output=avail", folder])).split("\n")[1]);
    const full = machines.reduce((sum, machine) => sum + machine.diskGiB, 0) * 1024 ** 3;
    // A Debian with the packages of a role takes 2 GiB. The image that all disks are based on counts as one more.
    const least = (machines.length + 1) * 2 * 1024 ** 3;
    const seen = `${gibibytes(available)} free in ${folder}; machines may take up to ${gibibytes(full)}`;
    if (available < least) return bad("storage", seen, `Make room: at least ${gibibytes(least)}.`);
    return available < full
        ? warning("storage", seen, "Make room, or give machines smaller disks (diskGiB).")
        : good("storage", seen);
}

/** Memory and processors for the machines. */
const memory: Check<Hypervisor> = {
    name: "memory",
    look: async ({ virsh, description, machines, own, uri }) => {
        const stats = await virsh(["nodememstats"]);
        const kibibytes = (key: string) => Number(new RegExp(`^${key}\\s*:\\s*(\\d+) KiB`, "m").exec(stats)?.[1] ?? 0);
        const [total, free] = [
            kibibytes("total") * 1024,
            (kibibytes("free") + kibibytes("buffers") + kibibytes("cached")) * 1024,
        ];
        const running = new Map(
            (await virsh(["list", "--uuid", "--name"]))
                .split("\n")
                .map((line) => line.trim().split(/\s+/))
                .map(([uuid = "", domain = ""]) => [domain, uuid]),
        );
        const notRunning = machines.filter((machine) => !own?.has(running.get(machine.name) ?? ""));
        const needed = notRunning.reduce((sum, machine) => sum + machine.memoryMiB, 0) * 1024 ** 2;
        const seen =
            `${gibibytes(free)} of ${gibibytes(total)} free; ` +
            `${notRunning.length} machines to start with ${gibibytes(needed)}`;
        const remedy = "Give the machines less memory (memoryMiB, machineSize), or free some.";
        const demand = memoryDemandMiB(description, machines) * 1024 ** 2;
        const limit = total - headroomMiB * 1024 ** 2;
        const processors = Number(/^CPU\(s\):\s*(\d+)/m.exec(await virsh(["nodeinfo"]))?.[1] ?? Infinity);
        return [
            demand > limit
                ? bad(uri, `${seen}; all ${machines.length} need ${gibibytes(demand)}`, remedy)
                : needed > free
                  ? warning(uri, seen, remedy)
                  : good(uri, seen),
            ...processorsFinding(uri, machines, processors),
        ];
    },
};

/**
 * Whether the hypervisor can be a jump host to the machines, if ssh to them goes through it. The ssh server is asked to
 * forward a connection to a port of its own, because there may be no machine yet: "connect failed" shows that it tried.
 */
const jump: Check<Hypervisor> = {
    name: "jump host",
    look: async ({ uri, description, run }) => {
        const { ssh } = parseLibvirtUri(uri);
        const jumpHost = (await jumpHostsOf({ ...description, hypervisors: [{ uri }] }))[uri];
        if (!ssh || !jumpHost) return [];
        const { host, port, user, privateKey, hostKey } = jumpHost;
        const refusal = await runHere(sshArgv(ssh, "-W", `127.0.0.1:${port}`) as [string, ...string[]], {
            name: "ssh -W",
        }).then(
            () => undefined,
            (error: unknown) => (/connect failed/.test(String(error)) ? undefined : problemOf(error)),
        );
        const curl = await run(["curl", "--version"]).then(
            () => true,
            () => false,
        );
        return [
            good(
                `${user}@${host}`,
                `${privateKey === undefined ? "a key in the ssh agent" : "a key"}, ` +
                    `and a known host key (${hostKey.split(" ")[0]})`,
            ),
            refusal === undefined
                ? good(`${user}@${host}`, "forwards connections to machines")
                : bad(
                      `${user}@${host}`,
                      refusal,
                      "Let its ssh server forward connections: AllowTcpForwarding yes in /etc/ssh/sshd_config, " +
                          "for this user.",
                  ),
            curl
                ? good("curl there", "is installed")
                : warning(
                      "curl there",
                      "is missing: ./lab curl and verify run it on the hypervisor",
                      "Install it on the hypervisor.",
                  ),
        ];
    },
};

export const connectionChecks = [reachable, permitted, jump];
/** For virtual machines only. Containers need none of it. */
export const trialChecks = [trial, memory];

/** The finding that replaces all other checks if libvirt does not answer. */
export const notLookedAt = (uri: string) => ({
    check: "machines, storage, clashes",
    ...unknown(uri, "libvirt does not answer, or not this user"),
    seconds: 0,
});
