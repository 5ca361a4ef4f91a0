/**
 * Arithmetic of IPv4 addresses and networks. A network is text such as `192.168.0.0/24`; the address in it may be any
 * of its addresses.
 */
import ipaddr from "ipaddr.js";

const { IPv4 } = ipaddr;

const toNumber = (address: string): number =>
    IPv4.parse(address)
        .toByteArray()
        .reduce((sum, byte) => sum * 256 + byte, 0);

const toAddress = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join(".");

/** The network's own address and its broadcast address. Both belong to no machine. */
const bounds = (network: string) => ({
    first: IPv4.networkAddressFromCIDR(network).toString(),
    last: IPv4.broadcastAddressFromCIDR(network).toString(),
});

export const isInNetwork = (address: string, network: string): boolean =>
    IPv4.parse(address).match(IPv4.parseCIDR(network));

/** Whether `address` is the network's own address or its broadcast address. */
export const isReserved = (address: string, network: string): boolean =>
    Object.values(bounds(network)).includes(address);

/** The place of an address in its network: 200 for 192.168.0.200, and 456 for 192.168.1.200, in 192.168.0.0/16. */
export const placeIn = (network: string, address: string): number =>
    toNumber(address) - toNumber(bounds(network).first);

/** Whether two networks have an address in common. An address without a prefix length is a network of one address. */
export function overlap(one: string, other: string): boolean {
    const parse = (network: string) => IPv4.parseCIDR(network.includes("/") ? network : `${network}/32`);
    const [[first, firstLength], [second, secondLength]] = [parse(one), parse(other)];
    return first.match(second, Math.min(firstLength, secondLength));
}

/** The prefix length of a netmask: 24 for `255.255.255.0`. */
export function prefixLengthOf(netmask: string): number {
    const length = IPv4.parse(netmask).prefixLengthFromSubnetMask();
    if (length === null) throw new Error(`${netmask} is no netmask`);
    return length;
}

/**
 * The highest address of the network that a machine may have and that is not in `taken`; undefined where none is left.
 */
export function highestFreeAddress(network: string, taken: ReadonlySet<string>): string | undefined {
    const { first, last } = bounds(network);
    for (let value = toNumber(last) - 1; value > toNumber(first); value--) {
        const address = toAddress(value);
        if (!taken.has(address)) return address;
    }
    return undefined;
}
