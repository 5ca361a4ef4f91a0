/** Which machine has which role. What a role itself asks of its settings is in the role's own file. */
import { machinesWith, type LabDescription } from "../description";
import type { Mistake } from "../mistakes";
import type { RoleRules } from "../role-rules";
import { repeated, type Check } from "./check";

export const rolesExist = (description: LabDescription, roles: readonly RoleRules[]): Mistake[] => {
    const names = roles.map(({ name }) => name);
    return description.machines.flatMap((machine) =>
        machine.roles.flatMap((role, index) =>
            names.includes(role)
                ? []
                : [
                      {
                          path: `machines.${machine.name}.roles[${index}]`,
                          problem: `"${role}" is none of ${names.join(", ")}`,
                          remedy: "correct the value",
                      },
                  ],
        ),
    );
};

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
