import { words } from "../lib/shell";
import { parseLibvirtUri, sshArgv, localUriOf } from "../lib/libvirt-uri";

const virsh = (uri: string, argv: readonly string[]): [string, ...string[]] => [
    "env",
    "LC_ALL=C",
    "virsh",
    "-q",
    "-c",
    uri,
    ...argv,
];

/**
 * The argv of virsh for a hypervisor; virsh prints English, and is ended after `seconds`. A remote hypervisor's own
 * virsh runs, through ssh: libvirt's ssh transport ignores the URI's known_hosts file, and needs netcat on the
 * hypervisor.
 */
export function virshArgv(uri: string, argv: readonly string[], seconds = 30): [string, ...string[]] {
    const { ssh } = parseLibvirtUri(uri);
    return [
        "timeout",
        "--kill-after=5",
        String(seconds),
        ...(ssh ? [...sshArgv(ssh), words(virsh(localUriOf(uri), argv))] : virsh(uri, argv)),
    ];
}

/** The argv that overwrites a volume with a file of this machine. It has no time limit: the file may be large. */
export function uploadArgv(uri: string, file: string, volume: string, pool: string): [string, ...string[]] {
    const { ssh } = parseLibvirtUri(uri);
    const upload = (from: string) => ["vol-upload", "--pool", pool, "--vol", volume, "--file", from];
    if (!ssh) return virsh(uri, upload(file));
    // virsh opens its input by a name. It cannot open ssh's socket, but a pipe.
    const there = `cat | ${words(virsh(localUriOf(uri), upload("/dev/stdin")))}`;
    return ["sh", "-c", 'exec "$@" <"$0"', file, ...sshArgv(ssh), there];
}
