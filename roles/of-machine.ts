/** What the roles of a machine, or of all machines, add up to. */
import type { ArtifactName } from "../catalog/artifacts";
import { platforms } from "../catalog/platforms/index";
import type { LogFiles, Repository } from "../catalog/platforms/platform";
import type { LabDescription, MachineDescription } from "../config/description";
import { doorsOf } from "./doors";
import { servicesOf } from "./exporters";
import { exportersOf, hasRole, metricsOf, rolesOf } from "./exporters-of";
import { roles } from "./index";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext, Target, RoleDefinition } from "./role-definition";

export { hasRole, rolesOf };

/** All distribution packages of a machine, so that its package manager runs once. */
export const packagesOf = (machine: MachineDescription, description: LabDescription): string[] => [
    ...rolesOf(machine, description).flatMap(
        ({ packages }) => packages?.(description, platforms[description.platform]) ?? [],
    ),
    ...servicesOf(exportersOf(machine, description)).map((service) => service.package),
];

/** Publishers' own repositories that some of these packages come from. */
export const repositoriesOf = (machine: MachineDescription, description: LabDescription): Repository[] =>
    rolesOf(machine, description).flatMap(({ repositories }) => repositories?.(description) ?? []);

/** systemd units that run on a machine when all of its roles work. */
export const unitsOf = (machine: MachineDescription, description: LabDescription): string[] => [
    ...rolesOf(machine, description).flatMap(
        ({ units }) => units?.(description, platforms[description.platform]) ?? [],
    ),
    ...servicesOf(exportersOf(machine, description)).map(({ unit }) => unit),
];

/** The log files of all roles of a machine. */
export const logsOf = (machine: MachineDescription, description: LabDescription): LogFiles[] =>
    rolesOf(machine, description).flatMap(({ logs }) => logs?.(description, platforms[description.platform]) ?? []);

/** What monitors ask of all machines. */
const targetsOf = (description: LabDescription): Target[] =>
    description.machines.flatMap((machine) =>
        exportersOf(machine, description).map((exporter) => ({ machine, exporter })),
    );

/** The artifacts that a lab is built from. */
export const neededArtifacts = (description: LabDescription): ArtifactName[] => [
    ...new Set(
        roles
            .filter((role) => description.machines.some((machine) => hasRole(machine, description, role)))
            .flatMap(({ artifacts }) => artifacts?.(description) ?? []),
    ),
];

const stepNames = (all: readonly RoleDefinition[]) => all.flatMap(({ steps }) => steps.map(({ name }) => name));

/** What the steps of a machine's roles are configured from. */
export const contextOf = (
    machine: MachineDescription,
    {
        description,
        artifacts,
        passwords,
        siteTimes,
    }: Pick<RoleContext, "description" | "artifacts" | "passwords" | "siteTimes">,
): RoleContext => ({
    description,
    machine,
    platform: platforms[description.platform],
    artifacts,
    passwords,
    siteTimes,
    doors: doorsOf(description),
    logs: logsOf(machine, description),
    steps: { known: stepNames(roles), own: stepNames(rolesOf(machine, description)) },
    exporters: exportersOf(machine, description),
    metrics: metricsOf(machine, description),
    targets: targetsOf(description),
});

/** The configuration of each step on a machine, by the step's name. */
export const stepConfigurations = (context: RoleContext): Record<string, RoleConfiguration> =>
    Object.fromEntries(
        rolesOf(context.machine, context.description)
            .flatMap(({ steps }) => steps)
            .map((step) => [step.name, step.configuration(context)]),
    );
