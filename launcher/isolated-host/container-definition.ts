import { createHash } from "node:crypto";
import { aptProxy } from "../../catalog/platforms/debian-13";
import type { ContainerSpec } from "../../hypervisors/container-spec";
import { escapeXml } from "../../lib/xml";

/** The libvirt LXC domain of a machine whose root tree is `root`. */
export function domainXml(spec: ContainerSpec, uuid: string, root: string): string {
    // Without this variable, systemd 257 refuses to start on a host with control groups of version 1.
    const legacy = "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE";
    return `<domain type='lxc'>
  <name>${escapeXml(spec.name)}</name>
  <uuid>${uuid}</uuid>
  <memory unit='MiB'>${String(spec.memoryMiB)}</memory>
  <vcpu>${String(spec.vcpus)}</vcpu>
  <cputune>
    <period>100000</period>
    <quota>${String(spec.vcpus * 100_000)}</quota>
  </cputune>
  <os>
    <type>exe</type>
    <init>/usr/local/sbin/guest-init</init>
    <initarg>${legacy}=1</initarg>
    <initenv name='${legacy}'>1</initenv>
  </os>
  <features>
    <privnet/>
  </features>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>restart</on_crash>
  <devices>
    <filesystem type='mount'>
      <source dir='${escapeXml(root)}'/>
      <target dir='/'/>
    </filesystem>
    <interface type='network'>
      <mac address='${escapeXml(spec.mac)}'/>
      <source network='${escapeXml(spec.network)}'/>
      <guest dev='eth0'/>
    </interface>
    <console type='pty'/>${(spec.devices ?? []).map(hostDevice).join("")}
  </devices>
</domain>
`;
}

/** libvirt makes the device in the machine, at the same path, and lets its control group use it. */
const hostDevice = (path: string) => `
    <hostdev mode='capabilities' type='misc'>
      <source>
        <char>${escapeXml(path)}</char>
      </source>
    </hostdev>`;

/** The files by which a machine differs from the image: names, addresses, keys. Paths are those in the machine. */
export function identityFiles(spec: ContainerSpec): { path: string; mode: number; content: string }[] {
    const hosts = [{ address: "127.0.0.1", name: "localhost" }, ...spec.hosts];
    const machineId = createHash("sha256").update(`${spec.mac} ${spec.name}`).digest("hex").slice(0, 32);
    return [
        { path: "/etc/hostname", mode: 0o644, content: `${spec.name}\n` },
        { path: "/etc/machine-id", mode: 0o444, content: `${machineId}\n` },
        { path: "/etc/hosts", mode: 0o644, content: hosts.map(({ address, name }) => `${address} ${name}\n`).join("") },
        {
            path: "/etc/systemd/network/10-eth0.network",
            mode: 0o644,
            content:
                `[Match]\nName=eth0\n\n[Network]\nAddress=${spec.address}/${String(spec.prefix)}\n` +
                `Gateway=${spec.gateway}\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n` +
                // Without this, a restart of networkd removes keepalived's virtual address.
                "KeepConfiguration=yes\n",
        },
        { mode: 0o644, ...aptProxy(`http://${spec.gateway}:${String(spec.proxyPort)}`) },
        { path: "/etc/ssh/ssh_host_ed25519_key", mode: 0o600, content: `${spec.hostKey.trim()}\n` },
        { path: "/root/.ssh/authorized_keys", mode: 0o600, content: `${spec.authorizedKey.trim()}\n` },
    ];
}
