import * as fs from "node:fs";
import { readDescription } from "../../../roles/configuration";
import { hypervisorOf, type LabDescription, type MachineDescription } from "../../../config/description";
import { virshArgv } from "../../../hypervisors/virsh";
import { cacheFolder } from "../../../lib/environment";
import { parseLibvirtUri, sshArgv } from "../../../lib/libvirt-uri";
import { run } from "../../../lib/run";
import { words } from "../../../lib/shell";
import { findEngine } from "../../engine/index";
import type { IsolatedHost } from "../../isolated-host/index";
import { stateFile } from "../../stack/folders";
import { exportStack } from "../../stack/pulumi-state";
import { Session } from "../../stack/session";
import { StackFile } from "../../stack/stack-file";

/** A stack, and this machine, from which it will be built. */
export interface ThisMachine {
    stack: string;
    file: StackFile;
    description: LabDescription;
    isRoot: boolean;
}

/** A hypervisor on which the stack's machines will be. */
export interface Hypervisor {
    stack: string;
    description: LabDescription;
    uri: string;
    /** The machines on this hypervisor. */
    machines: MachineDescription[];
    /**
     * Runs virsh with these words, in English; fails after 30 s. `readOnly`: through libvirt's socket for users who may
     * only read. `input`: what virsh reads from /dev/stdin.
     */
    virsh: (words: string[], options?: { readOnly?: boolean; input?: string }) => Promise<string>;
    /** Runs a program on the hypervisor, through ssh if the hypervisor is another machine. */
    run: (argv: string[]) => Promise<string>;
    /**
     * The UUIDs of the networks, machines and pools that the stack's newest `up` made. Undefined if Pulumi's state
     * cannot be read.
     */
    own: Set<string> | undefined;
}

export function thisMachine(stack: string): ThisMachine {
    const file = new StackFile(stack);
    return { stack, file, description: readDescription(file.settings, stack), isRoot: process.getuid?.() === 0 };
}

/** The hypervisors of a stack. `isolatedHost`: that of an isolated stack. */
export async function hypervisorsOf(
    { stack, description }: ThisMachine,
    isolatedHost: IsolatedHost | undefined,
): Promise<Hypervisor[]> {
    const inside = (argv: string[]) => (isolatedHost ? isolatedHost.enter(argv) : argv) as [string, ...string[]];
    const env = { ...process.env, LC_ALL: "C" };
    // A network that was started only for the doctor has nothing.
    const own = isolatedHost && !fs.existsSync(stateFile(stack)) ? new Set<string>() : await ownIdentities(stack);
    return description.hypervisors.map((hypervisor) => {
        const { uri } = hypervisor;
        const { ssh } = parseLibvirtUri(uri);
        return {
            stack,
            description,
            uri,
            own,
            machines: description.machines.filter((machine) => hypervisorOf(description, machine) === hypervisor),
            virsh: (argv, { readOnly, input } = {}) => {
                const virsh = virshArgv(uri, [...(readOnly ? ["-r"] : []), ...argv]);
                return run(inside(input === undefined ? virsh : piped(virsh)), { env, input, name: "virsh" });
            },
            run: (argv) => run(inside(ssh ? [...sshArgv(ssh), words(argv)] : argv), { env }),
        };
    });
}

/** With a pipe as standard input. Node gives a program a socket, which cannot be opened as /dev/stdin. */
const piped = (argv: string[]) => ["sh", "-c", 'cat | "$@"', "sh", ...argv];

async function ownIdentities(stack: string): Promise<Set<string> | undefined> {
    // Session.open would build a missing engine, and the doctor changes nothing.
    if (!(await findEngine({ cache: cacheFolder() }))) return undefined;
    try {
        const session = await Session.open(stack);
        const { deployment } = await exportStack(session, "--stack", stack);
        return new Set(
            (deployment.resources ?? [])
                .flatMap(({ id, outputs }) => [id, outputs?.stdout])
                .filter((text) => typeof text === "string")
                .map((text) => text.trim()),
        );
    } catch (error) {
        // A stack that was never up owns nothing. With any other error, nothing is known.
        return error instanceof Error && /no stack named/.test(error.message) ? new Set() : undefined;
    }
}
