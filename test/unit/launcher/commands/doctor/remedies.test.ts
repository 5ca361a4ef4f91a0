import { describe, expect, test } from "vitest";
import { connectionRemedy, kvmRemedy, trialRemedy } from "../../../../../launcher/commands/doctor/remedies";

/** Messages of virsh 9 and OpenSSH 9, and a part of the remedy for each. */
describe("a remedy", () => {
    test.each([
        ["spawn virsh ENOENT", "Install virsh"],
        ["env: 'virsh': No such file or directory", "Install virsh where libvirt is"],
        ["Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory", "start libvirt"],
        ["Failed to connect socket to '/var/run/libvirt/libvirt-sock': Connection refused", "lab:hypervisor"],
        ["Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied", "usermod -aG libvirt"],
        [
            "authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'",
            "usermod -aG libvirt",
        ],
        ["Cannot recv data: Host key verification failed.: Connection reset by peer", "Log in once by hand"],
        ["Cannot recv data: root@host: Permission denied (publickey).: Connection reset by peer", "ssh-copy-id"],
        [
            "Cannot recv data: ssh: Could not resolve hostname nowhere: Name or service not known: Connection reset by peer",
            "Correct the host",
        ],
        ["no connection driver available for qemu:///system", "driver"],
        ["something that nobody has seen yet", "virsh -c URI list"],
    ])("for a connection: %s", (message, remedy) => expect(connectionRemedy(message)).toContain(remedy));

    test.each([
        [
            "internal error: process exited while connecting to monitor: Could not access KVM kernel module: Permission denied",
            "/dev/kvm",
        ],
        [
            "unsupported configuration: Emulator '/usr/bin/qemu-system-x86_64' does not support virt type 'kvm'",
            "nested virtualization",
        ],
        ["", "nested virtualization"],
    ])("for KVM: %s", (message, remedy) => expect(kvmRemedy(message)).toContain(remedy));

    test("for a refused disk depends on the security driver that refuses it", () => {
        const message = "Could not open '/pool/disk.qcow2': Permission denied";
        expect(trialRemedy(message, ["apparmor", "dac"], "/pool")).toContain("  /pool/** rwk,");
        expect(trialRemedy(message, ["selinux", "dac"], "/pool")).toContain(
            "semanage fcontext -a -t virt_image_t '/pool(/.*)?'",
        );
        expect(trialRemedy(message, ["dac"], "/pool")).toMatch(/^Let QEMU's user .* get into/);
        expect(trialRemedy("could not find capabilities for arch=x86_64", [], "/pool")).toContain("Install QEMU");
    });
});
