/** Where sessions live: routes to app servers, and the memcacheds that keep the copies. */
import { machinesWith, prefixLength, type LabDescription, type MachineDescription } from "../config/description";
import { placeIn } from "../lib/ipv4";

/** Article, row 9. */
export const memcachedPort = 11211;

/**
 * A memcached's name in MSM, which is a part of each session's id. It comes from the machine alone, so that a memcached
 * more or less renames no other: `memcached2` on nod2 (article, row 14), `memcached_web_2` on web-2.
 */
function memcachedName({ name }: MachineDescription): string {
    const [, number] = /^nod(0|[1-9][0-9]*)$/.exec(name) ?? [];
    return number === undefined ? `memcached_${name.replaceAll("-", "_")}` : `memcached${number}`;
}

/** The memcacheds as MSM knows them. */
export const memcachedNodes = (description: LabDescription) =>
    machinesWith(description, "memcached").map((machine) => ({
        name: memcachedName(machine),
        address: machine.address,
        port: memcachedPort,
    }));

/**
 * The largest item that memcached takes: a copy of the largest session, its key and memcached's own data. memcached
 * refuses to start unless it is a multiple of 512 KiB.
 */
export const memcachedItemKiB = ({ sessions }: LabDescription) => Math.ceil((sessions.maxKiB + 1) / 512) * 512;

/** More than the largest copy, so that the log can tell the size of a session that is larger. */
export const copyBufferKiB = ({ sessions }: LabDescription) => 4 * sessions.maxKiB;

/**
 * The memcacheds that an app server uses only when no other is left. By default that is the one on its own machine: a
 * copy there would be lost together with the session.
 */
export function failoverNodes(description: LabDescription, machine: MachineDescription): string[] {
    const nodes = memcachedNodes(description);
    const own = nodes.filter(({ address }) => address === machine.address).map(({ name }) => name);
    return description.sessions.failoverNodes ?? (own.length < nodes.length ? own : []);
}

/**
 * The route at the end of a session's id: `jvm200` for 192.168.0.200 (article, row 12). In a network with more than 256
 * addresses it is the address's place in the network, as two machines there may have the same last number.
 */
export function jvmRoute({ network: { cidr } }: Pick<LabDescription, "network">, { address }: MachineDescription) {
    const network = prefixLength(cidr) < 24 ? cidr : `${address}/24`;
    return `jvm${placeIn(network, address)}`;
}

/** An app server as directors know it. */
export interface UpstreamServer {
    address: string;
    /** Its number in the consistent hash: 1000, 1001, ... in the order of the machines' names (article, row 19). */
    id: number;
}

export const upstreamServers = (description: LabDescription): UpstreamServer[] =>
    machinesWith(description, "app").map((machine, index) => ({ address: machine.address, id: 1000 + index }));

/** Where a director sends the requests of the sessions of one app server. */
export interface SessionRoute {
    /** As at the end of a session's id. */
    name: string;
    /** The app server that has the sessions, then all others, in the order in which they take over for it. */
    servers: UpstreamServer[];
}

/** One route for each app server. */
export function sessionRoutes(description: LabDescription): SessionRoute[] {
    const servers = upstreamServers(description);
    return machinesWith(description, "app").map((machine, index) => ({
        name: jvmRoute(description, machine),
        servers: [...servers.slice(index), ...servers.slice(0, index)],
    }));
}
