/** How the launcher gets to a lab's network: into the namespaces of an isolated lab, or through a hypervisor. */
import { readDescription } from "../../roles/configuration";
import type { LabDescription } from "../../config/description";
import { jumpTarget } from "../../hypervisors/jump-host";
import { stackFolder } from "../../lib/environment";
import { UserError } from "../../lib/errors";
import { sshArgv } from "../../lib/libvirt-uri";
import { words } from "../../lib/shell";
import { findIsolatedHost, type IsolatedHost } from "../isolated-host/index";
import { StackFile } from "./stack-file";

/** Turns the argv of a program into the argv that runs the program at another place. */
export type Enter = (argv: string[]) => string[];

/**
 * Where programs of this machine, such as ssh and virsh, reach the lab: in the namespaces of an isolated lab, which has
 * to be up, else here.
 */
export async function enterLab(stack: string): Promise<Enter> {
    if (!new StackFile(stack).isIsolated) return (argv) => argv;
    const isolatedHost = await runningIsolatedHost(stack);
    return (argv) => isolatedHost.enter(argv);
}

/** The namespaces of an isolated lab. A UserError if the lab is not up. */
export async function runningIsolatedHost(stack: string): Promise<IsolatedHost> {
    const isolatedHost = await findIsolatedHost(stackFolder(stack));
    if (!isolatedHost) throw new UserError(`The lab '${stack}' is not running.`, `Start it: ./lab up -s ${stack}`);
    return isolatedHost;
}

/**
 * Where the machines' addresses can be reached: on their hypervisor, if ssh goes through it, else where `enterLab`
 * leads.
 */
export async function enterMachineNetwork(stack: string): Promise<Enter> {
    const file = new StackFile(stack);
    const enter = await enterLab(stack);
    // An isolated lab has no jump host. Its file is not validated, so that ./lab curl works while the file has
    // mistakes.
    return file.isIsolated ? enter : throughJumpHost(readDescription(file.settings, stack), enter);
}

/** The hosts that programs in the lab's network ask without a proxy. An isolated lab has no way to one: `*`, all. */
export function hostsOf(stack: string): string[] {
    const file = new StackFile(stack);
    if (file.isIsolated) return ["*"];
    const { network, machines, site, virtualAddress } = readDescription(file.settings, stack);
    // curl before 7.86 does not know networks in no_proxy.
    return [site.hostName, virtualAddress, ...machines.map(({ address }) => address), network.cidr];
}

/** On the description's jump host, if it has one, else where `enter` leads. */
export function throughJumpHost(description: Pick<LabDescription, "hypervisors" | "network">, enter: Enter): Enter {
    const jump = jumpTarget(description);
    return jump ? (argv) => [...sshArgv(jump), words(argv)] : enter;
}
