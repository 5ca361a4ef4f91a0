/**
 * Pulumi's own data, as far as the launcher reads it. Source: sdk/go/common/apitype of Pulumi 3.200 (core.go,
 * events.go).
 */
import * as fs from "node:fs";
import { parseUrn } from "../../config/resource-names";

/** A resource in the state. */
export interface StateResource {
    urn: string;
    type: string;
    /** False for a component. */
    custom?: boolean;
    id?: string;
    inputs?: Record<string, unknown>;
    outputs?: Record<string, unknown>;
    /** URNs of the resources that have to exist before this one. */
    dependencies?: string[];
}

/** A stack's state. */
export interface Deployment {
    resources?: StateResource[];
    /** What a killed pulumi had begun. */
    pending_operations?: { resource: { urn: string } }[];
}

/** What `pulumi stack export` prints and `pulumi stack import` reads. */
export interface ExportedStack {
    deployment: Deployment;
}

/** The file backend's file of one stack. */
interface StateFile {
    checkpoint: { latest?: Deployment | null };
}

/** The metadata of an event about one resource. */
interface StepMetadata {
    metadata: { op: string; urn: string; type: string };
}

/** A line of the event log (`--event-log`). */
export interface EngineEvent {
    resourcePreEvent?: StepMetadata;
    resOutputsEvent?: StepMetadata;
    resOpFailedEvent?: StepMetadata;
}

/** The stack's state, as the running pulumi exports it. */
export const exportStack = async (session: { ask(words: string[]): Promise<string> }, ...words: string[]) =>
    JSON.parse(await session.ask(["stack", "export", ...words])) as ExportedStack;

/**
 * The state in a file of the file backend, empty if there is no file. An export by pulumi takes half a second, reading
 * the file a few milliseconds.
 */
export function readStateFile(file: string): Deployment {
    if (!fs.existsSync(file)) return {};
    return (JSON.parse(fs.readFileSync(file, "utf8")) as StateFile).checkpoint.latest ?? {};
}

/** The names of the machines that are in a state. */
export const machineNamesIn = ({ resources = [] }: Deployment): string[] =>
    resources.filter(({ type }) => type === "lab:Machine").map(({ urn }) => parseUrn(urn).name);
