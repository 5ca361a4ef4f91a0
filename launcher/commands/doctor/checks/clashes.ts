/** Checks for names and addresses that are already in use on a hypervisor. */
import * as fs from "node:fs";
import * as path from "node:path";
import { machinesWith, type LabDescription } from "../../../../config/description";
import { overlap, prefixLengthOf } from "../../../../lib/ipv4";
import { bad, good, problemOf, unknown, warning, type Check } from "../finding";
import type { Hypervisor } from "../place";

/**
 * Looks for a libvirt object with the name of one that the lab would make. `command` is the virsh command that prints
 * its UUID.
 */
async function lookAtName(hypervisor: Hypervisor, subject: string, command: string, remedy: string) {
    const uuid = await hypervisor.virsh([command, subject.split(" ")[1] ?? ""]).then(
        (text) => text.trim(),
        () => undefined,
    );
    if (uuid === undefined || hypervisor.own?.has(uuid)) return [];
    return [
        hypervisor.own
            ? bad(subject, "exists, and this stack did not make it", remedy)
            : warning(
                  subject,
                  "exists, and Pulumi's state could not be read, which tells whether this stack made it",
                  `If this stack did not make it: ${remedy}`,
              ),
    ];
}

const names: Check<Hypervisor> = {
    name: "names",
    look: async (hypervisor) => {
        const { description, machines } = hypervisor;
        const looks = await Promise.all([
            ...(description.network.mode === "nat"
                ? [
                      lookAtName(
                          hypervisor,
                          `network ${description.network.name}`,
                          "net-uuid",
                          "Choose another lab:network.name.",
                      ),
                  ]
                : []),
            ...(description.machineKind === "vm"
                ? [
                      lookAtName(
                          hypervisor,
                          `pool ${description.network.name}`,
                          "pool-uuid",
                          "Choose another lab:network.name: the pool has the same name.",
                      ),
                  ]
                : []),
            ...machines.map((machine) =>
                lookAtName(
                    hypervisor,
                    `machine ${machine.name}`,
                    "domuuid",
                    "Give the machine another name in the stack file, or remove the existing one (virsh undefine).",
                ),
            ),
        ]);
        return looks.flat().length > 0
            ? looks.flat()
            : [good(hypervisor.uri, `the names of the network and the machines are free, or belong to this stack`)];
    },
};

interface Network {
    name: string;
    bridge?: string;
    /** `ADDRESS/PREFIX` of the gateway. */
    addresses: string[];
}

/** All networks of libvirt except the stack's own. */
async function otherNetworks({ virsh, own, description }: Hypervisor): Promise<Network[]> {
    const list = (await virsh(["net-list", "--all", "--name"]))
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean);
    const networks = await Promise.all(
        list.map(async (name) => ({
            name,
            xml: await virsh(["net-dumpxml", name]),
            uuid: (await virsh(["net-uuid", name])).trim(),
        })),
    );
    return networks
        .filter(({ name, uuid }) => !(own === undefined ? name === description.network.name : own.has(uuid)))
        .map(({ name, xml }) => {
            const attribute = (element: string, key: string) => new RegExp(`\\b${key}='([^']*)'`).exec(element)?.[1];
            const elements = (tag: string) => xml.match(new RegExp(`<${tag}\\b[^>]*>`, "g")) ?? [];
            return {
                name,
                bridge: elements("bridge").map((element) => attribute(element, "name"))[0],
                addresses: elements("ip").flatMap((element) => {
                    const address = attribute(element, "address");
                    const prefix =
                        attribute(element, "prefix") ?? prefixLengthOf(attribute(element, "netmask") ?? "0.0.0.0");
                    return address === undefined || attribute(element, "family") === "ipv6"
                        ? []
                        : [`${address}/${prefix}`];
                }),
            };
        });
}

