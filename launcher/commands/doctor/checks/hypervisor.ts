/** Whether libvirt can be spoken to, and whether a machine as the lab has them would run there. */
import { setTimeout as wait } from "node:timers/promises";
import { poolFolder } from "../../../../config/description";
import { parseLibvirtUri, sshArgv } from "../../../../lib/libvirt-uri";
import { faultOf } from "../../../../hypervisors/acceleration";
import { jumpHostsOf } from "../../../../hypervisors/jump-host";
import { withLock } from "../../../../lib/lock";
import { run as runHere } from "../../../../lib/run";
import { bad, good, oneLine, unknown, warning, type Check } from "../finding";
import type { There } from "../place";
import { connectionRemedy, kvmRemedy, trialRemedy } from "../remedies";

const gibibytes = (bytes: number) => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;

/** Runs `ask`; where libvirt does not let that, what it says and what to do. */
async function connects(there: There, readOnly: boolean) {
    try {
        const version = await there.virsh(["version"], { readOnly });
        const line = (start: string) => new RegExp(`^${start}: (.*)$`, "m").exec(version)?.[1];
        return good(there.uri, [line("Using library"), line("Running hypervisor")].filter(Boolean).join(", "));
    } catch (error) {
        return bad(there.uri, oneLine(error), connectionRemedy(oneLine(error)));
    }
}

/** libvirt answers: those who may only look have a socket of their own, which says that it is there. */
const reachable: Check<There> = { name: "libvirt", look: async (there) => [await connects(there, true)] };

/** libvirt lets this user change something. */
const permitted: Check<There> = { name: "permission", look: async (there) => [await connects(there, false)] };

const name = "lab-doctor";

/** A machine that ends by itself: there is nothing on its disk to start from, its firmware gives up at once, and what it restarts is destroyed. */
const trialDomain = (type: "kvm" | "qemu") => `<domain type='${type}'>
  <name>${name}</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type>hvm</type><boot dev='hd'/><bios rebootTimeout='1'/></os>
  <on_reboot>destroy</on_reboot>
  <devices>
    <disk type='volume' device='disk'><driver name='qemu' type='qcow2'/><source pool='${name}' volume='disk.qcow2'/><target dev='vda' bus='virtio'/></disk>
  </devices>
</domain>
`;

/** Takes away what a trial made, also one that was killed. */
async function removeTrial({ virsh }: There): Promise<void> {
    const told = (...words: string[]) => virsh(words).catch(() => undefined); // it may not be there
    if (!(await virsh(["pool-list", "--all", "--name"])).split("\n").some((line) => line.trim() === name)) return;
    await told("destroy", name);
    await told("pool-start", name);
    for (const volume of ["disk.qcow2", "base.qcow2"]) await told("vol-delete", volume, name);
    await told("pool-destroy", name);
    await told("pool-delete", name);
    await virsh(["pool-undefine", name]);
}

/** Runs the trial machine; gives the seconds that it took to end. Fails where it does not start; `limit` seconds are all that it gets. */
async function runTrial({ virsh }: There, type: "kvm" | "qemu", limit: number): Promise<number> {
    await virsh(["create", "/dev/stdin"], { input: trialDomain(type) });
    const start = Date.now();
    const seconds = () => (Date.now() - start) / 1000;
    try {
        while ((await virsh(["list", "--name"])).split("\n").some((line) => line.trim() === name)) {
            if (seconds() > limit) return Infinity;
            await wait(50);
        }
        return seconds();
    } finally {
        await virsh(["destroy", name]).catch(() => undefined); // mostly gone by itself
    }
}

/**
 * A pool, a thin disk over another and a machine with that disk, as the lab has them, for a moment: whether AppArmor, SELinux or a folder's
 * permissions refuse it, and whether it runs faster with KVM than without. /dev/kvm may be there and be of no use.
 */
const trial: Check<There> = {
    name: "trial machine",
    look: (there) =>
        withLock(`doctor ${there.uri}`, async () => {
            const { virsh, description } = there;
            const folder = poolFolder(description).replace(/[^/]*$/, name);
            const models = [...(await virsh(["capabilities"])).matchAll(/<secmodel>\s*<model>([^<]+)</g)]
                .map(([, model = ""]) => model)
                .filter((model) => model !== "none");
            await removeTrial(there);
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
                const emulated = await runTrial(there, "qemu", 30);
                const confined = models.length > 0 ? `confined by ${models.join(" and ")}` : "not confined";
                return [
                    good("image access", `a thin disk in ${folder} was opened, ${confined}`),
                    Number.isFinite(emulated)
                        ? good("emulation", `ran its firmware in ${emulated.toFixed(1)} s`)
                        : bad(
                              "emulation",
                              "its firmware did not end within 30 s",
                              "Look into /var/log/libvirt/qemu/lab-doctor.log on the hypervisor.",
                          ),
                    await lookAtKvm(there, emulated),
                    await lookAtSpace(there, folder),
                ];
            } catch (error) {
                return [bad("image access", oneLine(error), trialRemedy(oneLine(error), models, folder))];
            } finally {
                await removeTrial(there);
            }
        }),
};

