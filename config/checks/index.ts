/** What is wrong only when several values are seen together. */
import type { LabDescription } from "../description";
import type { Mistake } from "../mistakes";
import type { RoleRules } from "../role-rules";
import { addressesInNetwork, oneOwnerPerAddress, oneOwnerPerMac } from "./addresses";
import { machineKind, placement, reachable } from "./hypervisors";
import { everyRoleHasAMachine, namesOfStepsAreFree, noSecondMachine, rolesOnce } from "./roles";
import { machinesAreLargeEnough } from "./sizes";

const checks = [
    addressesInNetwork,
    oneOwnerPerAddress,
    oneOwnerPerMac,
    everyRoleHasAMachine,
    noSecondMachine,
    namesOfStepsAreFree,
    machinesAreLargeEnough,
    rolesOnce,
    (description: LabDescription, roles: readonly RoleRules[]) =>
        roles.flatMap((role) => role.mistakes?.(description) ?? []),
    machineKind,
    placement,
    reachable,
];

/** Everything that is wrong with `description` as a whole. `roles`: those that a stack file may name. */
export const findMistakes = (description: LabDescription, roles: readonly RoleRules[]): Mistake[] =>
    checks.flatMap((check) => check(description, roles));
