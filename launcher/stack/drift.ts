/** Drift of a lab's machines: what is not as their steps left it, and how `up` mends it. */
import * as fs from "node:fs";
import * as path from "node:path";
import { platforms } from "../../catalog/platforms/index";
import type { LabDescription } from "../../config/description";
import { parseUrn, stepResource } from "../../config/resource-names";
import { stackFolder } from "../../lib/environment";
import { run } from "../../lib/run";
import { quote } from "../../lib/shell";
import { driftScript, parseDrift, type Drift } from "../../roles/drift";
import { rolesOf } from "../../roles/of-machine";
import { majorVersionOf, tomcatFolder, tomcatHome } from "../../roles/tomcat";
import { enterLab } from "./lab-network";
import type { StateResource } from "./pulumi-state";
import { RunningLab } from "./running-lab";
import { sshToMachine } from "./ssh-config";

export interface MachineDrift {
    machine: string;
    /** Undefined if the machine does not answer. */
    drift: Drift[] | undefined;
    /** The folder of the Tomcat that the machine has, if it has one. */
    tomcat?: string;
}

/**
 * Asks the machines that exist, all at the same time. The ssh_config of an earlier call is used, because reading the
 * stack's outputs takes longer than all the rest.
 */
export async function readDrift(stack: string, description: LabDescription): Promise<MachineDrift[]> {
    const config = path.join(stackFolder(stack), "ssh", "config");
    const names = description.machines.map(({ name }) => name);
    const known = () => names.filter((name) => fs.existsSync(config) && hostsIn(config).includes(name));
    let machines = known();
    if (machines.length < names.length) {
        await RunningLab.open(stack); // writes it anew
        machines = known();
    }
    const first = await askAll(stack, description, config, machines);
    const silent = first.filter(({ drift }) => drift === undefined).map(({ machine }) => machine);
    if (silent.length === 0) return first;
    // A machine that was made anew meanwhile has another place in it.
    await RunningLab.open(stack);
    const second = await askAll(stack, description, config, silent);
    return first.map((answer) => second.find(({ machine }) => machine === answer.machine) ?? answer);
}

/** The steps of a machine. What is not described ends by another step (roles/retired.ts). */
const stepsOf = (description: LabDescription, name: string) =>
    new Set(
        description.machines
            .filter((machine) => machine.name === name)
            .flatMap((machine) => rolesOf(machine, description))
            .flatMap(({ steps }) => steps.map((step) => step.name)),
    );

const hostsIn = (config: string) =>
    [...fs.readFileSync(config, "utf8").matchAll(/^Host (\S+)/gm)].map(([, name = ""]) => name);

async function askAll(stack: string, description: LabDescription, config: string, machines: string[]) {
    const enter = await enterLab(stack);
    const text = `sh -c ${quote(`readlink ${tomcatHome}\n${driftScript}`)}`;
    const command = platforms[description.platform].loginUser === "root" ? text : `sudo -n ${text}`;
    return Promise.all(
        machines.map(async (machine): Promise<MachineDrift> => {
            const [program = "ssh", ...words] = enter(sshToMachine(config, machine, command));
            const output = await run([program, ...words], {}).catch(() => undefined);
            if (output === undefined) return { machine, drift: undefined };
            const described = stepsOf(description, machine);
            const [first = ""] = output.split("\n");
            return {
                machine,
                drift: parseDrift(output).filter(({ step }) => described.has(step)),
                ...(first.startsWith("/") ? { tomcat: first } : {}),
            };
        }),
    );
}

/**
 * Why `up` ends every session; undefined if it does not. Session managers of another Tomcat cannot read the copies in
 * memcached.
 */
export function whySessionsEnd(machines: MachineDrift[], description: LabDescription): string | undefined {
    const next = majorVersionOf(tomcatFolder(description));
    const others = machines.filter(({ tomcat }) => tomcat !== undefined && majorVersionOf(tomcat) !== next);
    const [{ machine, tomcat = "" } = {}] = others;
    return machine === undefined
        ? undefined
        : `${machine} has Tomcat ${majorVersionOf(tomcat)}, and lab:release is ${description.release}, with Tomcat ${next}: ` +
              "every session ends, because the other session manager cannot read the copies in memcached.";
}

/** Words for pulumi by which the steps that have drifted are done again. */
export function replaceWords(drifts: MachineDrift[], resources: StateResource[]): string[] {
    const steps = new Set(
        drifts.flatMap(({ machine, drift = [] }) => drift.map(({ step }) => stepResource(machine, step))),
    );
    return resources
        .filter(({ type, urn }) => type === "command:remote:Command" && steps.has(parseUrn(urn).name))
        .flatMap(({ urn }) => ["--replace", urn]);
}
