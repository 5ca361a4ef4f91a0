import { z } from "zod";

const absolutePath = z.string().regex(/^\/[^:,\\\n]+$/, "an absolute path without colon, comma or backslash");

/**
 * The description of a system container. The program `container` (launcher/isolated-host/container.ts) reads it as JSON
 * from standard input.
 */
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
    /** Character devices of the host that it may use, such as a modem. */
    devices: z.array(z.string().regex(/^\/dev\/[A-Za-z0-9._:+/-]+$/, "a path below /dev")).optional(),
    /** Lines of its /etc/hosts. */
    hosts: z.array(z.strictObject({ name: z.string().min(1), address: z.ipv4() })),
    /** Its ed25519 host key, a private key in OpenSSH's format. Secret. */
    hostKey: z.string().startsWith("-----BEGIN OPENSSH PRIVATE KEY-----"),
    /** The key that logs in as root, as an authorized_keys line. */
    authorizedKey: z.string().regex(/^ssh-[a-z0-9-]+ \S+/),
    /** Port of the package proxy on the gateway. */
    proxyPort: z.int().min(1).max(65535),
});

/**
 * Where the container is made. These are no part of its description, because a newer image must not replace existing
 * machines. The launcher passes them by environment variables (lib/environment.ts), so that no path of this machine
 * gets into Pulumi's state.
 */
const places = z.strictObject({
    /** The image's root tree (`path` of ensureImage). */
    image: absolutePath,
    /** The tree of the package layer over the image (launcher/isolated-host/layers.ts). */
    layer: absolutePath.optional(),
    /** The folder with a folder for each machine: `machines` in the lab's home. */
    directory: absolutePath,
});

export const containerSpec = z.strictObject({ ...description.shape, ...places.shape });
export type ContainerDescription = z.infer<typeof description>;
export type ContainerSpec = z.infer<typeof containerSpec>;
