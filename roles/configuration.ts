/** The configuration of a stack, read with the registry's roles. */
import type { Check } from "../config/checks/check";
import * as config from "../config/configuration";
import { roles } from "./index";

/** The roles that a stack file may name. */
export const namedRoles = () => roles.filter(({ isImplied }) => isImplied === undefined);

/** See config/configuration.ts. */
export const readConfiguration = (raw: Record<string, unknown>, stack: string) =>
    config.readConfiguration(raw, stack, namedRoles());

/** See config/configuration.ts. */
export const readDescription = (raw: Record<string, unknown>, stack: string, moreChecks: readonly Check[] = []) =>
    config.readDescription(raw, stack, namedRoles(), moreChecks);
