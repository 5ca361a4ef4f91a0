import type * as pulumi from "@pulumi/pulumi";
import type { MachineDescription, LabDescription } from "../config/description";
import type { Platform } from "../catalog/platforms/index";
import type { Host } from "./host";

/** What every role's pure function gets to describe itself with. */
export interface RoleContext {
    description: LabDescription;
    machine: MachineDescription;
    platform: Platform;
}

/** What every role component gets. */
export interface RoleArgs extends RoleContext {
    host: Host;
    /** What has to work before this role can: the back end before the front end. */
    after?: pulumi.Input<pulumi.Resource>[];
}
