import type { LabDescription } from "../description";
import type { Mistake } from "../mistakes";
import type { RoleRules } from "../role-rules";
import { mistakeIf } from "./check";

/** What the system itself takes on a machine without roles, in MiB: systemd, its journal, sshd. */
const systemMiB = 96;

/** A machine whose roles need more memory than it has would lose one of them to the kernel, at any time after `up`. */
export const machinesAreLargeEnough = (description: LabDescription, roles: readonly RoleRules[]): Mistake[] =>
    description.machines.flatMap((machine) => {
        const needs = roles
            .filter(({ name }) => machine.roles.includes(name))
            .map(({ name, memoryMiB }) => ({ name, mebibytes: memoryMiB?.(description) ?? 0 }));
        const sum = needs.reduce((total, { mebibytes }) => total + mebibytes, systemMiB);
        const parts = [{ name: "the system", mebibytes: systemMiB }, ...needs];
        return mistakeIf(sum > machine.memoryMiB, () => ({
            path: `machines.${machine.name}.memoryMiB`,
            problem:
                `${machine.memoryMiB} MiB are too few: ` +
                parts.map(({ name, mebibytes }) => `${name} needs ${mebibytes} MiB`).join(", "),
            remedy: `give the machine ${sum} MiB or more, or its roles less (tomcat.heapMiB, sessions.memcachedMiB)`,
        }));
    });
