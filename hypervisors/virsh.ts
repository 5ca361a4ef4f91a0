import { words } from "../lib/shell";
import { parseLibvirtUri, sshArgv, uriOverThere } from "../lib/libvirt-uri";

/**
 * The argv of virsh with these words at a hypervisor. Over ssh it is the hypervisor's own virsh: libvirt's own way there wants to know the host from
 * the user's known hosts, whatever file the URI names, and netcat or libvirt's own program for it at the other end. In English; gives up after `seconds`.
 */
export function virshArgv(uri: string, argv: readonly string[], seconds = 30): [string, ...string[]] {
    const { ssh } = parseLibvirtUri(uri);
    const virsh = (name: string) => ["env", "LC_ALL=C", "virsh", "-q", "-c", name, ...argv];
    return [
        "timeout",
        "--kill-after=5",
        String(seconds),
        ...(ssh ? [...sshArgv(ssh), words(virsh(uriOverThere(uri)))] : virsh(uri)),
    ];
}
