/** The parts of a libvirt URI (libvirt.org/uri.html) that this project uses. */
export interface LibvirtUri {
    /** `qemu`, `lxc`, `test`. */
    driver: string;
    /** How ssh reaches the hypervisor; undefined for a URI without ssh. */
    ssh?: SshTarget;
}

export interface SshTarget {
    host: string;
    /** Undefined: the user of ssh's own configuration. */
    user?: string;
    port?: number;
    /** `keyfile=` of the URI. */
    keyFile?: string;
    /** `knownhosts=` of the URI, a parameter of the libvirt provider. */
    knownHostsFile?: string;
}

/** Class URL parses hosts and ports only of schemes that it knows, such as http. */
const asHttp = (uri: string) => uri.replace(/^[^:]*:/, "http:").replace("http:///", "http://local/");
const asUrl = (uri: string) => new URL(asHttp(uri));

/** Whether `text` is a libvirt URI with a known driver and, if it names ssh, with a host. */
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

/** The URI of the same libvirt for programs that run on the hypervisor itself. */
export function localUriOf(uri: string): string {
    const { pathname, searchParams } = asUrl(uri);
    const { driver } = parseLibvirtUri(uri);
    const socket = searchParams.get("socket");
    return socket ? `${driver}+unix://${pathname}?socket=${encodeURIComponent(socket)}` : `${driver}://${pathname}`;
}

/**
 * The argv of ssh to a hypervisor, with further `options`, and without a command, which callers append. ssh asks no
 * questions.
 */
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
