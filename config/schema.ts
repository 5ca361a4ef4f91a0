/**
 * Every setting of a stack file (Pulumi.STACK.yaml, keys `lab:NAME`) with its type, default and meaning.
 * Mistakes that only several values together show, such as an address outside the network, are found in checks/.
 *
 * `npm run docs` generates docs/configuration.md and docs/stack-file.schema.json from this file.
 */
import * as net from "node:net";
import { z } from "zod";
import { releaseNames, sessionClients } from "../catalog/releases";
import { sampleSource } from "../catalog/sample";
import { sourceNames } from "../catalog/director-servers";
import { databaseServerNames, jdkNames, platformNames } from "../catalog/platforms/index";
import { isPrivateKey } from "../lib/ssh-keys";
import { isLibvirtUri } from "../lib/libvirt-uri";
import { isTimeZone } from "../lib/time-zones";

declare module "zod" {
    interface GlobalMeta {
        /** What applies if the setting is left out and has no fixed default. The generated documentation shows it. */
        otherwise?: string;
    }
}

const ipv4 = z
    .string()
    .refine((text) => net.isIPv4(text), "is no IPv4 address, such as 192.168.0.200")
    .meta({ title: "IPv4 address", format: "ipv4" });
const cidr = z
    .string()
    .refine((text) => {
        const [address, prefix, ...rest] = text.split("/");
        return (
            rest.length === 0 &&
            net.isIPv4(address ?? "") &&
            /^\d+$/.test(prefix ?? "") &&
            Number(prefix) >= 8 &&
            Number(prefix) <= 30
        );
    }, "is no IPv4 network between /8 and /30, such as 192.168.0.0/24")
    .meta({ title: "IPv4 network", pattern: "^[0-9]{1,3}(\\.[0-9]{1,3}){3}/([89]|[12][0-9]|30)$" });
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
    )
    .meta({ title: "DNS name" });
/** A name that needs no quoting in SQL, a shell or a file name. */
const identifier = z
    .string()
    .regex(/^[a-zA-Z][a-zA-Z0-9_]{0,30}$/, "must be letters, digits and underscores, a letter first, 31 at most")
    .meta({ title: "name" });
const interfaceName = z
    .string()
    .regex(/^[a-zA-Z][a-zA-Z0-9_-]{0,14}$/, "is no name of a network interface (15 characters at most)")
    .meta({ title: "interface name" });
/** Secrets get into shell, SQL, XML and URLs: what any of them would read as syntax is refused. */
const secretText = z
    .string()
    .regex(
        /^[A-Za-z0-9_.,:;+*/=@!?()[\]{}^~-]+$/,
        "may hold letters, digits and _ . , : ; + * / = @ ! ? ( ) [ ] { } ^ ~ - only",
    );
const mail = z
    .string()
    .regex(/^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$/, "is no e-mail address")
    .meta({ title: "e-mail address" });
const libvirtUri = z
    .string()
    .refine(isLibvirtUri, "is no libvirt URI, such as qemu:///system, lxc:///system or qemu+ssh://root@HOST/system")
    .meta({ title: "libvirt URI", pattern: "^(qemu|lxc|test)(\\+[a-z]+)?://\\S*$" });
const mebibytes = z.number().int().min(64).max(1_048_576);
const processors = z.number().int().min(1).max(256);
const gibibytes = z.number().int().min(2).max(65_536);

const machine = z.strictObject({
    address: ipv4.describe("Inside `network.cidr`. A change replaces the machine and its disk."),
    roles: z
        .array(z.string())
        .min(1, "is empty: a machine without a role has nothing to do; give it one or remove the machine")
        .describe(
            "What the machine is for. `app`, `director` and `monitor` exclude each other, because all serve port 80.",
        ),
    mac: z
        .string()
        .regex(/^52:54:00(:[0-9a-f]{2}){3}$/, "must be like 52:54:00:12:34:56, in lower case (QEMU's prefix)")
        .optional()
        .meta({
            title: "MAC address",
            description: "Lower case. A change replaces the machine and its disk.",
            otherwise: "52:54:00 and the last three bytes of the address",
        }),
    priority: z
        .number()
        .int()
        .min(1)
        .max(254)
        .optional()
        .meta({
            description:
                "VRRP priority. Every director needs a different one: " +
                "the highest healthy director holds the virtual address.",
            otherwise: "none; required for a director",
        }),
    memoryMiB: mebibytes.optional().meta({
        description: "Memory in MiB. A change restarts the machine and keeps its disk.",
        otherwise: "`machineSize.memoryMiB`",
    }),
    vcpus: processors.optional().meta({
        description: "Virtual processors. A change restarts the machine and keeps its disk.",
        otherwise: "`machineSize.vcpus`",
    }),
    diskGiB: gibibytes.optional().meta({
        description: "Disk in GiB. A change replaces a virtual machine's disk; a container ignores the value.",
        otherwise: "`machineSize.diskGiB`",
    }),
    hypervisor: identifier.optional().meta({
        description: "Name in `hypervisors` where the machine lives. The disk does not move when the name changes.",
        otherwise: "the only hypervisor; required with `hypervisors`",
    }),
    protect: z
        .boolean()
        .optional()
        .meta({
            description:
                "Pulumi refuses every step that would delete the disk while this is true. " +
                "To delete it, set false, run `up`, then go on.",
            otherwise: "`true` for a database outside isolated stacks, else `false`",
        }),
});

