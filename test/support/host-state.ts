/** What tests of the isolated lab observe on the host. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { run } from "../../lib/run";
import { TimeoutError, until } from "../../lib/until";
import { groupName } from "../../launcher/isolated-host/namespace";

/**
 * Calls `ask` until its answer passes, and returns that answer. An error of `ask` counts as an answer that does not
 * pass. Fails after `seconds`, with the last answer or error in the message.
 */
export async function eventually<T>(ask: () => Promise<T>, passes: (answer: T) => boolean, seconds = 30): Promise<T> {
    let last = "";
    const attempt = async () => {
        try {
            const answer = await ask();
            last = JSON.stringify(answer);
            return passes(answer) && { answer };
        } catch (error) {
            last = String(error);
            return false;
        }
    };
    try {
        return (await until(attempt, { seconds, everyMs: 100, what: "the answer passes" })).answer;
    } catch (error) {
        if (error instanceof TimeoutError) throw new Error(`${error.message} Last answer: ${last}`, { cause: error });
        throw error;
    }
}

/**
 * The parts of the host that the labs in `homes` must leave unchanged: mounts, links, firewall, libvirt's folders, the
 * labs' own control groups and files. Other labs on this machine may come and go.
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

/** The namespaces of all processes, as `kind:[inode]`. */
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
                return []; // The process has ended.
            }
        }),
    );
}

/**
 * For the message of a test whose container does not answer: libvirt's view and log, and the container's jobs,
 * processes and journal. `sh` runs a script in the lab's namespaces; `home` is the stack's folder.
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
