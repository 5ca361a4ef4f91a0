import type * as pulumi from "@pulumi/pulumi";
import type { Artifacts } from "../artifacts/local-artifacts";
import type { ArtifactName } from "../catalog/artifacts";
import type { LogFiles, Monitoring, MonitoringProgram, Platform, Repository } from "../catalog/platforms/platform";
import type { LabDescription, MachineDescription } from "../config/description";
import type { ApplicationSecrets } from "../config/schema";
import type { RoleRules } from "../config/role-rules";
import type { Build } from "./build";
import type { Needs } from "./hardening";
import type { ManagedFile, RoleConfiguration } from "./role-configuration";

/**
 * Everything that the project knows of one role. Packages, firewall, status, verify, plan, outputs and the order of the
 * program are derived from the definitions in index.ts.
 */
export interface RoleDefinition extends RoleRules {
    /**
     * Whether a machine has the role. Undefined: the stack file names the role at the machine. Roles with `isImplied`
     * come by themselves and cannot be named.
     */
    isImplied?: (machine: MachineDescription, description: LabDescription) => boolean;
    /**
     * Type token of the component around the role's steps. Without one, the only step stands directly below its
     * machine.
     */
    component?: ComponentType;
    /** What is done on the machine, in an order in which each step follows those that it waits for. */
    steps: RoleStep[];
    /** Name of the step that is done when the role works. Other roles wait for it. */
    worksAfter: string;
    /**
     * Whether machines with the role are changed one after the other, so that one of them always serves: in the order
     * of their names, or the one with the lowest number first. Only steps that wait for other roles take turns.
     */
    takesTurns?: boolean | ((machine: MachineDescription) => number);
    packages?: (description: LabDescription, platform: Platform) => string[];
    /** Publishers' own repositories that some of these packages come from. */
    repositories?: (description: LabDescription) => Repository[];
    /** What is downloaded for the role. */
    artifacts?: (description: LabDescription) => ArtifactName[];
    /** systemd units that run while the role works. */
    units?: (description: LabDescription, platform: Platform) => string[];
    /** Log files, which role `logs` has rotated. What a service writes to the journal is bounded with the journal. */
    logs?: (description: LabDescription, platform: Platform) => LogFiles[];
    /** Processes that run while the role works, and the user of each. `./lab verify` looks for them. */
    processes?: (platform: Platform) => { program: RegExp; user: string }[];
    /** Who may reach which port of the machines with the role. All other ports are closed. */
    doors?: (description: LabDescription) => Door[];
    /** What monitors ask of a machine with the role. Counts only in a stack with a monitor. */
    exporters?: (context: ExporterContext) => Exporter[];
    /**
     * Shell text for lab-metrics.service (roles/exporters.ts): prints metrics of the role in Prometheus's text format.
     * Runs in bash every few seconds, so it starts as few programs as it can.
     */
    metrics?: (context: ExporterContext) => string;
    /** Whether `GET /health` on port 80 of the machine tells if the role works. */
    answersHealthChecks?: boolean;
}

/** In Pulumi's state: a changed type token makes the resource anew. */
export type ComponentType = `lab:${string}`;

/** One script that brings a part of a role to its described state. */
export interface RoleStep {
    /** Unique among all roles. It names the resource (config/resource-names.ts) and the folder on the machine. */
    name: string;
    component: ComponentType;
    /**
     * What has to work before: other steps of the role, and other roles on all machines that have them; `all`: the
     * roles that stand before this one in index.ts.
     */
    after?: { steps?: string[]; roles?: string[] | "all" };
    /** What the step installs from source. Undefined: nothing on this machine. */
    build?: (context: RoleContext) => Build | undefined;
    configuration: (context: RoleContext) => RoleConfiguration;
}

/** What a step is configured from. */
export interface RoleContext {
    description: LabDescription;
    machine: MachineDescription;
    platform: Platform;
    artifacts: Artifacts;
    passwords: {
        database: pulumi.Output<string>;
        vrrp: pulumi.Output<string>;
        /** Undefined for an application without secrets: its files are then no secrets. */
        application: pulumi.Output<ApplicationSecrets> | undefined;
    };
    /**
     * `TIME DIGEST FILE` lines: since when each served file of the application has its content
     * (components/site-times.ts).
     */
    siteTimes: pulumi.Output<string>;
    /** All doors of the lab. */
    doors: Door[];
    /** The log files of all roles of the machine. */
    logs: LogFiles[];
    /** Names of steps, in the order of index.ts: those of all roles, and those of the machine. */
    steps: { known: string[]; own: string[] };
    /** What monitors ask of the machine. Empty in a stack without a monitor. */
    exporters: Exporter[];
    /** The texts of lab-metrics.service on the machine. */
    metrics: string[];
    /** What monitors ask of all machines. */
    targets: Target[];
}

/** What an exporter is configured from. */
export type ExporterContext = Pick<RoleContext, "description" | "machine"> & { monitoring: Monitoring };

/** Where a machine answers monitors with metrics in Prometheus's text format. */
export interface Exporter {
    /** Prometheus's job. The same on all machines with the role. */
    job: string;
    port: number;
    /** Default: /metrics. */
    path?: string;
    /** Undefined: a service of the role itself answers. */
    service?: ExporterService;
}

/** A service that roles/exporters.ts sets up. It never costs the site anything when it restarts. */
export interface ExporterService extends MonitoringProgram {
    arguments: string[];
    files?: ManagedFile[];
    needs?: Needs;
}

/** An exporter of one machine. */
export interface Target {
    machine: MachineDescription;
    exporter: Exporter;
}

/** Permission to reach a service. */
export interface Door {
    /** The service's name, for people. */
    what: string;
    /** A TCP port, or a protocol of its own beside TCP. */
    port: number | "vrrp";
    /** Whether UDP packets to the port may come in, too. */
    udp?: boolean;
    on: MachineDescription[];
    /** Addresses and networks in CIDR notation; `anyone` for what is public. */
    from: "anyone" | string[];
}
