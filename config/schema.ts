/**
 * What a stack file (Pulumi.STACK.yaml) may hold under `lab:`, key by key, with the defaults. What only shows when
 * several values are seen together (an address outside the network, two equal priorities) is in checks.ts.
 */
import * as net from "node:net";
import { z } from "zod";
import { releaseNames, sessionClients } from "../catalog/releases";
import { sourceNames } from "../catalog/director-servers";
import { databaseServerNames, jdkNames, platformNames } from "../catalog/platforms/index";
import { isPrivateKey } from "../lib/ssh-keys";
import { isLibvirtUri } from "../lib/libvirt-uri";

const ipv4 = z.string().refine((text) => net.isIPv4(text), "is no IPv4 address, such as 192.168.0.200");
const cidr = z.string().refine((text) => {
    const [address, prefix, ...rest] = text.split("/");
    return (
        rest.length === 0 &&
        net.isIPv4(address ?? "") &&
        /^\d+$/.test(prefix ?? "") &&
        Number(prefix) >= 8 &&
        Number(prefix) <= 30
    );
}, "is no IPv4 network between /8 and /30, such as 192.168.0.0/24");
/** RFC 1123 label: a machine's name is its host name and part of file names. */
const machineName = z
    .string()
    .regex(
        /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
        "is no host name: lower-case letters, digits and hyphens, a letter first",
    );
const dnsName = z
    .string()
    .max(253)
    .regex(
        /^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*$/,
        "is no DNS name, such as www.example.org",
    );
/** A name that needs no quoting in SQL, a shell or a file name. */
const identifier = z
    .string()
    .regex(/^[a-zA-Z][a-zA-Z0-9_]{0,30}$/, "must be letters, digits and underscores, a letter first, 31 at most");
const interfaceName = z
    .string()
    .regex(/^[a-zA-Z][a-zA-Z0-9_-]{0,14}$/, "is no name of a network interface (15 characters at most)");
/**
 * Secrets get into files of several syntaxes: printable ASCII without quotes, backslash, space, `$` and what XML or a
 * URL reads as its own.
 */
const secretText = z
    .string()
    .regex(
        /^[A-Za-z0-9_.,:;+*/=@!?()[\]{}^~-]+$/,
        "may hold letters, digits and _ . , : ; + * / = @ ! ? ( ) [ ] { } ^ ~ - only",
    );
const mail = z.string().regex(/^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$/, "is no e-mail address");
const libvirtUri = z
    .string()
    .refine(isLibvirtUri, "is no libvirt URI, such as qemu:///system, lxc:///system or qemu+ssh://root@HOST/system");
const mebibytes = z.number().int().min(64).max(1_048_576);

const machine = z.strictObject({
    address: ipv4,
    roles: z
        .array(z.string())
        .min(1, "is empty: a machine without a role has nothing to do; give it one or remove the machine"),
    /** Fixed, so that a machine that is made anew is the same to its network; default: made from the address. */
    mac: z
        .string()
        .regex(/^52:54:00(:[0-9a-f]{2}){3}$/, "must be like 52:54:00:12:34:56, in lower case (QEMU's prefix)")
        .optional(),
    /** VRRP priority of a director: the highest that lives holds the virtual address. */
    priority: z.number().int().min(1).max(254).optional(),
    memoryMiB: mebibytes.optional(),
    vcpus: z.number().int().min(1).max(256).optional(),
    diskGiB: z.number().int().min(2).max(65_536).optional(),
    /** Name of the hypervisor that it lives on, where the stack has several. */
    hypervisor: identifier.optional(),
    /** Whether its disk may only go once this is false. Default: true for a database, but in isolated labs. */
    protect: z.boolean().optional(),
});

const network = z
    .strictObject({
        name: identifier.default("lab"),
        /**
         * `nat`: a network of libvirt's, made for the lab. `bridge`: one that is there, and that each hypervisor has a
         * bridge into.
         */
        mode: z.enum(["nat", "bridge"]).default("nat"),
        cidr: cidr.default("192.168.0.0/24"),
        gateway: ipv4.default("192.168.0.1"),
        /** The bridge that is made (default: lab0), or, with `mode: bridge`, the one that is there. */
        bridge: interfaceName.optional(),
        nameServers: z.array(ipv4).default([]),
        /**
         * Whether ssh to the machines goes through their hypervisor; default: where it is a remote one with a network
         * of its own.
         */
        jump: z.boolean().optional(),
        /**
         * Where ssh to the machines may come from; default: the gateway, which is their hypervisor wherever the network
         * is made for the lab.
         */
        control: z
            .array(z.union([ipv4, cidr], "is neither an IPv4 address nor a network"))
            .min(1, "is empty: nobody, this program included, could log in")
            .optional(),
    })
    .refine(({ mode, bridge }) => mode !== "bridge" || bridge !== undefined, {
        path: ["bridge"],
        message: "is missing",
    });

const size = z.strictObject({
    memoryMiB: mebibytes.default(1024),
    vcpus: z.number().int().min(1).max(256).default(2),
    diskGiB: z.number().int().min(2).max(65_536).default(10),
});

const site = z.strictObject({
    hostName: dnsName.default("www.test.com"),
});

const database = z.strictObject({
    /** Default: MySQL where the platform has it (catalog/platforms/), as in the article, else MariaDB. */
    server: z.enum(databaseServerNames).optional(),
    name: identifier.default("site"),
    user: identifier
        .default("site")
        .refine(
            (user) => !["root", "mysql", "mariadb"].includes(user),
            "is an account of the server's own; the site needs another",
        ),
});

const tomcat = z.strictObject({
    heapMiB: z.number().int().min(64).max(65_536).default(256),
    port: z.number().int().min(1024).max(65_535).default(8081),
});

