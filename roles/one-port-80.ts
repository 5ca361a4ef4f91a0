import { machinesWith, type LabDescription } from "../config/description";
import type { Mistake } from "../config/mistakes";

/** A mistake for each machine that has both roles: each has a web server of its own at port 80. */
export const onePort80 = (description: LabDescription, one: string, other: string): Mistake[] =>
    machinesWith(description, one)
        .filter(({ roles }) => roles.includes(other))
        .map((machine) => ({
            path: `machines.${machine.name}.roles`,
            problem: `${one} and ${other} both serve port 80`,
            remedy: "put them on two machines",
        }));
