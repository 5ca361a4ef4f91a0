import { z } from "zod";

const absolutePath = z.string().regex(/^\/[^:,\\\n]+$/, "an absolute path without colon, comma or backslash");

/** What a system container is made of. `container.ts create NAME` reads it, as JSON, from its standard input. */
const description = z.strictObject({
    /** Host name and libvirt domain name. */
    name: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "a host name: lower-case letters, digits, dashes"),
    /** Name of the libvirt network that its eth0 is on. */
    network: z.string().min(1),
    address: z.ipv4(),
    /** Length of the network's prefix, in bits. */
    prefix: z.int().min(8).max(30),
    gateway: z.ipv4(),
    mac: z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/, "six lower-case hexadecimal pairs"),
    memoryMiB: z.int().min(128),
    vcpus: z.int().min(1),
    /** Lines of its /etc/hosts; may name itself. */
    hosts: z.array(z.strictObject({ name: z.string().min(1), address: z.ipv4() })),
    /** Its ed25519 host key: OpenSSH private key, PEM. Secret. */
    hostKey: z.string().startsWith("-----BEGIN OPENSSH PRIVATE KEY-----"),
    /** Who may log in as root: a public key line. */
    authorizedKey: z.string().regex(/^ssh-[a-z0-9-]+ \S+/),
    /** Port of the package proxy on the gateway. */
    proxyPort: z.int().min(1).max(65535),
});

/**
 * Where it is made. Not part of what it is: another image is for new machines and leaves the ones that are there alone. The launcher tells
 * it by LAB_IMAGE and LAB_MACHINES, so that no path of this machine gets into Pulumi's state.
 */
const places = z.strictObject({
    /** Root tree that it starts from (ensureImage's `path`). */
    image: absolutePath,
    /** Folder in which each machine has its own: the lab's home/machines. */
    directory: absolutePath,
});

export const containerSpec = z.strictObject({ ...description.shape, ...places.shape });
export type ContainerDescription = z.infer<typeof description>;
export type ContainerSpec = z.infer<typeof containerSpec>;
