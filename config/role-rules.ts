import type { LabDescription } from "./description";
import type { Mistake } from "./mistakes";

/**
 * What the checks of a stack file have to know of a role. The roles themselves are in roles/, which adds what a machine
 * does.
 */
export interface RoleRules {
    /** As in `lab:machines.NAME.roles`. A role that comes by itself (`isImplied`) cannot be named there. */
    name: string;
    /** What is missing from a lab in which no machine has the role. Undefined where a lab can do without the role. */
    withoutIt?: string;
    /** Why no second machine may have the role. Undefined where several may. */
    onlyOne?: string;
    /** Whether the machine's disk holds what nothing else could make again. It is then protected by default. */
    holdsData?: boolean;
    /** Memory that the role needs on a machine, in MiB. Default: 0. */
    memoryMiB?: (description: LabDescription) => number;
    /** What is done on a machine with the role. Names of resources end with a step's name. */
    steps: { name: string }[];
    /** What is wrong with the settings that the role reads. */
    mistakes?: (description: LabDescription) => Mistake[];
}
