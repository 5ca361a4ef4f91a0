import type { LabDescription, MachineDescription } from "../description";
import type { Mistake } from "../mistakes";
import type { RoleRules } from "../role-rules";
import { mistakeIf } from "./check";

/** What the system itself takes on a machine without roles, in MiB: systemd, its journal, sshd. */
const systemMiB = 96;

/** What a machine needs when all that its roles may take is taken, part by part. */
function needsOf(description: LabDescription, machine: MachineDescription, roles: readonly RoleRules[]) {
    const ofRoles = roles
        .filter(({ name }) => machine.roles.includes(name))
        .map(({ name, memoryMiB }) => ({ name, mebibytes: memoryMiB?.(description) ?? 0 }));
    return [{ name: "the system", mebibytes: systemMiB }, ...ofRoles];
}

/** The memory in MiB that a machine needs when all that its roles may take is taken. */
export const neededMiB = (...args: Parameters<typeof needsOf>): number =>
    needsOf(...args).reduce((total, { mebibytes }) => total + mebibytes, 0);

/** A machine whose roles need more memory than it has would lose one of them to the kernel, at any time after `up`. */
export const machinesAreLargeEnough = (description: LabDescription, roles: readonly RoleRules[]): Mistake[] =>
    description.machines.flatMap((machine) => {
        const sum = neededMiB(description, machine, roles);
        return mistakeIf(sum > machine.memoryMiB, () => ({
            path: `machines.${machine.name}.memoryMiB`,
            problem:
                `${machine.memoryMiB} MiB are too few: ` +
                needsOf(description, machine, roles)
                    .map(({ name, mebibytes }) => `${name} needs ${mebibytes} MiB`)
                    .join(", "),
            remedy: `give the machine ${sum} MiB or more, or its roles less (tomcat.heapMiB, sessions.memcachedMiB)`,
        }));
    });
