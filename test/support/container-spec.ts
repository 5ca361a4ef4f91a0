import type { ContainerSpec } from "../../hypervisors/container-spec";

/** A container with each field set; the folder's name needs escaping in XML. */
export const spec: ContainerSpec = {
    name: "web1",
    image: "/cache/images/debian-13-0123456789ab/root",
    directory: "/home/lab & co/machines",
    network: "lab",
    address: "192.168.0.200",
    prefix: 24,
    gateway: "192.168.0.1",
    mac: "52:54:00:00:00:c8",
    memoryMiB: 768,
    vcpus: 2,
    hosts: [
        { name: "web1", address: "192.168.0.200" },
        { name: "db", address: "192.168.0.201" },
    ],
    hostKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n-----END OPENSSH PRIVATE KEY-----\n",
    authorizedKey: "ssh-ed25519 AAAA lab",
    proxyPort: 3142,
};