async function lookAtKvm(there: There, emulated: number) {
    if (there.description.acceleration === "emulation") return good("KVM", "not asked for: lab:acceleration");
    if (!parseLibvirtUri(there.uri).ssh) {
        // by the same try as `up`
        const fault = await faultOf("kvm");
        return fault === undefined ? good("KVM", "runs machines") : warning("KVM", fault, kvmRemedy(fault));
    }
    try {
        const seconds = await runTrial(there, "kvm", 3 * emulated + 1);
        return Number.isFinite(seconds)
            ? good("KVM", `ran its firmware in ${seconds.toFixed(1)} s`)
            : warning(
                  "KVM",
                  `is there, and slower than emulation: its firmware was not done after ${(3 * emulated + 1).toFixed(1)} s`,
                  kvmRemedy(""),
              );
    } catch (error) {
        return warning("KVM", oneLine(error), kvmRemedy(oneLine(error)));
    }
}

/** Disks are thin: they have to fit only once they are full. */
async function lookAtSpace({ machines, run }: There, folder: string) {
    // libvirt's own number counts what is reserved for root.
    const available = Number((await run(["df", "--block-size=1", "--output=avail", folder])).split("\n")[1]);
    const full = machines.reduce((sum, machine) => sum + machine.diskGiB, 0) * 1024 ** 3;
    // What a Debian with a role's packages takes, and the image that all start from.
    const least = (machines.length + 1) * 2 * 1024 ** 3;
    const seen = `${gibibytes(available)} free in ${folder}; machines may take up to ${gibibytes(full)}`;
    if (available < least) return bad("storage", seen, `Make room: at least ${gibibytes(least)}.`);
    return available < full
        ? warning("storage", seen, "Make room, or give machines smaller disks (diskGiB).")
        : good("storage", seen);
}

/** Memory of the machines that do not run yet, against what the hypervisor has to give. */
const memory: Check<There> = {
    name: "memory",
    look: async ({ virsh, machines, own, uri }) => {
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
        const toCome = machines.filter((machine) => !own?.has(running.get(machine.name) ?? ""));
        const needed = toCome.reduce((sum, machine) => sum + machine.memoryMiB, 0) * 1024 ** 2;
        const seen = `${gibibytes(free)} of ${gibibytes(total)} free; ${toCome.length} machines to start with ${gibibytes(needed)}`;
        const remedy = "Give machines less (memoryMiB, machineSize), or free some.";
        if (needed > total) return [bad(uri, seen, remedy)];
        return [needed > free ? warning(uri, seen, remedy) : good(uri, seen)];
    },
};

/**
 * The way on to the machines behind it, where that is the way: as `up` and the tools take it. Whether the ssh server carries connections on is
 * asked with a port of its own, as no machine may be there yet: one that nobody listens at has been tried.
 */
const jump: Check<There> = {
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
            (error: unknown) => (/connect failed/.test(String(error)) ? undefined : oneLine(error)),
        );
        const curl = await run(["curl", "--version"]).then(
            () => true,
            () => false,
        );
        return [
            good(
                `${user}@${host}`,
                `${privateKey === undefined ? "a key of the agent" : "a key"}, and a host key that is known (${hostKey.split(" ")[0]})`,
            ),
            refusal === undefined
                ? good(`${user}@${host}`, "carries connections on to machines")
                : bad(
                      `${user}@${host}`,
                      refusal,
                      "Let its ssh server forward connections: AllowTcpForwarding yes in /etc/ssh/sshd_config, for this user.",
                  ),
            curl
                ? good("curl there", "is there")
                : warning(
                      "curl there",
                      "is missing: ./lab curl and verify run it where the machines' addresses are",
                      "Install it on the hypervisor.",
                  ),
        ];
    },
};

export const connectionChecks = [reachable, permitted, jump];
/** Virtual machines only: libvirt's LXC driver needs none of it. */
export const trialChecks = [trial, memory];

/** What stands for the rest where libvirt cannot be spoken to. */
export const notLookedAt = (uri: string) => ({
    check: "machines, storage, clashes",
    ...unknown(uri, "libvirt cannot be spoken to"),
});
