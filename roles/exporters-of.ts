/** Which roles a machine has, and what monitors ask of it because of them. */
import type { LabDescription, MachineDescription } from "../config/description";
import { roles } from "./index";
import { monitoringOf } from "./monitoring";
import type { Exporter, RoleDefinition } from "./role-definition";

export const hasRole = (
    machine: MachineDescription,
    description: LabDescription,
    { name, isImplied }: RoleDefinition,
) => (isImplied ? isImplied(machine, description) : machine.roles.includes(name));

export const rolesOf = (machine: MachineDescription, description: LabDescription) =>
    roles.filter((role) => hasRole(machine, description, role));

/** Empty in a stack without a monitor. */
export function exportersOf(machine: MachineDescription, description: LabDescription): Exporter[] {
    const monitoring = monitoringOf(description);
    if (!monitoring) return [];
    return rolesOf(machine, description).flatMap(
        (role) => role.exporters?.({ description, machine, monitoring }) ?? [],
    );
}

/** Empty in a stack without a monitor. */
export function metricsOf(machine: MachineDescription, description: LabDescription): string[] {
    const monitoring = monitoringOf(description);
    if (!monitoring) return [];
    return rolesOf(machine, description).flatMap((role) => role.metrics?.({ description, machine, monitoring }) ?? []);
}
