import { stringify } from "yaml";
import type { KeyPair } from "../lib/ssh-keys";
import { prefixLength, type MachineDescription, type Site } from "../config/site";
import { platforms } from "../catalog/platforms/index";

/** cloud-init's user data: who may log in, with which host key the machine shows itself, and where its packages come from. Holds a secret. */
export function userData(
    site: Site,
    machine: MachineDescription,
    { authorizedKey, hostKey }: { authorizedKey: string; hostKey: KeyPair },
): string {
    const { loginUser, packageProxy } = platforms[site.platform];
    const proxy =
        site.packageProxy === "none"
            ? undefined
            : packageProxy?.(`http://${site.network.gateway}:${site.packageProxy}`);
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

/** Network configuration version 1, which every cloud-init since CentOS 7's 19.4 understands; the card is known by its MAC. */
export function networkConfig(site: Site, machine: MachineDescription): string {
    // libvirt answers for names at the gateway of a network that has a way out.
    const nameServers =
        site.network.nameServers.length > 0 || site.isolated ? site.network.nameServers : [site.network.gateway];
    return stringify({
        version: 1,
        config: [
            {
                type: "physical",
                name: site.keepalived.interface,
                mac_address: machine.mac,
                subnets: [
                    {
                        type: "static",
                        address: `${machine.address}/${prefixLength(site.network.cidr)}`,
                        gateway: site.network.gateway,
                    },
                ],
            },
            ...(nameServers.length > 0 ? [{ type: "nameserver", address: nameServers }] : []),
        ],
    });
}