const network = z
    .strictObject({
        name: identifier
            .default("lab")
            .describe(
                "Name of the libvirt network and storage pool. " +
                    "A change replaces every virtual machine and its disk.",
            ),
        mode: z
            .enum(["nat", "bridge"])
            .default("nat")
            .describe(
                "`nat`: libvirt makes a network for this stack. `bridge`: " +
                    "the network exists, and every hypervisor has a bridge to it.",
            ),
        cidr: cidr
            .default("192.168.0.0/24")
            .describe("The machines' IPv4 network, /8 to /30. A change replaces every machine and its disk."),
        gateway: ipv4
            .default("192.168.0.1")
            .describe("Default route of the machines. A change replaces every machine and its disk."),
        bridge: interfaceName.optional().meta({
            description:
                "With `nat`: name of the bridge that libvirt makes. With `bridge`: name of the existing bridge.",
            otherwise: "`lab0`; required with `mode: bridge`",
        }),
        nameServers: z
            .array(ipv4)
            .default([])
            .describe(
                "DNS servers of virtual machines. Empty: the gateway, or none in an isolated stack. " +
                    "A change replaces every virtual machine and its disk.",
            ),
        timeServers: z
            .array(z.union([ipv4, dnsName], "is neither an IPv4 address nor a DNS name"))
            .default([])
            .describe(
                "NTP servers of virtual machines. Empty: the distribution's pool, which isolated stacks cannot reach.",
            ),
        jump: z.boolean().optional().meta({
            description: "Reach the machines by ssh through their hypervisor.",
            otherwise: "`true` for a remote hypervisor with `mode: nat`, else `false`",
        }),
        control: z
            .array(z.union([ipv4, cidr], "is neither an IPv4 address nor a network"))
            .min(1, "is empty: nobody, this program included, could log in")
            .optional()
            .meta({
                description:
                    "Addresses and networks that may open ssh connections to the machines. " +
                    "The control machine must be among them.",
                otherwise: "the gateway",
            }),
    })
    .refine(({ mode, bridge }) => mode !== "bridge" || bridge !== undefined, {
        path: ["bridge"],
        message: "is missing",
    });

const size = z.strictObject({
    memoryMiB: mebibytes.default(1024).describe("Memory in MiB. A change restarts the machines and keeps their disks."),
    vcpus: processors.default(2).describe("Virtual processors. A change restarts the machines and keeps their disks."),
    diskGiB: gibibytes
        .default(10)
        .describe("Disk in GiB. A change replaces the disk of every virtual machine; containers ignore the value."),
});

const packages = z.strictObject({
    refreshDays: z
        .number()
        .min(0)
        .max(3650)
        .default(30)
        .describe(
            "Days for which a package layer is used. After them `up` of an isolated lab, or `bake`, makes the layer anew, " +
                "with the packages that the mirrors have then. Machines that exist stay as they are.",
        ),
});

/** Text in a line of a properties file, or in an XML attribute. Tomcat would replace `${...}`. */
const applicationText = z
    .string()
    .max(4096)
    // eslint-disable-next-line no-control-regex
    .refine((text) => !/[\u0000-\u001f\u007f]|\$\{/.test(text), "may have neither control characters nor ${");
const environmentName = z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_.-]*(\/[A-Za-z0-9_.-]+)*$/, "is no name of an environment entry, such as mail/host")
    .refine((name) => name !== "node", "is the lab's own entry, which has the machine's name");
