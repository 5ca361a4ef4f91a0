/** The way to machines behind a remote hypervisor: through its own ssh server, as its libvirt URI says. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { isPrivateKey } from "../lib/ssh-keys";
import { parseLibvirtUri, type SshTarget } from "../lib/libvirt-uri";
import { hypervisorOf, type MachineDescription, type LabDescription } from "../config/description";
import { UserError } from "../lib/errors";
import { run } from "../lib/run";

/** All that an ssh client needs that reads no configuration of OpenSSH's: pulumi-command's, and this project's own. */
export interface JumpHost {
    host: string;
    port: number;
    user: string;
    /** The key's text, a secret. Undefined: the agent's (SSH_AUTH_SOCK). */
    privateKey?: string;
    /** The only key that it may show, as in an authorized_keys line. */
    hostKey: string;
}

/** The kinds of host key that every client here agrees on with every server, best first. pulumi-command knows RSA with SHA-1 only, which servers refuse. */
const keyTypes = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"];

/** Whom OpenSSH goes through to a machine, or, where none is named, to where all machines' addresses are. Undefined where machines are reached without. */
export function jumpTarget(
    description: Pick<LabDescription, "hypervisors" | "network">,
    machine: Pick<MachineDescription, "hypervisor"> = {},
): SshTarget | undefined {
    return description.network.jump ? parseLibvirtUri(hypervisorOf(description, machine).uri).ssh : undefined;
}

/** The jump host of each hypervisor of a site, by libvirt URI; none where machines are reached without. A UserError for one that cannot be used. */
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
            `${uri} does not say who logs in at ${host}.`,
            `Write qemu+ssh://USER@${host}/system: neither pulumi nor the libvirt provider asks ssh's own configuration.`,
        );
    return {
        host,
        port,
        user,
        privateKey: readKey(uri, keyFile),
        hostKey: await knownHostKey(host, port, knownHostsFile ?? path.join(os.homedir(), ".ssh", "known_hosts")),
    };
}

/** The key that the URI names; without one the agent has it, or else it is where the libvirt provider looks. */
function readKey(uri: string, keyFile: string | undefined): string | undefined {
    if (keyFile === undefined && process.env.SSH_AUTH_SOCK) return undefined;
    const file = keyFile ?? path.join(os.homedir(), ".ssh", "id_rsa");
    let text: string;
    try {
        text = fs.readFileSync(file, "utf8");
    } catch (error) {
        const remedy = "Name a private key's file in the URI, ?keyfile=/PATH, or have an ssh-agent that holds the key.";
        throw new UserError(
            `No key to log in with at ${uri}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}).`,
            remedy,
        );
    }
    if (!isPrivateKey(text))
        throw new UserError(
            `${file} is no private key in PEM or OpenSSH format, or one with a passphrase.`,
            "Name another one in the URI, ?keyfile=/PATH; one with a passphrase is the ssh-agent's: ssh-add it, and leave keyfile away.",
        );
    return text;
}

/** The host's key in a file of known hosts, whose names may be hashed or patterns: ssh-keygen reads it. */
async function knownHostKey(host: string, port: number, file: string): Promise<string> {
    const name = port === 22 ? host : `[${host}]:${port}`;
    // Not in there is exit code 1, as is no file.
    const said = await run(["ssh-keygen", "-F", name, "-f", file]).catch((error: unknown) => {
        if (/ENOENT/.test(String(error)))
            throw new UserError(
                "ssh-keygen is missing, which finds the hypervisor's host key.",
                "Install OpenSSH's client (Debian: openssh-client, Red Hat: openssh-clients).",
            );
        return "";
    });
    // NAMES TYPE KEY [COMMENT]; lines with a marker (@revoked, @cert-authority) are no keys to show.
    const keys = said
        .split("\n")
        .filter((line) => !/^([#@]|$)/.test(line))
        .map((line) => line.split(/\s+/).slice(1, 3).join(" "));
    const key = keyTypes.flatMap((type) => keys.filter((each) => each.startsWith(`${type} `)))[0];
    if (key === undefined) {
        throw new UserError(
            keys.length > 0
                ? `${file} has no ed25519 or ECDSA key of ${name}.`
                : `The host key of ${name} is not known: it is not in ${file}.`,
            `Log in once by hand with -o HostKeyAlgorithms=ssh-ed25519 and look at the key that it shows; or name another file of known hosts in the URI, knownhosts=/PATH.`,
        );
    }
    return key;
}
