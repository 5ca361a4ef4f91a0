/**
 * The description of a lab: its stack file, validated, with every default filled in. It is plain data without Pulumi's
 * types. Everything after the configuration reads the description and nothing else.
 */
import type { SessionClient } from "../catalog/releases";
import type { SourceName } from "../catalog/director-servers";
import type { DatabaseServerName } from "../catalog/platforms/index";
import type { Settings } from "./schema";

export interface MachineDescription {
    name: string;
    address: string;
    mac: string;
    /** Names of roles (roles/index.ts). */
    roles: string[];
    memoryMiB: number;
    vcpus: number;
    diskGiB: number;
    /** Directors only. */
    priority?: number;
    /** Name of the hypervisor that it lives on. Undefined where the stack has a single one. */
    hypervisor?: string;
    /** Whether Pulumi refuses every change that would delete the machine's disk. */
    protect: boolean;
}

export interface HypervisorDescription {
    /** Undefined for a single hypervisor, which needs no name. */
    name?: string;
    /** libvirt's connection URI. */
    uri: string;
}

export interface LabDescription extends Omit<
    Settings,
    | "machines"
    | "machineSize"
    | "network"
    | "hypervisor"
    | "hypervisors"
    | "database"
    | "director"
    | "keepalived"
    | "sessions"
> {
    machines: MachineDescription[];
    hypervisors: [HypervisorDescription, ...HypervisorDescription[]];
    network: Settings["network"] & { bridge: string; jump: boolean };
    database: Settings["database"] & { server: DatabaseServerName };
    director: Settings["director"] & { source: SourceName };
    keepalived: Settings["keepalived"] & { unicast: boolean };
    sessions: Settings["sessions"] & { client: SessionClient; max: number };
}

export type MachineKind = LabDescription["machineKind"];

/** The machines that have `role`, in the order of their names. */
export const machinesWith = (description: LabDescription, role: string) =>
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

/** 24 of 192.168.0.0/24. */
export const prefixLength = (cidr: string) => Number(cidr.split("/")[1]);
