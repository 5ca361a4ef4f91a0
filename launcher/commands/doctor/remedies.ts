/** Error messages of programs, and what to do about them. The messages are those of libvirt 9 and OpenSSH 9. */
interface KnownError {
    says: RegExp;
    remedy: string;
}

const connection: KnownError[] = [
    {
        says: /ENOENT|virsh.?: No such file|failed to run command .virsh/,
        remedy:
            "Install virsh where libvirt is (Debian: libvirt-clients; Red Hat: libvirt-client); " +
            "only this command needs it.",
    },
    {
        says: /Host key verification failed/,
        remedy:
            "Log in once by hand with ssh and check the key that it shows. " +
            "The libvirt provider reads ~/.ssh/known_hosts, or the file in the URI: ?knownhosts=FILE.",
    },
    {
        says: /Permission denied \(|Too many authentication failures/,
        remedy:
            "Authorize this user's ssh key on the hypervisor (ssh-copy-id), or name a key in the URI: " +
            "?keyfile=/path/to/key.",
    },
    {
        says: /Could not resolve hostname|Connection (refused|timed out)|No route to host|Network is unreachable/,
        remedy: "Correct the host in lab:hypervisor, or make its ssh server reachable from here.",
    },
    {
        says: new RegExp(
            "libvirt-sock(-ro)?'?: Permission denied|no polkit agent|access denied by policy|" +
                "authentication (failed|unavailable)",
        ),
        remedy: "Become a member of the group libvirt and log in again: sudo usermod -aG libvirt $USER",
    },
    {
        says: /Failed to connect socket|libvirt-sock/,
        remedy:
            "Install and start libvirt with QEMU. Debian: apt-get install libvirt-daemon-system qemu-system-x86; " +
            "systemctl enable --now libvirtd. Red Hat: dnf install libvirt qemu-kvm; " +
            "systemctl enable --now virtqemud virtnetworkd virtstoraged",
    },
    {
        says: /no connection driver|could not find driver|unsupported|no QEMU|driver is not whitelisted/i,
        remedy: "Install libvirt's QEMU driver: libvirt-daemon-driver-qemu (Debian and Red Hat).",
    },
];

/** What to do if libvirt does not answer. */
export const connectionRemedy = (message: string) =>
    connection.find(({ says }) => says.test(message))?.remedy ??
    "Make this command work: virsh -c URI list, with the URI of lab:hypervisor.";

const kvm: KnownError[] = [
    {
        says: /Could not access KVM kernel module: Permission denied/,
        remedy: "Let QEMU's user open /dev/kvm: put the user into the group kvm, or chmod 666 /dev/kvm.",
    },
    {
        says: /^/,
        remedy:
            "Switch hardware virtualization on in the firmware (in a virtual machine: " +
            "nested virtualization on its host) and load kvm_intel or kvm_amd. " +
            "Without it machines are emulated, about ten times slower.",
    },
];

/** What to do if a machine does not run with KVM. */
export const kvmRemedy = (message: string) => kvm.find(({ says }) => says.test(message))?.remedy ?? "";

const selinux =
    "Label the pool's folder for virtual machines: semanage fcontext -a -t virt_image_t 'FOLDER(/.*)?' && " +
    "restorecon -R FOLDER; ausearch -m avc -ts recent shows what was refused.";
const apparmor =
    "Let QEMU read the pool's folder: the line '  FOLDER/** rwk,' in " +
    "/etc/apparmor.d/local/abstractions/libvirt-qemu, then restart libvirtd; " +
    'or security_driver = "none" in /etc/libvirt/qemu.conf. dmesg shows what was refused.';
const permissions =
    "Let QEMU's user (user = in /etc/libvirt/qemu.conf) get into the pool's folder: " +
    "give every folder above it the permission x.";

/**
 * What to do if the trial machine did not start. `securityModels`: what libvirt confines machines with (apparmor,
 * selinux, dac). `folder`: where its disks were.
 */
export function trialRemedy(message: string, securityModels: string[], folder: string): string {
    if (/Permission denied/.test(message)) {
        const remedies = [
            securityModels.includes("selinux") ? selinux : securityModels.includes("apparmor") ? apparmor : undefined,
            permissions,
        ].filter((text) => text !== undefined);
        return remedies.join(" Or: ").replaceAll("FOLDER", folder);
    }
    if (/emulator|could not find capabilities for/i.test(message))
        return (
            "Install QEMU for this machine's kind (Debian: qemu-system-x86, Red Hat: qemu-kvm) " +
            "and restart libvirtd."
        );
    if (/storage pool|storage vol|cannot create path|failed to create/i.test(message))
        return (
            `Let libvirt make a folder and disks below ${folder}; ` +
            "Debian has its storage driver in libvirt-daemon, Red Hat in libvirt-daemon-driver-storage."
        );
    return "Read /var/log/libvirt/qemu/lab-doctor.log on the hypervisor.";
}
