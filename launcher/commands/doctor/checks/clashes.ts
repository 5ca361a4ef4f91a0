/** Names and addresses that somebody else has already. */
import { overlap, prefixLengthOf } from "../../../../lib/ipv4";
import type { LabDescription } from "../../../../config/description";
import { bad, good, unknown, warning, type Check } from "../finding";
import type { There } from "../place";

/** A libvirt object that the lab would make, and one of that name that is there. */
async function lookAtName(there: There, subject: string, command: string, remedy: string) {
    const uuid = await there.virsh([command, subject.split(" ")[1] ?? ""]).then(
        (text) => text.trim(),
        () => undefined,
    );
    if (uuid === undefined || there.own?.has(uuid)) return [];
    return [
        there.own
            ? bad(subject, "is there, and this stack did not make it", remedy)
            : warning(
                  subject,
                  "is there, and Pulumi's state could not be read to tell whether this stack made it",
                  `If it did not: ${remedy}`,
              ),
    ];
}

const names: Check<There> = {
    name: "names",
    look: async (there) => {
        const { description, machines } = there;
        const looks = await Promise.all([
            ...(description.network.mode === "nat"
                ? [
                      lookAtName(
                          there,
                          `network ${description.network.name}`,
                          "net-uuid",
                          "Choose another lab:network.name.",
                      ),
                  ]
                : []),
            ...(description.machineKind === "vm"
                ? [
                      lookAtName(
                          there,
                          `pool ${description.network.name}`,
                          "pool-uuid",
                          "Choose another lab:network.name: the pool has the same.",
                      ),
                  ]
                : []),
            ...machines.map((machine) =>
                lookAtName(
                    there,
                    `machine ${machine.name}`,
                    "domuuid",
                    "Name the machine otherwise in the stack file, or remove the other one (virsh undefine).",
                ),
            ),
        ]);
        return looks.flat().length > 0
            ? looks.flat()
            : [good(there.uri, `the names of network and machines are free, or this stack's own`)];
    },
};

interface Network {
    name: string;
    bridge?: string;
    /** `ADDRESS/PREFIX` of the gateway. */
    addresses: string[];
}

/** All of libvirt's networks but the stack's own. */
async function otherNetworks({ virsh, own, description }: There): Promise<Network[]> {
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

const addresses: Check<There> = {
    name: "addresses",
    look: async (there) => {
        const {
            description: { network },
            run,
            uri,
        } = there;
        const others = await otherNetworks(there);
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
                unknown(uri, "the hypervisor's own addresses could not be asked for (ip, by ssh where it is remote)"),
            ];
        }
        const isOwn = await ownBridge(there);
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
                bad(network.cidr, `a route to ${dst} is there, through ${dev ?? "nothing"}`, remedy),
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
            : [good(network.cidr, `no other network, route or interface has it or ${network.bridge}`)];
    },
};

/** The bridge into a network that is there already, which has the lab's addresses, and may have them here too. */
const bridge: Check<There> = {
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
                    `is not there; bridges of ${uri}: ${names.join(", ") || "none"}`,
                    `Make it, with a card of the network ${network.cidr} in it, or name another: lab:network.bridge.`,
                ),
            ];
        return [
            found.flags?.includes("UP")
                ? good(network.bridge, "is there and up")
                : bad(
                      network.bridge,
                      "is down",
                      `ip link set ${network.bridge} up, and for good in the hypervisor's network configuration.`,
                  ),
        ];
    },
};

/** Whether the stack's own network has its bridge. */
async function ownBridge({ virsh, own, description: { network } }: There): Promise<boolean> {
    const uuid = await virsh(["net-uuid", network.name]).then(
        (text) => text.trim(),
        () => "",
    );
    return uuid !== "" && own?.has(uuid) !== false;
}

export const clashChecks = (description: LabDescription) => [
    names,
    description.network.mode === "bridge" ? bridge : addresses,
];
