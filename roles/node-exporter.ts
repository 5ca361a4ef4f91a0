import type { LabDescription } from "../config/description";

export const nodeExporterPort = 9100;

/** In a container the kernel's load, processor times and disks are those of the whole host. */
const ofVirtualMachines = ["cpu", "loadavg", "diskstats", "vmstat"];

/** Only the collectors that rules and graphs read. The default ones take three times as long. */
export const nodeExporterArguments = ({ machineKind }: LabDescription, textFolder: string): string[] => [
    `--web.listen-address=:${nodeExporterPort}`,
    "--web.disable-exporter-metrics",
    "--collector.disable-defaults",
    ...["conntrack", "filesystem", "meminfo", "netdev", "textfile", "time"].map((name) => `--collector.${name}`),
    ...(machineKind === "vm" ? ofVirtualMachines : []).map((name) => `--collector.${name}`),
    // It may not open netlink sockets (roles/hardening.ts). /proc/net/dev has the same numbers.
    "--no-collector.netdev.netlink",
    `--collector.textfile.directory=${textFolder}`,
    // By default overlay is left out, which is a container's root.
    "--collector.filesystem.mount-points-exclude=^/(dev|proc|run|sys)($|/)",
    "--collector.filesystem.fs-types-exclude=^(autofs|cgroup2?|devpts|devtmpfs|fuse.*|mqueue|proc|ramfs|sysfs|tmpfs)$",
];