const propertyName = z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_.-]*$/, "is no name of a system property, such as mail.host");
const urlPath = /^(\/[A-Za-z0-9._~!&'()*+,;=:@%-]+)+$/;

const application = z
    .strictObject({
        source: z
            .string()
            .regex(
                /^[^\s:]+$|^https?:\/\/\S+$|^[^\s:]+(:[^\s:]+){2,3}$/,
                "is no folder, .war file, Maven coordinate or address",
            )
            .default(sampleSource)
            .describe(
                "What is served: a folder or a `.war` file, absolute or from the checkout; a Maven coordinate " +
                    "(`group:artifact:version`, packaging war); or an http(s) address with `sha256`. docs/your-site.md " +
                    "says what happens at a change.",
            ),
        sha256: z
            .string()
            .regex(/^[0-9a-f]{64}$/, "is no sha256 in lower-case hexadecimal")
            .optional()
            .meta({
                title: "SHA-256, hexadecimal",
                description: "Sum of the archive. Another file is refused before anything is made.",
                otherwise: "not checked; required with an address",
            }),
        files: z
            .string()
            .min(1)
            .optional()
            .meta({
                title: "folder",
                description:
                    "A folder whose files are put over those of the application: its configuration, " +
                    "such as `WEB-INF/classes/NAME.properties`, beside an archive that stays as it is.",
                otherwise: "none",
            }),
        writableFolders: z
            .array(
                z
                    .string()
                    .regex(
                        /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/,
                        "is no folder such as WEB-INF/cache",
                    ),
            )
            .default([])
            .describe(
                "Folders in the application's own that it writes to. They begin anew with each version, and what is " +
                    "written there may be a page: `/var/lib/site` is the better place.",
            ),
        contextPath: z
            .string()
            .regex(/^$|^(\/[A-Za-z0-9._~-]+)+$/, "is neither empty nor a path such as /shop")
            .default("")
            .describe("Path below which visitors find the application. Empty: the whole site."),
        health: z
            .string()
            .refine((text) => text === "/" || urlPath.test(text.replace(/\/$/, "")), "is no path, such as /health")
            .optional()
            .meta({
                title: "path",
                description:
                    "Path, `contextPath` included, that answers with 2xx or 3xx while the application works. Directors " +
                    "ask every second, and leave out an app server that answers otherwise. It should be quick and make " +
                    "no session.",
                otherwise: "`/health` of the sample, else the application's first page",
            }),
        environment: z
            .record(environmentName, applicationText)
            .default({})
            .describe("Environment entries, `NAME: TEXT` each, below `java:comp/env/`. A change restarts the Tomcats."),
        properties: z
            .record(propertyName, applicationText)
            .default({})
            .describe("System properties, `NAME: TEXT` each. A change restarts the Tomcats, one after the other."),
        jvmOptions: z
            .array(
                z
                    .string()
                    .regex(/^-[A-Za-z0-9_.:=+,/@%-]+$/, "is no option of a JVM, such as -XX:+UseG1GC")
                    .refine((option) => !/^-Xm[sx]/.test(option), "is what `tomcat.heapMiB` sets"),
            )
            .default([])
            .describe("More options of the Tomcats' JVM. `tomcat.heapMiB` sets the heap."),
        dataSource: z
            .string()
            .regex(/^[A-Za-z][A-Za-z0-9_]*(\/[A-Za-z0-9_]+)*$/, "is no name of a data source, such as jdbc/site")
            .default("jdbc/site")
            .describe("Name of the database's data source below `java:comp/env/`."),
        poolSize: z
            .number()
            .int()
            .min(1)
            .max(1000)
            .default(32)
            .describe("Connections to the database that each app server opens at most."),
        sessionMinutes: z.number().int().min(1).max(43_200).optional().meta({
            description:
                "Minutes without a request after which a session ends, if the application's web.xml names none.",
            otherwise: "30",
        }),
    })
    .refine(({ source, sha256 }) => !/^https?:/.test(source) || sha256 !== undefined, {
        path: ["sha256"],
        message: "is missing",
    })
    .prefault({})
    .describe("The web application (docs/your-site.md). Secret values are in `applicationSecrets`.");

const site = z.strictObject({
    application,
    hostName: dnsName
        .default("www.test.com")
        .describe(
            "Host name of the site: `ServerName` of httpd, `server_name` of the directors, a line in /etc/hosts.",
        ),
});

const database = z.strictObject({
    server: z
        .enum(databaseServerNames)
        .optional()
        .meta({
            description:
                "`mysql`: version 8.4 from its publisher, as on CentOS. `mariadb`: the distribution's. " +
                "The data does not move from one to the other.",
            otherwise: "`mysql` where the platform has it, else `mariadb`",
        }),
    name: identifier.default("site").describe("Name of the database (schema)."),
    schema: z
        .string()
        .min(1)
        .optional()
        .meta({
            title: "file",
            description:
                "SQL that every `up` with a change of the database carries out in it, absolute or from the checkout. It must " +
                "bear that, as `CREATE TABLE IF NOT EXISTS` does.",
            otherwise: "`site/schema.sql` with the sample application, else none",
        }),
    user: identifier
        .default("site")
        .refine(
            (user) => !["root", "mysql", "mariadb"].includes(user),
            "is an account of the server's own; the site needs another",
        )
        .describe("Account that the app servers log in with. `root`, `mysql` and `mariadb` are refused."),
    dumpDays: z
        .number()
        .int()
        .min(0)
        .max(3650)
        .default(14)
        .describe(
            "How many nightly dumps the database's machine keeps in /var/backups/lab (docs/your-site.md). 0: makes none.",
        ),
});

const tomcat = z.strictObject({
    heapMiB: z
        .number()
        .int()
        .min(64)
        .max(65_536)
        .default(256)
        .describe("Java heap in MiB. A change restarts the Tomcats, one after the other."),
    port: z
        .number()
        .int()
        .min(1024)
        .max(65_535)
        .default(8081)
        .describe("TCP port of Tomcat on the loopback interface, where httpd asks it."),
});

const sessions = z.strictObject({
    memcachedMiB: z
        .number()
        .int()
        .min(64)
        .max(65_536)
        .default(64)
        .describe("Memory in MiB that each memcached gives to sessions. A change restarts memcached."),
    maxKiB: z
        .number()
        .int()
        .min(64)
        .max(16_384)
        .default(1024)
        .describe(
            "Largest copy of one session in KiB. A larger session has no copy and ends with its Tomcat; the log " +
                "names it. A change restarts the memcacheds, and the Tomcats one after the other.",
        ),
    max: z
        .number()
        .int()
        .min(16)
        .max(1_000_000)
        .optional()
        .meta({
            description:
                "Sessions of one app server from which on new visitors get status 429. Sessions of an app server " +
                "that failed are taken over beyond it. A change restarts the Tomcats, one after the other.",
            otherwise:
                "32 for each MiB of `tomcat.heapMiB`: a quarter of the heap with sessions of 8 KiB, and half of it " +
                "after a takeover",
        }),
    failoverNodes: z
        .array(z.string())
        .optional()
        .meta({
            description:
                "The memcacheds (`memcached2` on nod2, `memcached_web_2` on web-2) that every app server uses only " +
                "when no other is left. The article has `[ memcached1 ]`.",
            otherwise: "for each app server the memcached on the same machine, because one failure would take both",
        }),
    backup: z
        .enum(["sync", "async"])
        .default("sync")
        .describe(
            "`sync`: Tomcat answers after memcached has stored the session. `async`: " +
                "MSM's default and the article's; the last update can be lost.",
        ),
    keepCopies: z
        .boolean()
        .default(true)
        .describe(
            "Copy sessions again after a memcached was away (docs/article.md), and heed `sessions.maxKiB` and " +
                "`sessions.max`. `false`: the session manager MSM alone, as in the article.",
        ),
    serializer: z
        .enum(["kryo", "java"])
        .default("kryo")
        .describe(
            "How sessions become copies. `kryo`: as in the article, smaller. `java`: by Java's own serialization, for " +
                "attributes that Kryo cannot copy; an attribute that is not Serializable is left out. A change " +
                "restarts the Tomcats, and ends all sessions.",
        ),
    client: z.enum(sessionClients).optional().meta({
        description: "The memcached client library of MSM. The article has `spymemcached-2.11.1`.",
        otherwise: "the first that the release names",
    }),
});

const director = z.strictObject({
    source: z
        .enum(sourceNames)
        .optional()
        .meta({
            description:
                "Web server that is compiled for the directors (docs/platforms.md says which compiles where). " +
                "A change compiles once and restarts it.",
            otherwise: "the release's: `tengine-2.1.0` or `tengine-3.1.0`",
        }),
    affinity: z
        .enum(["session", "uri"])
        .default("session")
        .describe(
            "How a director chooses the app server. `session`: the app server that has the visitor's session. " +
                "`uri`: the article's hash over the address, which loses updates.",
        ),
    timeouts: z
        .strictObject({
            connectSeconds: z
                .number()
                .min(0.1)
                .max(10)
                .default(0.5)
                .describe(
                    "How long a director waits until an app server accepts a connection. Then it asks another one.",
                ),
            sendSeconds: z
                .number()
                .int()
                .min(1)
                .max(3600)
                .default(60)
                .describe("How long an app server may take nothing of a request's body before the visitor gets 504."),
            answerSeconds: z
                .number()
                .int()
                .min(2)
                .max(3600)
                .default(60)
                .describe(
                    "How long an app server may send nothing before the visitor gets 504. " +
                        "A Tomcat that stops waits so long for its requests.",
                ),
        })
        .prefault({})
        .describe("Time limits between a director and the app servers."),
    maxBodyMiB: z
        .number()
        .int()
        .min(1)
        .max(2047)
        .default(64)
        .describe(
            "Largest body of a request in MiB, for directors, httpd and Tomcat. Directors refuse a larger one with " +
                "413. Forms are held in the Java heap, so a form has a sixteenth of `tomcat.heapMiB` at most. " +
                "A change restarts the Tomcats, one after the other.",
        ),
    maxHeaderKiB: z
        .number()
        .int()
        .min(8)
        .max(128)
        .default(32)
        .describe(
            "Largest header of a request and of an answer in KiB, for directors, httpd and Tomcat: " +
                "the first line and all fields together. Directors refuse a larger request with 431, or with 414 for " +
                "its address. A change restarts the Tomcats, one after the other.",
        ),
    compress: z
        .boolean()
        .default(true)
        .describe(
            "Directors compress text for clients that take gzip. `false` for a site behind a TLS proxy whose pages " +
                "hold secrets beside a visitor's own words (BREACH).",
        ),
});

const keepalived = z.strictObject({
    interface: interfaceName
        .default("eth0")
        .describe("Network interface of every machine. A change replaces every virtual machine and its disk."),
    virtualRouterId: z
        .number()
        .int()
        .min(1)
        .max(255)
        .default(123)
        .describe("VRRP router id. Other VRRP groups in the same network must have another."),
    advertInterval: z
        .number()
        .min(0.05)
        .max(40)
        .default(0.2)
        .describe(
            "Seconds between VRRP adverts, in steps of 0.01. A fraction means VRRP version 3; " +
                "a whole number means version 2 with `vrrpPassword`, as in the article.",
        ),
    preempt: z
        .boolean()
        .default(true)
        .describe("A returning director with a higher priority takes the virtual address back, as in the article."),
    unicast: z
        .boolean()
        .optional()
        .meta({
            description:
                "Directors send VRRP adverts to each other's addresses, for networks without multicast. `false`: by " +
                "multicast, as in the article. A change: for a few seconds two directors may hold the virtual address.",
            otherwise: "`true` with `network.mode: bridge`, else `false`",
        }),
    notify: z
        .strictObject({
            to: z
                .array(mail)
                .default([])
                .describe("E-mail addresses that hear of each move of the virtual address. Empty: no mail is sent."),
            from: mail.default("keepalived@localhost.localdomain").describe("Sender of these mails."),
            smtp: ipv4.default("127.0.0.1").describe("IPv4 address of the SMTP server that takes these mails."),
        })
        .prefault({})
        .describe("Mails about moves of the virtual address."),
});

const logs = z.strictObject({
    days: z
        .number()
        .int()
        .min(1)
        .max(3650)
        .default(14)
        .describe("Days that machines keep their logs. A log file is renamed every day, and when it is too large."),
    maxMiB: z
        .number()
        .int()
        .min(16)
        .max(1_048_576)
        .default(256)
        .describe(
            "Space in MiB that one log takes with its old files. A log that grows faster is kept for fewer days. " +
                "Sizes are looked at every five minutes.",
        ),
    journalMiB: z
        .number()
        .int()
        .min(16)
        .max(1_048_576)
        .default(256)
        .describe("Space in MiB of each machine's journal, where services without files of their own write."),
});

const percent = z.number().min(1).max(100);

const thresholds = z
    .strictObject({
        processorPercent: percent
            .default(90)
            .describe("Use of a machine's processors, of all together, for five minutes, in percent."),
        memoryPercent: percent.default(90).describe("Use of a machine's memory for five minutes, in percent."),
        diskPercent: percent
            .default(90)
            .describe("Use of a file system, in percent. Halfway between it and 100 the alarm is critical."),
        heapPercent: percent
            .default(90)
            .describe("Use of a Tomcat's heap right after its last collections, in percent."),
        connectionsPercent: percent
            .default(80)
            .describe(
                "Used connections of the database, a memcached, httpd or a machine's firewall, in percent of those " +
                    "that it takes.",
            ),
        openFilesPercent: percent
            .default(80)
            .describe("Open files of a process, network connections among them, in percent of its limit."),
        diskWaitPercent: percent
            .default(50)
            .describe("Time in which all of a machine's work waits for a disk, for 15 minutes, in percent."),
        majorFaultsPerSecond: z
            .number()
            .min(1)
            .max(1_000_000)
            .default(500)
            .describe("Memory pages that a machine reads back from its disk, a second, for 15 minutes."),
        clockSeconds: z
            .number()
            .min(0.05)
            .max(60)
            .default(1)
            .describe("Difference between the clocks of a machine and of a monitor, in seconds."),
        siteSeconds: z
            .number()
            .min(0.05)
            .max(10)
            .default(2)
            .describe("Time that a page of the site takes through the virtual address, in seconds."),
        certificateDays: z.number().int().min(1).max(365).default(14).describe("Days before a certificate ends."),
    })
    .prefault({})
    .describe("From where on there is an alarm. docs/monitoring.md lists the rules. A change reloads Prometheus.");

const timeOfDay = z
    .string()
    .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, "is no time of day between 00:00 and 24:00, such as 09:00")
    .meta({ title: "time of day" });
const timeZone = z
    .string()
    .refine(isTimeZone, "is no time zone, such as Europe/Berlin, Asia/Shanghai or UTC")
    .meta({ title: "time zone" });

const workingHours = z
    .strictObject({
        days: z
            .array(z.enum(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]))
            .min(1, "is empty: without a working day, leave `lab:monitoring.mail` away and keep `lab:sms`")
            .default(["monday", "tuesday", "wednesday", "thursday", "friday"])
            .describe("Working days."),
        from: timeOfDay.default("09:00").describe("Their beginning."),
        to: timeOfDay.default("18:00").describe("Their end, after the beginning and at 24:00 at the latest."),
        timeZone: timeZone.default("UTC").describe("Time zone of both, by its name in the tz database."),
    })
    .refine(({ from, to }) => from < to, {
        path: ["to"],
        message: "is not after `from`; hours that go over midnight end at 24:00",
    })
    .prefault({})
    .describe("When people look at the page. Critical alarms go out as text messages at all other times.");

