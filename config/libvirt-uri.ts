/** A libvirt URI (libvirt.org/uri.html), taken apart as far as this project has to know it. */
export interface LibvirtUri {
    /** `qemu`, `lxc`, `test`. */
    driver: string;
    /** Over which ssh gets there; undefined where libvirt is this machine's own, or spoken to without ssh. */
    ssh?: SshTarget;
}

export interface SshTarget {
    host: string;
    /** Undefined: whoever ssh's own configuration says. */
    user?: string;
    port?: number;
    /** `keyfile=` of the URI. */
    keyFile?: string;
    /** `knownhosts=` of the URI: the libvirt provider's word for it. */
    knownHostsFile?: string;
}

export function parseLibvirtUri(uri: string): LibvirtUri {
    // URL knows hosts and ports of http and its kind only.
    const { username, hostname, port, searchParams } = new URL(uri.replace(/^[^:]*:/, "http:").replace("http:///", "http://local/"));
    const [driver = "", transport] = uri.slice(0, uri.indexOf(":")).split("+");
    if (transport !== "ssh") return { driver };
    const value = (text: string | null) => (text ? decodeURIComponent(text) : undefined);
    return {
        driver,
        ssh: {
            host: hostname,
            user: value(username),
            port: port === "" ? undefined : Number(port),
            keyFile: searchParams.get("keyfile") ?? undefined,
            knownHostsFile: searchParams.get("knownhosts") ?? undefined,
        },
    };
}

/** ssh and its options for getting to where libvirt is; whoever calls appends the command. Never asks anything. */
export const sshArgv = ({ host, user, port, keyFile, knownHostsFile }: SshTarget): string[] => [
    "ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10",
    ...port === undefined ? [] : ["-p", String(port)],
    ...keyFile === undefined ? [] : ["-i", keyFile, "-o", "IdentitiesOnly=yes"],
    ...knownHostsFile === undefined ? [] : ["-o", `UserKnownHostsFile=${knownHostsFile}`],
    ...user === undefined ? [host] : [`${user}@${host}`],
];
