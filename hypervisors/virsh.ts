import { words } from "../lib/shell";
import { parseLibvirtUri, sshArgv, localUriOf } from "../lib/libvirt-uri";

/**
 * The argv of virsh for a hypervisor; virsh prints English, and is ended after `seconds`. A remote hypervisor's own
 * virsh runs, through ssh: libvirt's ssh transport ignores the URI's known_hosts file, and needs netcat on the
 * hypervisor.
 */
export function virshArgv(uri: string, argv: readonly string[], seconds = 30): [string, ...string[]] {
    const { ssh } = parseLibvirtUri(uri);
    const virsh = (name: string) => ["env", "LC_ALL=C", "virsh", "-q", "-c", name, ...argv];
    return [
        "timeout",
        "--kill-after=5",
        String(seconds),
        ...(ssh ? [...sshArgv(ssh), words(virsh(localUriOf(uri)))] : virsh(uri)),
    ];
}
