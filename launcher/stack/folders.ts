import * as path from "node:path";
import { stackFolder } from "../../lib/environment";

/** Pulumi's state of an isolated lab: its file backend. */
export const backendFolder = (stack: string) => path.join(stackFolder(stack), "pulumi");
/** The state of an isolated lab's stack. The file backend names the folder `lab` after the project in Pulumi.yaml. */
export const stateFile = (stack: string) =>
    path.join(backendFolder(stack), ".pulumi", "stacks", "lab", `${stack}.json`);
/** The passphrase that encrypts the secrets of an isolated lab. */
export const passphraseFile = (stack: string) => path.join(stackFolder(stack), "passphrase");
/** The disks of an isolated lab's containers. */
export const machinesFolder = (stack: string) => path.join(stackFolder(stack), "machines");
/** The recipes of the package layers that an isolated lab makes. */
export const layersFolder = (stack: string) => path.join(stackFolder(stack), "layers");
