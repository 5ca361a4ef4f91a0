/** Which machine has which role. What a role itself asks of its settings is in the role's own file. */
import { machinesWith, type LabDescription } from "../description";
import type { Mistake } from "../mistakes";
import type { RoleRules } from "../role-rules";
import { mistakeIf, repeated, type Check } from "./check";

/**
 * Names of roles that do not exist, in a configuration as it was written: they are reported together with every other
 * value that is wrong in itself.
 */
export function rolesExist(raw: Record<string, unknown>, roles: readonly RoleRules[]): Mistake[] {
    const names = roles.map(({ name }) => name);
    return Object.entries(raw.machines ?? {}).flatMap(([machine, settings]: [string, { roles?: unknown } | null]) =>
        (Array.isArray(settings?.roles) ? settings.roles : []).flatMap((role: unknown, index) =>
            mistakeIf(typeof role === "string" && !names.includes(role), () => ({
                path: `machines.${machine}.roles[${index}]`,
                problem: `${JSON.stringify(role)} is none of ${names.join(", ")}`,
                remedy: "correct the value",
            })),
        ),
    );
}

export const everyRoleHasAMachine = (description: LabDescription, roles: readonly RoleRules[]): Mistake[] =>
    roles
        .filter(({ name, withoutIt }) => withoutIt !== undefined && machinesWith(description, name).length === 0)
        .map(({ name, withoutIt }) => ({
            path: "machines",
            problem: `no machine has the role ${name}: ${withoutIt}`,
            remedy: `add ${name} to the roles of a machine`,
        }));

export const noSecondMachine = (description: LabDescription, roles: readonly RoleRules[]): Mistake[] =>
    roles
        .filter(({ onlyOne }) => onlyOne !== undefined)
        .flatMap(({ name, onlyOne }) =>
            machinesWith(description, name)
                .slice(1)
                .map((machine) => ({
                    path: `machines.${machine.name}.roles`,
                    problem: `a second ${name}: ${onlyOne}`,
                    remedy: `keep the role ${name} on one machine`,
                })),
        );

/** `web-tomcat-artifacts` would belong to the step tomcat of a machine web, and to a machine web-tomcat. */
export const namesOfStepsAreFree = (description: LabDescription, roles: readonly RoleRules[]): Mistake[] => {
    const steps = roles.flatMap((role) => role.steps.map((step) => ({ role: role.name, step: step.name })));
    return description.machines.flatMap(({ name, roles: own }) =>
        steps
            .filter(({ role }) => own.includes(role))
            .filter(({ step }) => description.machines.some((other) => other.name === `${name}-${step}`))
            .map(({ step }) => ({
                path: `machines.${name}-${step}`,
                problem: `${name}-${step} is what the step ${step} of ${name} is called`,
                remedy: "give the machine another name",
            })),
    );
};

export const rolesOnce: Check = (description) =>
    description.machines.flatMap((machine) =>
        repeated(
            machine.roles,
            (role) => role,
            (role) => ({
                path: `machines.${machine.name}.roles`,
                problem: `${role} stands there twice`,
                remedy: "name it once",
            }),
        ),
    );
