/** Hypervisors elsewhere, where no trial runs. test/lab/virtual-machines.test.ts has the trial itself. */
import { expect, test } from "vitest";
import { findAcceleration } from "../../../hypervisors/acceleration";

test.each([
    "qemu+ssh://root@hypervisor.example/system",
    "qemu+tls://hypervisor.example/system",
    "qemu+tcp://[::1]:16509/system",
])("%s is not this machine: KVM, without a trial", async (uri) => {
    const start = performance.now();
    expect(await findAcceleration(uri)).toEqual({ acceleration: "kvm", fault: undefined });
    expect(performance.now() - start).toBeLessThan(1000);
});
