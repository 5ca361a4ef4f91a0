import type * as pulumi from "@pulumi/pulumi";
import type { LabDescription, MachineDescription } from "../config/description";
import type { KeyPair } from "../lib/ssh-keys";
import type { Hypervisor } from "./hypervisor";

/** What a machine of either kind is made from. */
export interface BareMachineArgs {
    description: LabDescription;
    machine: MachineDescription;
    hostKey: KeyPair;
    loginKey: { privateKey: pulumi.Output<string>; publicKey: string };
    hypervisor: Hypervisor;
    /** Folder for what is uploaded to the machine (machineStage in staging.ts). */
    stage: string;
}

/** A machine of either kind, before anything is done on it. Roles cannot tell the kinds apart. */
export interface BareMachine extends pulumi.Resource {
    /** Changes with the machine's disk. Everything on the machine is then done again. */
    identity: pulumi.Output<string>;
    /** Changes when a machine is made anew with the same disk. Undefined for a kind that never does so. */
    start?: pulumi.Output<string>;
}
