import { describe, expect, test } from "vitest";
import { parseLibvirtUri, sshArgv, uriOverThere } from "../../../../lib/libvirt-uri";
import { isReady, lookAt, oneLine, bad, good, warning } from "../../../../launcher/commands/doctor/finding";
import { connectionRemedy, kvmRemedy, trialRemedy } from "../../../../launcher/commands/doctor/remedies";
import { asJson, asTable } from "../../../../launcher/commands/doctor/report";
import { UserError } from "../../../../lib/errors";
import { virshArgv } from "../../../../hypervisors/virsh";

describe("a libvirt URI", () => {
    test.each([
        ["qemu:///system", { driver: "qemu" }],
        ["lxc:///system", { driver: "lxc" }],
        ["qemu+unix:///system?socket=/run/other", { driver: "qemu" }],
        ["qemu+tcp://198.51.100.7/system", { driver: "qemu" }],
        ["qemu+ssh://host.example/system", { driver: "qemu", ssh: { host: "host.example" } }],
        [
            "qemu+ssh://root@198.51.100.7:2222/system?keyfile=/keys/one&knownhosts=/keys/known",
            {
                driver: "qemu",
                ssh: {
                    host: "198.51.100.7",
                    user: "root",
                    port: 2222,
                    keyFile: "/keys/one",
                    knownHostsFile: "/keys/known",
                },
            },
        ],
    ])("%s", (uri, expected) => expect(parseLibvirtUri(uri)).toEqual(expected));

    test("as ssh's words, which never ask anything", () => {
        expect(sshArgv({ host: "h" })).toEqual(["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "h"]);
        expect(sshArgv({ host: "h", user: "u", port: 7, keyFile: "/k", knownHostsFile: "/n" }).slice(5)).toEqual([
            "-p",
            "7",
            "-i",
            "/k",
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "UserKnownHostsFile=/n",
            "u@h",
        ]);
        expect(sshArgv({ host: "h", user: "u" }, "-W", "a:22").slice(5)).toEqual(["-W", "a:22", "u@h"]);
    });
});

describe("virsh", () => {
    test.each([
        ["qemu+ssh://root@h:2222/system?keyfile=/k", "qemu:///system"],
        ["qemu+ssh://u@h/session", "qemu:///session"],
        ["qemu+ssh://u@h/system?socket=/run/other sock", "qemu+unix:///system?socket=%2Frun%2Fother%20sock"],
    ])("is, for %s, the hypervisor's own, which calls it %s", (uri, there) => expect(uriOverThere(uri)).toBe(there));

    test("is called here for what is here, and by ssh in one word of quoted ones for what is not", () => {
        expect(virshArgv("qemu:///system", ["list"])).toEqual([
            "timeout",
            "--kill-after=5",
            "30",
            "env",
            "LC_ALL=C",
            "virsh",
            "-q",
            "-c",
            "qemu:///system",
            "list",
        ]);
        expect(virshArgv("qemu+ssh://u@h/system", ["dumpxml", "it's"], 5)).toEqual([
            "timeout",
            "--kill-after=5",
            "5",
            "ssh",
            "-o",
            "BatchMode=yes",
            "-o",
            "ConnectTimeout=10",
            "u@h",
            `env LC_ALL=C virsh -q -c qemu:///system dumpxml 'it'\\''s'`,
        ]);
    });
});

/** What virsh 9 and OpenSSH 9 said, and what has to be in the remedy. */
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

    test("for a disk that is refused: whoever refuses", () => {
        const message = "Could not open '/pool/disk.qcow2': Permission denied";
        expect(trialRemedy(message, ["apparmor", "dac"], "/pool")).toContain("  /pool/** rwk,");
        expect(trialRemedy(message, ["selinux", "dac"], "/pool")).toContain(
            "semanage fcontext -a -t virt_image_t '/pool(/.*)?'",
        );
        expect(trialRemedy(message, ["dac"], "/pool")).toMatch(/^Let QEMU's user .* get into/);
        expect(trialRemedy("could not find capabilities for arch=x86_64", [], "/pool")).toContain("Install QEMU");
    });
});

describe("findings", () => {
    const look = (...found: ReturnType<typeof good>[]) => ({ name: "one", look: () => Promise.resolve(found) });
    const falls = (error: Error) => ({ name: "two", look: () => Promise.reject(error) });

    test("a look that falls over leaves the others, and is not known", async () => {
        const findings = await lookAt("here", {}, [
            falls(new UserError("no\n  way", "go round")),
            look(good("a", "b")),
        ]);
        expect(findings).toEqual([
            { check: "two", result: "unknown", subject: "here", seen: "no | way", remedy: "go round" },
            { check: "one", result: "good", subject: "a", seen: "b" },
        ]);
        expect(isReady(findings)).toBe(false);
    });

    test("warnings stand in nobody's way; what is bad does", async () => {
        expect(isReady(await lookAt("here", {}, [look(good("a", "b"), warning("c", "d", "e"))]))).toBe(true);
        expect(isReady(await lookAt("here", {}, [look(bad("c", "d", "e"))]))).toBe(false);
    });

    test("are shown with a remedy for each that is not good", async () => {
        const findings = await lookAt("here", {}, [look(good("a", "well"), bad("b", "broken", "mend it"))]);
        expect(asTable("x", findings)).toBe(
            [
                "check  of  result  seen",
                "one    a   good    well",
                "one    b   BAD     broken",
                "",
                "What to do:",
                "  one, b: mend it",
                "",
                "This machine is NOT ready for the stack 'x': 1 good, 0 to know of, 1 bad, 0 not known.",
                "",
            ].join("\n"),
        );
        expect(JSON.parse(asJson("x", findings))).toEqual({ stack: "x", ready: false, findings });
    });

    test("virsh's errors are told by what is the matter", () => {
        expect(
            oneLine(new Error("virsh: exit code 1\nerror: failed to connect to the hypervisor\nerror: no\nway")),
        ).toBe("no | way");
        expect(oneLine(new Error("virsh: exit code 124"))).toBe("virsh: exit code 124");
    });
});
