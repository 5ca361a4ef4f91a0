/**
 * The site description: what configuration comes to once it is validated and every default is filled in. Plain data, no Pulumi type;
 * everything after this reads it and nothing else.
 */
import type { SessionClient } from "../catalog/releases";
import type { SourceName } from "../catalog/director-servers";
import type { DatabaseServerName } from "../catalog/platforms/index";
import type { Role, Settings } from "./schema";

export interface MachineDescription {
    name: string;
    address: string;
    mac: string;
    roles: Role[];
    memoryMiB: number;
    vcpus: number;
    diskGiB: number;
    /** Directors only. */
    priority?: number;
    /** The name of its hypervisor, where they have names. */
    hypervisor?: string;
    /** Whether pulumi refuses whatever would cost it its disk. */
    protect: boolean;
}

export interface HypervisorDescription {
    /** Undefined: the only one, and the stack file gave it none. */
    name?: string;
    /** libvirt's. */
    uri: string;
}

export interface LabDescription extends Omit<
    Settings,
    "machines" | "machineSize" | "network" | "hypervisor" | "hypervisors" | "database" | "director" | "sessions"
> {
    machines: MachineDescription[];
    hypervisors: [HypervisorDescription, ...HypervisorDescription[]];
    network: Settings["network"] & { bridge: string; jump: boolean };
    database: Settings["database"] & { server: DatabaseServerName };
    director: Settings["director"] & { source: SourceName };
    sessions: Settings["sessions"] & { client: SessionClient };
}

export type MachineKind = LabDescription["machineKind"];

/** The machines that have `role`, in the order of their names. */
export const machinesWith = (description: LabDescription, role: Role) =>
    description.machines.filter((machine) => machine.roles.includes(role));

/** The hypervisor that a machine lives on. */
export function hypervisorOf(
    { hypervisors }: Pick<LabDescription, "hypervisors">,
    machine: Pick<MachineDescription, "hypervisor">,
): HypervisorDescription {
    return hypervisors.find(({ name }) => name === machine.hypervisor) ?? hypervisors[0];
}

/** Where a hypervisor keeps the disks of the lab's virtual machines. */
export const poolFolder = (description: LabDescription) => `/var/lib/libvirt/images/${description.network.name}`;

export const prefixLength = (cidr: string) => Number(cidr.split("/")[1]);

/** A memcached as MSM names it: memcached1, memcached2, ... in the order of the machines' names. */
export const memcachedNodes = (description: LabDescription) =>
    machinesWith(description, "memcached").map((machine, index) => ({
        name: `memcached${index + 1}`,
        address: machine.address,
        port: memcachedPort,
    }));

/** The memcacheds that an app server's sessions go to only when no other is left. */
export function failoverNodes(description: LabDescription, machine: MachineDescription): string[] {
    const nodes = memcachedNodes(description);
    const own = nodes.filter(({ address }) => address === machine.address).map(({ name }) => name);
    return description.sessions.failoverNodes ?? (own.length < nodes.length ? own : []);
}

/** Seed row 9. */
export const memcachedPort = 11211;

/** The route that a session's id carries: `jvm200` for 192.168.0.200 (seed row 12). */
export const jvmRoute = (machine: MachineDescription) => `jvm${machine.address.split(".").at(-1)}`;

/** The server id of an app server in the consistent hash: 1000, 1001, ... (seed row 19), in the order of the machines' names. */
export const upstreamServers = (description: LabDescription): UpstreamServer[] =>
    machinesWith(description, "app").map((machine, index) => ({ address: machine.address, id: 1000 + index }));

export interface UpstreamServer {
    address: string;
    id: number;
}

export interface SessionRoute {
    /** As in a session's id. */
    name: string;
    /** The app server that has it, then the one that takes its place: one and the same for all requests of a session. */
    servers: UpstreamServer[];
}

/** Where sessions go that have an app server. None where there is no choice. */
export function sessionRoutes(description: LabDescription): SessionRoute[] {
    const servers = upstreamServers(description);
    if (servers.length < 2) return [];
    return machinesWith(description, "app").map((machine, index) => ({
        name: jvmRoute(machine),
        servers: [...servers, ...servers].slice(index, index + 2),
    }));
}
