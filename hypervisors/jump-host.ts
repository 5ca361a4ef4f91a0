/** Jump hosts: the machines of a remote hypervisor are reached through its ssh server, which its libvirt URI names. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { isPrivateKey } from "../lib/ssh-keys";
import { parseLibvirtUri, type SshTarget } from "../lib/libvirt-uri";
import { hypervisorOf, type MachineDescription, type LabDescription } from "../config/description";
import { UserError } from "../lib/errors";
import { run } from "../lib/run";

/** A jump host for ssh clients that do not read OpenSSH's configuration: pulumi-command's and lib/ssh.ts. */
export interface JumpHost {
    host: string;
    port: number;
    user: string;
    /** Text of the private key, a secret. Undefined: the ssh-agent (SSH_AUTH_SOCK) has it. */
    privateKey?: string;
    /** The only host key that it may show, as in an authorized_keys line. */
    hostKey: string;
}

/**
 * Types of host key that all clients and servers support, best first. pulumi-command supports RSA only with SHA-1,
 * which servers refuse.
 */
const keyTypes = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"];

/**
 * The jump host for OpenSSH to a machine, or to the first hypervisor where no machine is given. Undefined where no jump
 * host is needed.
 */
export function jumpTarget(
    description: Pick<LabDescription, "hypervisors" | "network">,
    machine: Pick<MachineDescription, "hypervisor"> = {},
): SshTarget | undefined {
    return description.network.jump ? parseLibvirtUri(hypervisorOf(description, machine).uri).ssh : undefined;
}

/**
 * The jump host of each hypervisor, by libvirt URI; empty where no jump host is needed. A UserError for one that cannot
 * be used.
 */
export async function jumpHostsOf({
    hypervisors,
    network,
}: Pick<LabDescription, "hypervisors" | "network">): Promise<Record<string, JumpHost>> {
    if (!network.jump) return {};
    const found = await Promise.all(
        hypervisors.map(async ({ uri }): Promise<[string, JumpHost][]> => {
            const { ssh } = parseLibvirtUri(uri);
            return ssh ? [[uri, await jumpHostOf(uri, ssh)]] : [];
        }),
    );
    return Object.fromEntries(found.flat());
}

async function jumpHostOf(
    uri: string,
    { host, port = 22, user, keyFile, knownHostsFile }: SshTarget,
): Promise<JumpHost> {
    if (user === undefined)
        throw new UserError(
            `${uri} names no user for ${host}.`,
            `Write qemu+ssh://USER@${host}/system: ` +
                "neither pulumi nor the libvirt provider reads the configuration of ssh.",
        );
    return {
        host,
        port,
        user,
        privateKey: readKey(uri, keyFile),
        hostKey: await knownHostKey(host, port, knownHostsFile ?? path.join(os.homedir(), ".ssh", "known_hosts")),
    };
}

/**
 * Text of the key that the URI names; undefined where an ssh-agent has it. The default is the libvirt provider's,
 * ~/.ssh/id_rsa.
 */
function readKey(uri: string, keyFile: string | undefined): string | undefined {
    if (keyFile === undefined && process.env.SSH_AUTH_SOCK) return undefined;
    const file = keyFile ?? path.join(os.homedir(), ".ssh", "id_rsa");
    let text: string;
    try {
        text = fs.readFileSync(file, "utf8");
    } catch (error) {
        const remedy = "Name the file of a private key in the URI, ?keyfile=/PATH, or add the key to an ssh-agent.";
        throw new UserError(
            `No key to log in with at ${uri}: ${file} cannot be read ` +
                `(${(error as NodeJS.ErrnoException).code ?? String(error)}).`,
            remedy,
        );
    }
    if (!isPrivateKey(text))
        throw new UserError(
            `${file} is no private key in PEM or OpenSSH format, or it has a passphrase.`,
            "Name another file in the URI, ?keyfile=/PATH; " +
                "or add a key with a passphrase to an ssh-agent (ssh-add), and name no keyfile.",
        );
    return text;
}

/**
 * The key of a host in a known_hosts file. ssh-keygen reads the file, because names in it may be hashed or patterns.
 */
async function knownHostKey(host: string, port: number, file: string): Promise<string> {
    const name = port === 22 ? host : `[${host}]:${port}`;
    // Exit code 1: the file does not exist or does not have the host.
    const output = await run(["ssh-keygen", "-F", name, "-f", file]).catch((error: unknown) => {
        if (/ENOENT/.test(String(error)))
            throw new UserError(
                "ssh-keygen is missing, which is needed to find the hypervisor's host key.",
                "Install OpenSSH's client (Debian: openssh-client, Red Hat: openssh-clients).",
            );
        return "";
    });
    // NAMES TYPE KEY [COMMENT]. Lines with a marker (@revoked, @cert-authority) have no host key.
    const keys = output
        .split("\n")
        .filter((line) => !/^([#@]|$)/.test(line))
        .map((line) => line.split(/\s+/).slice(1, 3).join(" "));
    const key = keyTypes.flatMap((type) => keys.filter((each) => each.startsWith(`${type} `)))[0];
    if (key === undefined) {
        throw new UserError(
            keys.length > 0
                ? `${file} has no ed25519 or ECDSA key of ${name}.`
                : `The host key of ${name} is unknown: ${file} does not have it.`,
            "Log in once by ssh with -o HostKeyAlgorithms=ssh-ed25519 and check the key that is shown; " +
                "or name another known_hosts file in the URI, knownhosts=/PATH.",
        );
    }
    return key;
}