const sessions = z.strictObject({
    /** Memory that one memcached gives to sessions. */
    memcachedMiB: z.number().int().min(64).max(65_536).default(64),
    /**
     * Names (memcached1, memcached2, ...) that are used only when no other is left, on every app server alike; the
     * article has memcached1. Default: on each app server the memcached of the same machine, which would die together
     * with the session that it is a copy of.
     */
    failoverNodes: z.array(z.string()).optional(),
    /**
     * `sync`: a response leaves Tomcat after memcached has its session; `async`: MSM's default, faster, and may lose
     * the last update.
     */
    backup: z.enum(["sync", "async"]).default("sync"),
    /**
     * Our addition to MSM that has copies made again and brought back (roles/tomcat.ts); false: MSM alone, as in the
     * article.
     */
    keepCopies: z.boolean().default(true),
    /** The memcached client's version, for whoever wants the article's own. Default: the release's first. */
    client: z.enum(sessionClients).optional(),
});

const director = z.strictObject({
    /** What is compiled: an entry of catalog/director-servers.ts. Default: the release's own. */
    source: z.enum(sourceNames).optional(),
    /**
     * What decides on the app server. `session`: all requests of a session go to the Tomcat that has it, and no update
     * is lost; whoever has none is spread by the hash. `uri`: the article's hash over `$request_uri`, which spreads one
     * session's requests over all Tomcats and loses updates.
     */
    affinity: z.enum(["session", "uri"]).default("session"),
});

const keepalived = z.strictObject({
    interface: interfaceName.default("eth0"),
    virtualRouterId: z.number().int().min(1).max(255).default(123),
    /**
     * Seconds between adverts. Fractions make it VRRP version 3, which has no password; whole seconds version 2, as in
     * the article.
     */
    advertInterval: z.number().min(0.05).max(40).default(0.2),
    /** The article's order: a MASTER that comes back takes the address back. */
    preempt: z.boolean().default(true),
    /** None by default: the article's addresses belong to others. */
    notify: z
        .strictObject({
            to: z.array(mail).default([]),
            from: mail.default("keepalived@localhost.localdomain"),
            smtp: ipv4.default("127.0.0.1"),
        })
        .prefault({}),
});

/** All that may be shown, in plans and outputs too. */
export const openSchema = z.strictObject({
    machineKind: z.enum(["vm", "container"]).default("vm"),
    platform: z.enum(platformNames),
    /** Versions that work together: the article's, or ones that still get fixes (catalog/releases.ts). */
    release: z.enum(releaseNames).default("article"),
    /** The distribution's OpenJDK 8, or the article's RPM, which the user brings. */
    java: z.enum(jdkNames).default("openjdk"),
    /** The one on which all machines live; default: qemu:///system. */
    hypervisor: libvirtUri.optional(),
    /** Several of them by name, and each machine says which is its own. */
    hypervisors: z
        .record(identifier, libvirtUri)
        .refine((hypervisors) => Object.keys(hypervisors).length > 0, "is empty: name a hypervisor, or leave it away")
        .optional(),
    /**
     * What runs virtual machines; default: KVM where a machine that was started to find out shows that it works
     * (hypervisors/acceleration.ts).
     */
    acceleration: z.enum(["kvm", "emulation"]).optional(),
    /** The lab lives on this machine alone, in namespaces and with a libvirtd of its own that `./lab` starts. */
    isolated: z.boolean().default(false),
    network: network.prefault({}),
    virtualAddress: ipv4,
    /** Disk image for virtual machines: a file or an address. Default: the platform's own. */
    image: z
        .strictObject({
            source: z.string().regex(/^(\/|https?:\/\/)\S+$/, "is neither an absolute path nor an http(s) address"),
            sha256: z
                .string()
                .regex(/^[0-9a-f]{64}$/, "is no sha256 in lower-case hexadecimal")
                .optional(),
        })
        .optional(),
    /** What a machine has that says nothing else. */
    machineSize: size.prefault({}),
    machines: z
        .record(machineName, machine)
        .refine((machines) => Object.keys(machines).length > 0, "is empty: a site needs machines"),
    /** Port of a package proxy at the gateway; `none` where machines reach their distribution's mirrors themselves. */
    packageProxy: z
        .union([z.number().int().min(1).max(65_535), z.literal("none")], "is neither a port nor none")
        .default("none"),
    site: site.prefault({}),
    database: database.prefault({}),
    tomcat: tomcat.prefault({}),
    sessions: sessions.prefault({}),
    director: director.prefault({}),
    keepalived: keepalived.prefault({}),
});
export type Settings = z.infer<typeof openSchema>;

/** What is secret. Made by `./lab init`. */
export const secretSchema = z.strictObject({
    databasePassword: secretText
        .min(8, "is too short: 8 characters at least")
        .max(64, "is too long: 64 characters at most"),
    /** keepalived takes `!` and braces for its own. */
    vrrpPassword: z
        .string()
        .regex(/^[A-Za-z0-9_.,:;+*/=?^~-]+$/, "may hold letters, digits and _ . , : ; + * / = ? ^ ~ - only")
        .max(8, "is too long: VRRP cuts it after 8 characters"),
    loginKey: z.string().refine(isPrivateKey, "is no private key in PEM or OpenSSH format, or one with a passphrase"),
    hostKeySeed: z.string().regex(/^[0-9a-f]{64}$/, "must be 32 bytes in hexadecimal"),
});

export type SecretKey = keyof z.infer<typeof secretSchema>;
export const secretKeys = Object.keys(secretSchema.shape) as SecretKey[];
export const isSecretKey = (key: string): key is SecretKey => Object.hasOwn(secretSchema.shape, key);