const addresses: Check<Hypervisor> = {
    name: "addresses",
    look: async (hypervisor) => {
        const {
            description: { network },
            run,
            uri,
        } = hypervisor;
        const others = await otherNetworks(hypervisor);
        const overlapping = others.filter((other) => other.addresses.some((address) => overlap(address, network.cidr)));
        const remedy = "Choose another lab:network.cidr, with gateway, virtualAddress and machines in it.";
        const bridgeTaken = others.find(({ bridge }) => bridge === network.bridge);
        const ofLibvirt = [
            ...overlapping.map(({ name, addresses: taken }) =>
                bad(network.cidr, `libvirt's network ${name} has ${taken.join(", ")}`, remedy),
            ),
            ...(bridgeTaken
                ? [
                      bad(
                          `bridge ${network.bridge}`,
                          `libvirt's network ${bridgeTaken.name} has it`,
                          "Choose another lab:network.bridge.",
                      ),
                  ]
                : []),
        ];
        const ip = async <T>(what: string) => JSON.parse(await run(["ip", "-json", what])) as T[];
        let links: { ifname: string }[], routes: { dst: string; dev?: string }[];
        try {
            [links, routes] = [await ip("link"), await ip("route")];
        } catch {
            return [
                ...ofLibvirt,
                unknown(
                    uri,
                    "the hypervisor's own addresses could not be read: " +
                        "ip failed (through ssh, if the hypervisor is remote)",
                ),
            ];
        }
        const isOwn = await ownBridge(hypervisor);
        const clashing = routes.filter(
            ({ dst, dev }) =>
                dst !== "default" &&
                overlap(dst, network.cidr) &&
                !(isOwn && dev === network.bridge) &&
                !others.some(({ bridge }) => bridge === dev),
        );
        const found = [
            ...ofLibvirt,
            ...clashing.map(({ dst, dev }) =>
                bad(network.cidr, `a route to ${dst} exists, through ${dev ?? "no device"}`, remedy),
            ),
            ...(!isOwn && !bridgeTaken && links.some(({ ifname }) => ifname === network.bridge)
                ? [
                      bad(
                          `bridge ${network.bridge}`,
                          "a network interface has this name",
                          "Choose another lab:network.bridge.",
                      ),
                  ]
                : []),
        ];
        return found.length > 0
            ? found
            : [good(network.cidr, `no other network, route or interface uses it, or the name ${network.bridge}`)];
    },
};

/**
 * For machines on an existing bridge: whether the bridge exists. The addresses are in use there rightly, so they are
 * not checked.
 */
const bridge: Check<Hypervisor> = {
    name: "bridge",
    look: async ({ description: { network }, run, uri }) => {
        const bridges = JSON.parse(await run(["ip", "-json", "link", "show", "type", "bridge"])) as {
            ifname?: string;
            flags?: string[];
        }[];
        const found = bridges.find(({ ifname }) => ifname === network.bridge);
        const names = bridges.flatMap(({ ifname }) => ifname ?? []);
        if (!found)
            return [
                bad(
                    network.bridge,
                    `does not exist; bridges of ${uri}: ${names.join(", ") || "none"}`,
                    `Make it, with a card of the network ${network.cidr} in it, or name another: lab:network.bridge.`,
                ),
            ];
        return [
            found.flags?.includes("UP")
                ? good(network.bridge, "exists and is up")
                : bad(
                      network.bridge,
                      "is down",
                      `ip link set ${network.bridge} up; and set it up in the hypervisor's network ` +
                          "configuration, so that it stays so.",
                  ),
        ];
    },
};

/** In seconds. Other people's keepalived has an interval of one second by default. */
const listeningTime = (advertInterval: number) => 3 * Math.max(1, advertInterval);

/**
 * For machines on an existing bridge: whether somebody else there uses the virtual router id. Adverts that go to single
 * addresses do not reach the hypervisor, so only those by multicast are heard.
 */
const routerId: Check<Hypervisor> = {
    name: "VRRP",
    look: async ({ description, run }) => {
        const { network, keepalived } = description;
        const isThere = await run(["ip", "link", "show", "dev", network.bridge]).then(
            () => true,
            () => false,
        );
        // The check "bridge" says so.
        if (!isThere) return [];
        const subject = `router id ${keepalived.virtualRouterId}`;
        const seconds = listeningTime(keepalived.advertInterval);
        const script = fs.readFileSync(path.join(__dirname, "vrrp-senders.py"), "utf8");
        let senders: string[];
        try {
            const words = [network.bridge, keepalived.virtualRouterId, seconds].map(String);
            senders = (await run(["python3", "-c", script, ...words])).split("\n").filter(Boolean);
        } catch (error) {
            return [
                unknown(
                    subject,
                    `the doctor could not listen on ${network.bridge}, which takes root and python3 there: ` +
                        (problemOf(error).split(" | ").at(-1) ?? ""),
                ),
            ];
        }
        const directors = machinesWith(description, "director").map(({ address }) => address);
        const strangers = senders.filter((address) => !directors.includes(address));
        if (strangers.length === 0)
            return [good(subject, `nobody else on ${network.bridge} used it within ${seconds} s`)];
        const seen = `${strangers.join(", ")} on ${network.bridge} sends VRRP adverts with it`;
        const remedy = "Choose another lab:keepalived.virtualRouterId.";
        // Directors that send their adverts to each other's addresses hear no others.
        return [keepalived.unicast ? warning(subject, seen, remedy) : bad(subject, seen, remedy)];
    },
};

/** Whether the network with the stack's name is the stack's own, and so its bridge too. */
async function ownBridge({ virsh, own, description: { network } }: Hypervisor): Promise<boolean> {
    const uuid = await virsh(["net-uuid", network.name]).then(
        (text) => text.trim(),
        () => "",
    );
    return uuid !== "" && own?.has(uuid) !== false;
}

export const clashChecks = (description: LabDescription) => [
    names,
    ...(description.network.mode === "bridge" ? [bridge, routerId] : [addresses]),
];
