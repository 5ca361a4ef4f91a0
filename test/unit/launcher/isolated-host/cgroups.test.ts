import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { countingHierarchy, hierarchies, type Hierarchy } from "../../../../launcher/isolated-host/cgroups";

test("control group hierarchies are found among all mounts", () => {
    expect(
        hierarchies(
            [
                "21 1 0:20 / /sys rw,nosuid - sysfs sysfs rw",
                "30 21 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755",
                "31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct",
                "32 30 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw",
                "",
            ].join("\n"),
        ),
    ).toEqual([
        { mountPoint: "/sys/fs/cgroup/cpu,cpuacct", version: 1 },
        { mountPoint: "/sys/fs/cgroup/unified", version: 2 },
    ]);
});

test("the hierarchy that counts processor time is used", () => {
    const folder = mkdtempSync(join(tmpdir(), "cgroups-"));
    try {
        const [memory, cpuacct, unified] = ["memory", "cpuacct", "unified"].map((name): Hierarchy => ({
            mountPoint: join(folder, name),
            version: name === "unified" ? 2 : 1,
        })) as [Hierarchy, Hierarchy, Hierarchy];
        mkdirSync(cpuacct.mountPoint);
        writeFileSync(join(cpuacct.mountPoint, "cpuacct.usage"), "0\n");
        expect(countingHierarchy([memory, unified, cpuacct])).toBe(cpuacct);
        expect(countingHierarchy([memory, unified])).toBe(unified);
        expect(countingHierarchy([memory])).toBe(memory);
        expect(countingHierarchy([])).toBeUndefined();
    } finally {
        rmSync(folder, { recursive: true });
    }
});
