/**
 * The names of the program's resources, as they stand in Pulumi's state. They are made and recognised here and nowhere
 * else: another name would make a machine of an existing lab anew.
 */

/** The component that holds everything else. */
export const labResource = "lab";

/** The times of the application's files. */
export const siteTimesResource = `${labResource}-site-times`;

/**
 * A hypervisor's component. `hypervisor` is the hypervisor's name in the stack file, undefined where the stack has only
 * one.
 */
export const hypervisorResource = (hypervisor?: string) =>
    hypervisor === undefined ? `${labResource}-hypervisor` : `${labResource}-hypervisor-${hypervisor}`;

/**
 * What belongs to a hypervisor: its provider, its network, its storage pool, the volume that all machines start from.
 */
export const hypervisorPart = (hypervisor: string | undefined, part: "libvirt" | "network" | "pool" | "base") =>
    `${hypervisorResource(hypervisor)}-${part}`;

/** A step of a machine, by the name of what is done (`tomcat`): the command that does it. */
export const stepResource = (machine: string, step: string) => `${machine}-${step}`;

/** The component of a role on a machine. `role` is the role in the stack file (`app`). */
export const roleResource = (machine: string, role: string) => stepResource(machine, role);
/** The component of one step of a role: `web1-app-tomcat`. */
export const roleStepResource = (machine: string, role: string, step: string) =>
    `${roleResource(machine, role)}-${step}`;

// The machine itself.
export const machineResource = (machine: string) => machine;
export const hostResource = (machine: string) => stepResource(machine, "host");
export const domainResource = (machine: string) => stepResource(machine, "domain");
export const volumeResource = (machine: string) => stepResource(machine, "volume");
export const cloudInitResource = (machine: string) => stepResource(machine, "cloud-init");

// What is done on it.
export const startResource = (machine: string) => stepResource(machine, "start");
export const packagesResource = (machine: string) => stepResource(machine, "packages");
/** The upload of the small files of all roles. */
export const filesResource = (machine: string) => stepResource(machine, "files");
/** The upload of the large files of one step. */
export const artifactsResource = (machine: string, step: string) => stepResource(machine, `${step}-artifacts`);
/** The installation of what is compiled for one step. */
export const buildResource = (machine: string, step: string) => stepResource(machine, `${step}-build`);

/** What kind of work a step is. */
export type StepKind = "machine" | "packages" | "build" | "upload" | "role";

/** The kind of a step, by its name as `parseResourceName` gives it. */
export function stepKind(step: string): StepKind {
    if (["domain", "volume", "cloud-init"].includes(step)) return "machine";
    if (step === "packages") return "packages";
    if (step.endsWith("-build")) return "build";
    return step === "files" || step.endsWith("-artifacts") ? "upload" : "role";
}

/**
 * The machine and the step of a resource's name, undefined where it belongs to no machine (a network). Of several
 * machines whose names fit (`web` and `web-2`, both for `web-2-tomcat`) it is the longest.
 */
export function parseResourceName(
    name: string,
    machineNames: readonly string[],
): { machine: string; step: string } | undefined {
    const machine = machineNames
        .filter((candidate) => name.startsWith(`${candidate}-`))
        .reduce((longest, candidate) => (candidate.length > longest.length ? candidate : longest), "");
    if (machine === "" || name === siteTimesResource || isHypervisorPart(name)) return undefined;
    return { machine, step: name.slice(machine.length + 1) };
}

/** A machine may be called `lab`; no step of a machine is called `hypervisor` or `site-times`. */
const isHypervisorPart = (name: string) => name === hypervisorResource() || name.startsWith(`${hypervisorResource()}-`);

/** A resource's name and its type, out of its URN (`urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`). */
export function parseUrn(urn: string): { type: string; name: string } {
    const [types = "", name = ""] = urn.split("::").slice(-2);
    return { type: types.split("$").at(-1) ?? types, name };
}
