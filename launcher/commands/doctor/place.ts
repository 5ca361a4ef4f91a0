import * as fs from "node:fs";
import { hypervisorOf, type MachineDescription, type LabDescription } from "../../../config/description";
import { virshArgv } from "../../../hypervisors/virsh";
import { cacheFolder } from "../../../lib/environment";
import { parseLibvirtUri, sshArgv } from "../../../lib/libvirt-uri";
import { run } from "../../../lib/run";
import { words } from "../../../lib/shell";
import { readDescription } from "../../../roles/configuration";
import { findEngine } from "../../engine/index";
import type { IsolatedHost } from "../../isolated-host/index";
import { Session, stateFile } from "../../stack/session";
import { StackFile } from "../../stack/stack-file";

/** A stack, and this machine, from which it is to be built. */
export interface Here {
    stack: string;
    file: StackFile;
    description: LabDescription;
    isRoot: boolean;
}

/** A hypervisor that the stack's machines are to live on. */
export interface There {
    stack: string;
    description: LabDescription;
    uri: string;
    machines: MachineDescription[];
    /** virsh with these words, in English; fails after 30 s. `readOnly`: by libvirt's socket for those who may only look. `input`: what it reads as /dev/stdin. */
    virsh: (words: string[], options?: { readOnly?: boolean; input?: string }) => Promise<string>;
    /** A program where libvirt is, be it here or at the other end of an ssh. */
    run: (argv: string[]) => Promise<string>;
    /** Identities of what the stack's newest `up` made: UUIDs of networks, machines and pools. Undefined where Pulumi's state cannot be read. */
    own: Set<string> | undefined;
}

export function here(stack: string): Here {
    const file = new StackFile(stack);
    return { stack, file, description: readDescription(file.settings, stack), isRoot: process.getuid?.() === 0 };
}

/** The hypervisors of a stack, in the namespaces of `network` if it is one of this project's own. */
export async function there({ stack, description }: Here, isolatedHost: IsolatedHost | undefined): Promise<There[]> {
    const inside = (argv: string[]) => (isolatedHost ? isolatedHost.enter(argv) : argv) as [string, ...string[]];
    const env = { ...process.env, LC_ALL: "C" };
    // One that was only started for this look has nothing.
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

/** With a pipe as its standard input: what node gives a program is a socket, which cannot be opened as /dev/stdin. */
const piped = (argv: string[]) => ["sh", "-c", 'cat | "$@"', "sh", ...argv];

async function ownIdentities(stack: string): Promise<Set<string> | undefined> {
    // Only a look: what is not in place is not put in place for it.
    if (!(await findEngine({ cache: cacheFolder() }))) return undefined;
    try {
        const session = await Session.open(stack);
        const { deployment } = JSON.parse(await session.ask(["stack", "export", "--stack", stack])) as {
            deployment?: { resources?: { id?: string; outputs?: { stdout?: unknown } }[] };
        };
        return new Set(
            deployment?.resources
                ?.flatMap(({ id, outputs }) => [id, outputs?.stdout])
                .filter((text) => typeof text === "string")
                .map((text) => text.trim()),
        );
    } catch (error) {
        // A stack that was never brought up owns nothing; whatever else is the matter leaves it open.
        return error instanceof Error && /no stack named/.test(error.message) ? new Set() : undefined;
    }
}
