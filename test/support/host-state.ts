/** What tests of the local lab look at from outside of it. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { run } from "../../lib/run";
import { groupName } from "../../launcher/isolated-host/namespace";

/** Asks until the answer passes: for what a machine does in its own time, such as coming back from a reboot. */
export async function until<T>(ask: () => Promise<T>, passes: (answer: T) => boolean, seconds = 30): Promise<T> {
    for (const deadline = Date.now() + seconds * 1000; ; await wait(100)) {
        const answer = await ask().catch((error: unknown) => {
            if (Date.now() > deadline) throw error;
        });
        if (answer !== undefined && passes(answer)) return answer;
        if (Date.now() > deadline) throw new Error(`Still ${JSON.stringify(answer)} after ${String(seconds)} s`);
    }
}

/**
 * What the labs in `homes` must leave as it was: the host's mounts, links, firewall, the folders that libvirt would use, their own control
 * groups and files. Another lab on this machine may come and go meanwhile.
 */
export async function hostState(homes: string[], ownFiles: () => string): Promise<Record<string, string>> {
    const libvirtFolders = [
        "/run/libvirt",
        "/etc/libvirt",
        "/var/lib/libvirt",
        "/var/log/libvirt",
        "/var/cache/libvirt",
    ].filter(existsSync);
    const rules = async (command: string) => (await run([command])).replaceAll(/^#.*$|\[\d+:\d+\]/gm, "");
    return {
        mounts: readFileSync("/proc/self/mountinfo", "utf8"),
        links: await run(["ip", "-o", "-br", "link"]),
        addresses: await run(["ip", "-o", "address"]),
        rules: (await rules("iptables-save")) + (await rules("ip6tables-save")),
        groups: await run([
            "find",
            "/sys/fs/cgroup",
            "-maxdepth",
            "2",
            ...homes.flatMap((home, index) => [...(index > 0 ? ["-o"] : []), "-name", groupName(home)]),
        ]),
        files: await run([
            "find",
            ...libvirtFolders,
            "/etc/apt-cacher-ng",
            "/etc/systemd/system",
            "-printf",
            "%p %s %l\n",
        ]),
        policy: String(existsSync("/usr/sbin/policy-rc.d")),
        ownFiles: ownFiles(),
    };
}

/** Namespaces that some process is in, as `kind:[inode]`. */
export function namespaces(): Set<string> {
    const kinds = ["net", "mnt", "pid", "cgroup"];
    const links = readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .flatMap((pid) => kinds.map((kind) => `/proc/${pid}/ns/${kind}`));
    return new Set(
        links.flatMap((link) => {
            try {
                return readlinkSync(link);
            } catch {
                return []; // gone meanwhile
            }
        }),
    );
}

/**
 * Of a container that does not answer, for whoever reads that a test failed: libvirt's view and words, and, where it runs, its jobs and processes from
 * the side of its process 1, whose parent is libvirt's. `sh` runs a script in the lab's namespaces; `home`: the stack's folder.
 */
export const reportOn = (name: string, home: string, sh: (script: string) => Promise<string>): Promise<string> =>
    sh(`exec 2>&1
virsh -c lxc:///system list --all
tail -n 60 ${home}/libvirt/log/lxc/${name}.log ${home}/run/holder.log
for parent in $(pgrep -f '^[^ ]*/libvirt_lxc --name ${name} '); do
    [ "$(readlink /proc/$parent/ns/net)" = "$(readlink /proc/self/ns/net)" ] || continue
    ps -o pid,stat,wchan:30,args --ppid $parent
    timeout 20 nsenter -a -t $(pgrep -P $parent) sh -c 'systemctl list-jobs; ps axf; ip address; ss -ltn'
done
chroot ${home}/machines/${name}/root journalctl --no-pager -o short-precise -n 100 || true`);
