import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MachineKind } from "../../config/description";
import { UserError } from "../../lib/errors";
import { withLock } from "../../lib/lock";
import type { Progress } from "../../lib/progress";
import { isInstalled, searchPath } from "../../lib/programs";
import { run } from "../../lib/run";

/**
 * Something that an isolated lab needs on this machine: one of several programs or files, and the Debian package that
 * has it.
 */
export interface Need {
    anyOf: string[];
    package: string;
}

const common: readonly Need[] = [
    { anyOf: ["virsh"], package: "libvirt-clients" },
    { anyOf: ["libvirtd"], package: "libvirt-daemon" },
    { anyOf: ["iptables"], package: "iptables" }, // called by libvirt's network driver
    { anyOf: ["dnsmasq"], package: "dnsmasq-base" }, // not run, but libvirtd 9 can crash without it
    { anyOf: ["ip"], package: "iproute2" },
    { anyOf: ["mount"], package: "mount" },
    { anyOf: ["socat"], package: "socat" },
    { anyOf: ["apt-cacher-ng"], package: "apt-cacher-ng" },
    { anyOf: ["mmdebstrap"], package: "mmdebstrap" },
    {
        anyOf: [
            "/usr/share/keyrings/debian-archive-trixie-stable.gpg",
            "/usr/share/keyrings/debian-archive-trixie-stable.pgp",
        ],
        package: "debian-archive-keyring",
    },
    { anyOf: ["curl"], package: "curl" }, // for `./lab curl`
    { anyOf: ["xsltproc"], package: "xsltproc" }, // called by the libvirt provider
    { anyOf: ["ssh", "ssh-keygen"], package: "openssh-client" },
];

const byKind: Record<MachineKind, readonly Need[]> = {
    container: [
        { anyOf: ["/usr/lib/libvirt/libvirt_lxc", "/usr/libexec/libvirt_lxc"], package: "libvirt-daemon-driver-lxc" },
    ],
    vm: [
        {
            anyOf: ["/usr/lib/x86_64-linux-gnu", "/usr/lib64"].map(
                (lib) => `${lib}/libvirt/connection-driver/libvirt_driver_qemu.so`,
            ),
            package: "libvirt-daemon-driver-qemu",
        },
        { anyOf: ["qemu-system-x86_64"], package: "qemu-system-x86" },
        { anyOf: ["qemu-img"], package: "qemu-utils" },
        { anyOf: ["mkisofs"], package: "genisoimage" }, // for cloud-init disks
        { anyOf: ["sfdisk"], package: "fdisk" },
        { anyOf: ["mke2fs"], package: "e2fsprogs" },
    ],
};

/**
 * Mount points of the lab's libvirtd. Only the package of the system's libvirtd makes these folders, and it is not
 * installed.
 */
const mountPoints = ["/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt", "/etc/libvirt"];

const policyFile = "/usr/sbin/policy-rc.d";
const policy =
    "#!/bin/sh\n# Left by ha-web-lab while it installs packages: their services shall not start. " +
    "May be deleted.\nexit 101\n";

/**
 * Installs with apt-get what an isolated lab with machines of this kind needs and this machine lacks; starts and
 * enables no service. A UserError that names what is missing where there is no apt-get. `more`: further needs, of
 * tests.
 */
export async function ensureHostPackages(
    kind: MachineKind,
    progress: Progress,
    more: readonly Need[] = [],
): Promise<void> {
    if (missingNeeds(kind, more).length > 0)
        await withLock("host packages", () => installMissing(kind, progress, more));
    for (const folder of mountPoints) mkdirSync(folder, { recursive: true });
}

/** The needs that this machine does not meet. */
export const missingNeeds = (kind: MachineKind, more: readonly Need[] = []) =>
    [...common, ...byKind[kind], ...more].filter((need) => !need.anyOf.some(isInstalled));

async function installMissing(kind: MachineKind, progress: Progress, more: readonly Need[]): Promise<void> {
    const missing = missingNeeds(kind, more);
    if (missing.length > 0) {
        if (!isInstalled("apt-get")) {
            throw new UserError(
                "An isolated lab needs programs that are not on this machine: " +
                    `${missing.map((need) => need.anyOf[0]).join(", ")}.`,
                `Install them; on Debian they are in the packages ${missing.map((need) => need.package).join(", ")}.`,
            );
        }
        const names = [...new Set(missing.map((need) => need.package))];
        await progress.step(`Installing ${names.join(", ")} on this machine`, (say) => install(names, say));
    }
}

async function install(packages: string[], say: (line: string) => void): Promise<void> {
    const env = { ...process.env, PATH: searchPath, DEBIAN_FRONTEND: "noninteractive" };
    // An equal file is left from a run that was killed.
    const isOurs = !existsSync(policyFile) || readFileSync(policyFile, "utf8") === policy;
    if (isOurs) writeFileSync(policyFile, policy, { mode: 0o755 });
    const before = autostarted();
    try {
        await run(["apt-get", "update", "-o", "DPkg::Lock::Timeout=120"], { env, say });
        await run(
            [
                "apt-get",
                "install",
                "--yes",
                "--no-install-recommends",
                "-o",
                "DPkg::Lock::Timeout=120",
                "-o",
                "Dpkg::Options::=--force-confold",
                ...packages,
            ],
            { env, say },
        );
    } finally {
        if (isOurs) rmSync(policyFile, { force: true });
        for (const [link, unit] of autostarted()) {
            if (before.has(link)) continue;
            if (link.startsWith("/etc/rc"))
                await run(["update-rc.d", unit.slice(3), "disable"], { env }); // S01name
            else if (existsSync("/run/systemd/system"))
                await run(["systemctl", "disable", "--now", "--quiet", unit], { env });
            else rmSync(link); // all that `systemctl disable` does where systemd does not run
        }
    }
}

/** The links by which systemd or SysV init starts services at boot, with their file names. */
function autostarted(): Map<string, string> {
    const folders = ["/etc/systemd/system", ...[2, 3, 4, 5].map((level) => `/etc/rc${String(level)}.d`)].filter(
        existsSync,
    );
    const links = folders
        .flatMap((folder) => readdirSync(folder, { withFileTypes: true, recursive: true }))
        .filter((entry) => entry.isSymbolicLink());
    return new Map(
        links
            .map((entry) => [join(entry.parentPath, entry.name), entry.name] as const)
            .filter(([link, name]) => !link.startsWith("/etc/rc") || name.startsWith("S")),
    );
}
