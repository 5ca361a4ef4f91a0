import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import { ConfigurationError } from "../../../../config/mistakes";
import { readDescription } from "../../../../roles/configuration";
import {
    headroomMiB,
    memoryDemandMiB,
    mistakesOnHost,
    nearestExisting,
    thisHostSize,
    type HostSize,
} from "../../../../launcher/stack/host-size";
import { articleLab, siteWith } from "../../../support/article";

const large: HostSize = { memoryMiB: 65536, availableMiB: 65536, processors: 8, freeDiskMiB: 102400 };
const found = (host: Partial<HostSize>, description = siteWith(), isUp = false) =>
    mistakesOnHost({ ...large, ...host }, "/labs", isUp)(description).map(({ problem }) => problem);
const virtualMachines = siteWith({
    machineKind: "vm",
    hypervisor: "qemu:///system",
    machineSize: { memoryMiB: 2048 },
});

describe("memory", () => {
    test("containers need what their roles may take, whatever their limits are", () => {
        const demand = (changes: object) => {
            const description = siteWith({ ...changes });
            return memoryDemandMiB(description, description.machines);
        };
        const usual = demand({});
        expect(demand({ machineSize: { memoryMiB: 8192 } })).toBe(usual);
        // Two app servers and two memcached.
        const machineSize = { memoryMiB: 8192 };
        expect(
            demand({ machineSize, tomcat: { heapMiB: 1256 } }) - demand({ machineSize, tomcat: { heapMiB: 256 } }),
        ).toBe(2000);
        expect(
            demand({ machineSize, sessions: { memcachedMiB: 1064 } }) -
                demand({ machineSize, sessions: { memcachedMiB: 64 } }),
        ).toBe(2000);
    });

    test("virtual machines need their size", () => {
        expect(memoryDemandMiB(virtualMachines, virtualMachines.machines)).toBe(6 * 2048);
    });

    test("is enough up to the headroom, and one MiB less is a mistake with both numbers", () => {
        const memoryMiB = 6 * 2048 + headroomMiB;
        expect(found({ memoryMiB }, virtualMachines)).toEqual([]);
        expect(found({ memoryMiB: memoryMiB - 1 }, virtualMachines)).toEqual([
            "the machines need 12288 MiB of memory together, and this machine has 12799 MiB, " +
                "of which 512 MiB stay for its system",
        ]);
    });
});

test("disks have to fit while they do not exist yet, at their least size", () => {
    expect(found({ freeDiskMiB: 6 * 512 })).toEqual([]);
    expect(found({ freeDiskMiB: 6 * 512 - 1 })).toEqual([
        "the machines' disks take at least 3.0 GiB, and /labs has 3.0 GiB free",
    ]);
    expect(found({ freeDiskMiB: 6 * 2048 - 1 }, virtualMachines)).toHaveLength(1);
    expect(found({ freeDiskMiB: 0 }, siteWith(), true)).toEqual([]);
});

test("everything is in one error, together with the mistakes of the stack file alone", () => {
    const check = mistakesOnHost({ ...large, memoryMiB: 600, freeDiskMiB: 0 }, "/labs", false);
    const stack = { ...articleLab(), keepalived: { advertInterval: 0.123 } };
    for (const name of Object.keys(stack)) if (/Password|Key|Seed/.test(name)) Reflect.deleteProperty(stack, name);
    let error: unknown;
    try {
        readDescription(stack, "test", [check]);
    } catch (thrown) {
        error = thrown;
    }
    expect((error as ConfigurationError).mistakes.map(({ path }) => path)).toEqual([
        "keepalived.advertInterval",
        "machines",
        "machines",
    ]);
});

test("this machine's own size, for a folder that does not exist yet", () => {
    const folder = `${tmpdir()}/no/such/folder`;
    expect(existsSync(folder)).toBe(false);
    expect(nearestExisting(folder)).toBe(tmpdir());
    const size = thisHostSize(folder);
    for (const value of Object.values(size)) expect(value).toBeGreaterThan(0);
    expect(size.memoryMiB).toBeGreaterThanOrEqual(size.availableMiB);
});
