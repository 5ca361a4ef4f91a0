import { describe, expect, test } from "vitest";
import { localUriOf } from "../../../lib/libvirt-uri";
import { virshArgv } from "../../../hypervisors/virsh";

describe("virsh", () => {
    test.each([
        ["qemu+ssh://root@h:2222/system?keyfile=/k", "qemu:///system"],
        ["qemu+ssh://u@h/session", "qemu:///session"],
        ["qemu+ssh://u@h/system?socket=/run/other sock", "qemu+unix:///system?socket=%2Frun%2Fother%20sock"],
    ])("is, for %s, the hypervisor's own, which calls it %s", (uri, there) => expect(localUriOf(uri)).toBe(there));

    test("runs here for a local hypervisor, and by ssh, as one quoted command, for a remote one", () => {
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