const mailAlarms = z
    .strictObject({
        to: z.array(mail).default([]).describe("E-mail addresses that hear of alarms. Empty: no mail is sent."),
        from: mail.default("monitoring@localhost.localdomain").describe("Sender of these mails."),
        relay: z
            .string()
            .regex(
                /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?:([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/,
                "is no HOST:PORT, such as 192.168.0.10:25",
            )
            .optional()
            .meta({
                title: "HOST:PORT",
                description:
                    "SMTP server that takes these mails from the monitors, without an account. " +
                    "Mail goes to it in clear text; at port 465 by TLS.",
                otherwise: "none; required with `monitoring.mail.to`",
            }),
    })
    .prefault({})
    .describe("Alarms by e-mail, at any time of day.");

const sms = z.strictObject({
    device: z
        .string()
        .regex(/^(dummy|\/dev\/[A-Za-z0-9._:+-]+(\/[A-Za-z0-9._:+-]+)*)$/, "is neither dummy nor a path below /dev")
        .optional()
        .meta({
            title: "dummy or a path below /dev",
            description:
                "The modem's serial port, on the machine and on its hypervisor. `dummy`: a folder takes the texts, " +
                "for tests. docs/alarms.md says how a machine gets a modem.",
            otherwise: "none; required for the role `sms`",
        }),
    numbers: z
        .array(
            z
                .string()
                .regex(/^\+[1-9]\d{6,14}$/, "is no telephone number in E.164 format, such as +15555550100")
                .meta({ title: "telephone number" }),
        )
        .default([])
        .describe("Telephone numbers that get text messages. Quote each number: YAML drops the sign otherwise."),
});

const monitoring = z.strictObject({
    retentionDays: z
        .number()
        .int()
        .min(1)
        .max(3650)
        .default(30)
        .describe("Days that each monitor keeps what it measured. A change restarts Prometheus."),
    retentionMiB: z
        .number()
        .int()
        .min(64)
        .max(1_048_576)
        .default(1024)
        .describe("Space in MiB for it. When it is full, the oldest goes. A change restarts Prometheus."),
    scrapeSeconds: z
        .number()
        .int()
        .min(1)
        .max(60)
        .default(5)
        .describe("Seconds between two looks of a monitor at a machine. Alarms come as much later as this is longer."),
    thresholds,
    mail: mailAlarms,
    webhook: z
        .string()
        .regex(/^https?:\/\/[A-Za-z0-9._:@/?&=%+~-]+$/, "is no http(s) address")
        .optional()
        .meta({
            title: "http(s) address",
            description: "Address that gets each alarm in Alertmanager's JSON format, at any time of day.",
            otherwise: "none",
        }),
    workingHours,
    smsPerHour: z
        .number()
        .int()
        .min(1)
        .max(1000)
        .default(10)
        .describe("Text messages an hour to each number. Further alarms of the hour go out by e-mail alone."),
});

/** Settings that plans and outputs may show. */
export const openSchema = z.strictObject({
    machineKind: z
        .enum(["vm", "container"])
        .default("vm")
        .describe("`vm`: QEMU virtual machines. `container`: system containers (LXC), in isolated stacks only."),
    platform: z
        .enum(platformNames)
        .describe("Operating system of the machines. A change replaces every machine and its disk."),
    release: z
        .enum(releaseNames)
        .default("article")
        .describe(
            "Versions that work together. `article`: Tomcat 7.0.62, MSM 1.8.3, Tengine 2.1.0. `maintained`: " +
                "Tomcat 9.0.117, MSM 2.3.2, Tengine 3.1.0.",
        ),
    java: z
        .enum(jdkNames)
        .default("openjdk")
        .describe(
            "`openjdk`: the distribution's OpenJDK 8. `oracle-rpm`: " +
                "the article's jdk-8u45-linux-x64.rpm, CentOS only, which you put into " +
                "`LAB_CACHE/artifacts/`.",
        ),
    hypervisor: libvirtUri.optional().meta({
        description: "The hypervisor that runs all machines (docs/hypervisors.md).",
        otherwise: "`qemu:///system`, without `hypervisors`",
    }),
    hypervisors: z
        .record(identifier, libvirtUri)
        .refine((hypervisors) => Object.keys(hypervisors).length > 0, "is empty: name a hypervisor, or leave it away")
        .optional()
        .meta({
            description:
                "Several hypervisors, `NAME: URI` each, instead of `hypervisor`. Every machine then names one.",
            otherwise: "none",
            minProperties: 1,
        }),
    acceleration: z
        .enum(["kvm", "emulation"])
        .optional()
        .meta({
            description:
                "What runs virtual machines. A found value stays with a machine until the machine is replaced; " +
                "a remote hypervisor is taken to have KVM.",
            otherwise: "`kvm` if a test machine runs with it, else `emulation`",
        }),
    isolated: z
        .boolean()
        .default(false)
        .describe("Run the lab on this machine alone, in namespaces and with a libvirtd that `./lab` starts."),
    network: network.prefault({}).describe("The network of the machines."),
    virtualAddress: ipv4.describe("Address that visitors use and the directors share, inside `network.cidr`."),
    image: z
        .strictObject({
            source: z
                .string()
                .regex(/^(\/|https?:\/\/)\S+$/, "is neither an absolute path nor an http(s) address")
                .meta({ title: "absolute path or http(s) address" })
                .describe("Where the image is. An address is fetched into the cache once."),
            sha256: z
                .string()
                .regex(/^[0-9a-f]{64}$/, "is no sha256 in lower-case hexadecimal")
                .optional()
                .meta({
                    title: "SHA-256, hexadecimal",
                    description: "Sum of the image, checked before anything is made.",
                    otherwise: "not checked",
                }),
        })
        .optional()
        .meta({
            description:
                "Disk image that virtual machines start from. " +
                "A change replaces every virtual machine and its disk; existing containers stay.",
            otherwise: "the platform's; `./lab` builds Debian's from packages, for isolated stacks only",
        }),
    machineSize: size.prefault({}).describe("Size of every machine that does not set its own."),
    machines: z
        .record(machineName, machine)
        .refine((machines) => Object.keys(machines).length > 0, "is empty: a site needs machines")
        .meta({
            description: "The machines by host name, ordered by name with nod2 before nod10.",
            minProperties: 1,
        }),
    packageProxy: z
        .union([z.number().int().min(1).max(65_535), z.literal("none")], "is neither a port nor none")
        .default("none")
        .describe(
            "TCP port of the package proxy at the gateway, or `none`: machines ask their mirrors directly. " +
                "A change replaces every machine and its disk.",
        ),
    packages: packages.prefault({}).describe("The machines' distribution packages."),
    site: site.prefault({}).describe("What visitors see at the virtual address."),
    database: database.prefault({}).describe("The database."),
    tomcat: tomcat.prefault({}).describe("The app servers' Tomcat."),
    sessions: sessions.prefault({}).describe("Where sessions are kept."),
    director: director.prefault({}).describe("The directors' web server."),
    keepalived: keepalived.prefault({}).describe("How the directors share the virtual address."),
    logs: logs.prefault({}).describe("How long machines keep their logs, and how large these get."),
    monitoring: monitoring
        .prefault({})
        .describe("What machines with the role `monitor` keep, and when they raise an alarm (docs/monitoring.md)."),
    sms: sms.prefault({}).describe("Alarms as text messages, by the machine with the role `sms` (docs/alarms.md)."),
});
export type Settings = z.infer<typeof openSchema>;

const applicationSecrets = z.strictObject({
    environment: z.record(environmentName, applicationText).default({}),
    properties: z.record(propertyName, applicationText).default({}),
    users: z
        .record(
            z.string().regex(/^[A-Za-z0-9._@-]+$/, "is no user name"),
            z.strictObject({
                password: applicationText.min(1),
                roles: z.array(z.string().regex(/^[A-Za-z0-9._-]+$/, "is no role name")).default([]),
            }),
        )
        .default({}),
});
export type ApplicationSecrets = z.infer<typeof applicationSecrets>;

/** Settings that nobody may see; `./lab init` makes them. */
export const secretSchema = z.strictObject({
    databasePassword: secretText
        .min(8, "is too short: 8 characters at least")
        .max(64, "is too long: 64 characters at most")
        .describe(
            "Password of `database.user`, 8 to 64 characters. A change restarts the Tomcats, one after the other.",
        ),
    vrrpPassword: z
        .string()
        // keepalived.conf reserves `!` and braces.
        .regex(/^[A-Za-z0-9_.,:;+*/=?^~-]+$/, "may hold letters, digits and _ . , : ; + * / = ? ^ ~ - only")
        .max(8, "is too long: VRRP cuts it after 8 characters")
        .describe("Password of VRRP version 2, 8 characters at most. Version 3 has none."),
    loginKey: z
        .string()
        .refine(isPrivateKey, "is no private key in PEM or OpenSSH format, or one with a passphrase")
        .describe(
            "Private ssh key that logs in to the machines, without passphrase. " +
                "A change replaces every machine and its disk.",
        ),
    hostKeySeed: z
        .string()
        .regex(/^[0-9a-f]{64}$/, "must be 32 bytes in hexadecimal")
        .describe("32 bytes that every host key is derived from. A change replaces every machine and its disk."),
    applicationSecrets: z
        .string()
        .default("{}")
        .transform((text, context): ApplicationSecrets => {
            const { data, error } = applicationSecrets.safeParse(jsonOf(text));
            if (data) return data;
            const [issue] = error.issues;
            context.addIssue(
                `is no JSON such as {"properties": {"mail.password": "..."}}: ` +
                    `${issue?.path.map(String).join(".") || "the whole"}: ${issue?.message}`,
            );
            return z.NEVER;
        })
        .meta({
            title: "JSON text",
            description:
                "Secret values of the application: `environment` and `properties` as in `site.application`, and `users` " +
                "(`NAME: {password, roles}`) for logins that Tomcat does (docs/your-site.md).",
            otherwise: "none",
        }),
});

/** Undefined for a text that is no JSON. */
function jsonOf(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

export type SecretKey = Exclude<keyof z.infer<typeof secretSchema>, "applicationSecrets">;
/** What `./lab init` makes: everything but what the application's owner alone knows. */
export const secretKeys = Object.keys(secretSchema.shape).filter((key) => key !== "applicationSecrets") as SecretKey[];
export const isSecretKey = (key: string): boolean => Object.hasOwn(secretSchema.shape, key);
