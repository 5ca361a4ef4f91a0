import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sshArgv, type SshTarget } from "../../lib/libvirt-uri";
import { silent } from "../../lib/progress";
import { run } from "../../lib/run";
import { ensureIsolatedHost, removeIsolatedHost, type IsolatedHost } from "../../launcher/isolated-host/index";
import { newKey } from "./ssh-server";
import { eventually } from "./host-state";
import { cacheFolder } from "../../lib/environment";

const cache = cacheFolder();
const prefix = "10.77.0";

/** Namespaces that stand for a machine in a network with others. Bridge br0 leads to that network. */
export class Namespace {
    private constructor(
        readonly isolatedHost: IsolatedHost,
        readonly address: string,
        private readonly home: string,
    ) {}

    /** The bridge of `uplink` is the network's switch. Without `uplink`, this namespace's own bridge is. */
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

    /** Ends everything in the namespaces, with daemons and machines. */
    remove = () => removeIsolatedHost({ home: this.home, progress: silent });
}

/**
 * A namespace with a libvirtd and an ssh server, and no other way in. Its keys are new ones, and `uri` names them.
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
        // The server ends with the namespace.
        const [program = "", ...words] = namespace.isolatedHost.enter(["/usr/sbin/sshd", "-D", "-f", configuration]);
        spawn(program, words, { stdio: "ignore" });
        const it = new HypervisorElsewhere(namespace, ssh, authorizedKeys);
        await eventually(
            () => control.run(...sshArgv(ssh), "true"),
            () => true,
        );
        return it;
    }

    /** Forbids port forwarding while `work` runs (sshd(8), the options of a key). */
    async withoutForwarding(work: () => Promise<void>): Promise<void> {
        const key = readFileSync(this.authorizedKeys, "utf8");
        writeFileSync(this.authorizedKeys, `no-port-forwarding ${key}`);
        await work().finally(() => writeFileSync(this.authorizedKeys, key));
    }

    get uri(): string {
        const { user, host, port, keyFile, knownHostsFile } = this.ssh;
        return `qemu+ssh://${user}@${host}:${port}/system?keyfile=${keyFile}&knownhosts=${knownHostsFile}`;
    }

    /** Names of machines, networks, pools and image files; empty if pulumi left nothing. */
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

    /** The base volumes in a pool, each with its time of birth, which changes with each upload. */
    async baseVolumes(pool: string): Promise<string[]> {
        return (await this.namespace.sh(`cd /var/lib/libvirt/images/${pool} && stat -c '%n %w' debian-13-*`))
            .trim()
            .split("\n");
    }
}
