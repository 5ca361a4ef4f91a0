import type { LabDescription } from "../config/description";
import { roles } from "./index";
import type { Door } from "./role-definition";

/** All doors of a lab: the firewall's rules are made from them, and `./lab verify` tries each. */
export const doorsOf = (description: LabDescription): Door[] =>
    roles.flatMap((role) => role.doors?.(description) ?? []);
