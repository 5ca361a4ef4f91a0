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

/** URL knows hosts and ports of http and its kind only. */
const asHttp = (uri: string) => uri.replace(/^[^:]*:/, "http:").replace("http:///", "http://local/");
const asUrl = (uri: string) => new URL(asHttp(uri));

/** Whether `text` is a libvirt URI with a driver that this project knows, and with a host where it names ssh. */
export const isLibvirtUri = (text: string) =>
    /^(qemu|lxc|test)(\+[a-z]+)?:\/\/\S*$/.test(text) && !/^\w+\+ssh:\/\/\//.test(text) && URL.canParse(asHttp(text));

export function parseLibvirtUri(uri: string): LibvirtUri {
    const { username, hostname, port, searchParams } = asUrl(uri);
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

/** What libvirt is called by whoever has come by ssh to where it is. */
export function uriOverThere(uri: string): string {
    const { pathname, searchParams } = asUrl(uri);
    const { driver } = parseLibvirtUri(uri);
    const socket = searchParams.get("socket");
    return socket ? `${driver}+unix://${pathname}?socket=${encodeURIComponent(socket)}` : `${driver}://${pathname}`;
}

/** ssh and its options for getting to where libvirt is, with `options` more; whoever calls appends the command. Never asks anything. */
export const sshArgv = ({ host, user, port, keyFile, knownHostsFile }: SshTarget, ...options: string[]): string[] => [
    "ssh",
    "-o",
    "BatchMode=yes",
    "-o",
    "ConnectTimeout=10",
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(keyFile === undefined ? [] : ["-i", keyFile, "-o", "IdentitiesOnly=yes"]),
    ...(knownHostsFile === undefined ? [] : ["-o", `UserKnownHostsFile=${knownHostsFile}`]),
    ...options,
    ...(user === undefined ? [host] : [`${user}@${host}`]),
];
