import { stringify } from "yaml";
import type { KeyPair } from "../lib/ssh-keys";
import { prefixLength, type MachineDescription, type LabDescription } from "../config/description";
import { platforms } from "../catalog/platforms/index";

/** cloud-init's user data: login keys, host key, and where packages come from. It holds the private host key. */
export function userData(
    description: LabDescription,
    machine: MachineDescription,
    { authorizedKey, hostKey }: { authorizedKey: string; hostKey: KeyPair },
): string {
    const { loginUser, packageProxy } = platforms[description.platform];
    const proxy =
        description.packageProxy === "none"
            ? undefined
            : packageProxy?.(`http://${description.network.gateway}:${description.packageProxy}`);
    return `#cloud-config\n${stringify({
        hostname: machine.name,
        preserve_hostname: false,
        disable_root: loginUser !== "root",
        ssh_pwauth: false,
        ssh_deletekeys: true,
        ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: `${hostKey.publicKey} ${machine.name}` },
        users: loginUser === "root" ? [] : ["default"],
        ssh_authorized_keys: [authorizedKey],
        ...(proxy ? { write_files: [proxy] } : {}),
    })}`;
}

/**
 * cloud-init's network configuration, version 1, which CentOS 7's cloud-init 19.4 reads, too. The MAC identifies the
 * card.
 */
export function networkConfig(description: LabDescription, machine: MachineDescription): string {
    // In a network with a way out libvirt's dnsmasq answers name requests at the gateway.
    const nameServers =
        description.network.nameServers.length > 0 || description.isolated
            ? description.network.nameServers
            : [description.network.gateway];
    return stringify({
        version: 1,
        config: [
            {
                type: "physical",
                name: description.keepalived.interface,
                mac_address: machine.mac,
                subnets: [
                    {
                        type: "static",
                        address: `${machine.address}/${prefixLength(description.network.cidr)}`,
                        gateway: description.network.gateway,
                    },
                ],
            },
            ...(nameServers.length > 0 ? [{ type: "nameserver", address: nameServers }] : []),
        ],
    });
}
