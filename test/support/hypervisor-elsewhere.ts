import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sshArgv, type SshTarget } from "../../lib/libvirt-uri";
import { silent } from "../../lib/progress";
import { run } from "../../lib/run";
import { ensureIsolatedHost, removeIsolatedHost, type IsolatedHost } from "../../launcher/isolated-host/index";
import { newKey } from "./ssh-server";
import { until } from "./host-state";

const cache = process.env.LAB_CACHE ?? "/var/cache/ha-web-lab";
const prefix = "10.77.0";

/** A namespace with a network of its own that stands for a machine on a network that others are on too. Its bridge br0 is its way there. */
export class Namespace {
    private constructor(
        readonly isolatedHost: IsolatedHost,
        readonly address: string,
        private readonly home: string,
    ) {}

    /** `uplink`: the one whose bridge is the switch; without it, this one's is. */
    static async create(home: string, number: number, uplink?: Namespace): Promise<Namespace> {
        const it = new Namespace(
            await ensureIsolatedHost({ home, cache, kind: "vm", progress: silent }),
            `${prefix}.${number}`,
            home,
        );
        await it.sh(`ip link add br0 type bridge && ip address add ${it.address}/24 dev br0 && ip link set br0 up`);
        if (uplink) {
            await uplink.sh(
                `ip link add port${number} type veth peer name up0 netns ${it.isolatedHost.pid} && ip link set port${number} master br0 up`,
            );
            await it.sh("ip link set up0 master br0 up");
        }
        return it;
    }

    run = (...argv: string[]) => run(this.isolatedHost.enter(argv) as [string, ...string[]]);
    sh = (script: string) => this.run("sh", "-c", script);
    virsh = (...words: string[]) => this.run("virsh", "-q", "-c", "qemu:///system", ...words);

    /** Everything in it, its daemons and machines too. */
    remove = () => removeIsolatedHost({ home: this.home, progress: silent });
}

/**
 * A namespace that has a libvirtd and an ssh server, and no other way in than that. `uri` says all that a client has to know; host key and
 * login key are made for it.
 */
export class HypervisorElsewhere {
    private constructor(
        readonly namespace: Namespace,
        readonly ssh: Required<SshTarget>,
        private readonly authorizedKeys: string,
    ) {}

    static async create(home: string, number: number, control: Namespace): Promise<HypervisorElsewhere> {
        const namespace = await Namespace.create(join(home, "namespace"), number, control);
        const write = (name: string, content: string) => {
            writeFileSync(join(home, name), content, { mode: 0o600 });
            return join(home, name);
        };
        mkdirSync(home, { recursive: true });
        const [host, login, port] = [newKey(), newKey(), 2222];
        const ssh = {
            host: namespace.address,
            user: "root",
            port,
            keyFile: write("login-key", login.privateKey),
            knownHostsFile: write("known_hosts", `[${namespace.address}]:${port} ${host.publicKey}\n`),
        };
        const authorizedKeys = write("authorized_keys", `${login.publicKey}\n`);
        const configuration = write(
            "sshd_config",
            [
                `Port ${port}`,
                `ListenAddress ${namespace.address}`,
                `HostKey ${write("host-key", host.privateKey)}`,
                `AuthorizedKeysFile ${authorizedKeys}`,
                "PidFile none",
                "UsePAM no",
                "StrictModes no",
                "PasswordAuthentication no",
                "PermitRootLogin prohibit-password",
                "",
            ].join("\n"),
        );
        await namespace.run("mkdir", "-p", "/run/sshd");
        // It ends with the namespace.
        const [program = "", ...words] = namespace.isolatedHost.enter(["/usr/sbin/sshd", "-D", "-f", configuration]);
        spawn(program, words, { stdio: "ignore" });
        const it = new HypervisorElsewhere(namespace, ssh, authorizedKeys);
        await until(
            () => control.run(...sshArgv(ssh), "true"),
            () => true,
        );
        return it;
    }

    /** Lets nobody's connections on to other machines while `work` lasts: sshd(8), the options of a key. */
    async withoutForwarding(work: () => Promise<void>): Promise<void> {
        const key = readFileSync(this.authorizedKeys, "utf8");
        writeFileSync(this.authorizedKeys, `no-port-forwarding ${key}`);
        await work().finally(() => writeFileSync(this.authorizedKeys, key));
    }

    get uri(): string {
        const { user, host, port, keyFile, knownHostsFile } = this.ssh;
        return `qemu+ssh://${user}@${host}:${port}/system?keyfile=${keyFile}&knownhosts=${knownHostsFile}`;
    }

    /** All that pulumi could leave: machines, networks, pools and files of images. */
    async contents(): Promise<string> {
        const { virsh, sh } = this.namespace;
        return [
            await virsh("list", "--all", "--name"),
            await virsh("net-list", "--all", "--name"),
            await virsh("pool-list", "--all", "--name"),
            await sh("ls /var/lib/libvirt/images 2>/dev/null || true"),
        ]
            .join("")
            .trim();
    }

    /** The disks in a pool that machines start from, each with the time of its birth: another upload is another birth. */
    async baseVolumes(pool: string): Promise<string[]> {
        return (await this.namespace.sh(`cd /var/lib/libvirt/images/${pool} && stat -c '%n %w' debian-13-*`))
            .trim()
            .split("\n");
    }
}
