import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Command } from "commander";
import { cacheFolder, stackFolder } from "../../../lib/environment";
import { silent } from "../../../lib/progress";
import { labCommand } from "../../command";
import { missingNeeds } from "../../isolated-host/host-packages";
import { ensureIsolatedHost, findIsolatedHost, removeIsolatedHost, type IsolatedHost } from "../../isolated-host/index";
import { clashChecks } from "./checks/clashes";
import { connectionChecks, notLookedAt, trialChecks } from "./checks/hypervisor";
import { machineChecks } from "./checks/this-machine";
import { bad, examine, good, isReady, problemOf, unknown, type Finding, type Look } from "./finding";
import { hypervisorsOf, thisMachine, type Hypervisor, type ThisMachine } from "./place";
import { asJson, asTable } from "./report";

export const doctorCommand = (): Command =>
    labCommand<{ json?: boolean }>({
        name: "doctor",
        group: "preparation",
        help:
            "show what this machine and its hypervisor lack for the stack, with a remedy for each; " +
            "exit code 1 if they lack something",
        needsRoot: false,
        run: async ({ stack, options: { json } }) => {
            const findings = await examineStack(thisMachine(stack));
            process.stdout.write(json ? asJson(stack, findings) : asTable(stack, findings));
            return isReady(findings) ? 0 : 1;
        },
    }).option("--json", "print the findings as JSON");

async function examineStack(machine: ThisMachine): Promise<Finding[]> {
    const here = await examine("this machine", machine, machineChecks);
    const hypervisors = machine.file.isIsolated
        ? await examineIsolatedHost(machine)
        : await examineHypervisors(machine, undefined);
    return [...here, ...hypervisors];
}

/** An isolated stack has a libvirtd of its own. If the stack is not up, one is started in a temporary folder. */
async function examineIsolatedHost(machine: ThisMachine): Promise<Finding[]> {
    const finding = (look: Look) => ({ check: "network", ...look, seconds: 0 });
    const isolatedHost = await findIsolatedHost(stackFolder(machine.stack));
    if (isolatedHost)
        return [finding(good("namespaces", "the lab is up")), ...(await examineHypervisors(machine, isolatedHost))];
    if (!machine.isRoot || missingNeeds(machine.description.machineKind).length > 0)
        return [finding(unknown("namespaces", "can be tried only when everything above is in order"))];
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "lab-doctor-"));
    try {
        const trial = await ensureIsolatedHost({
            home,
            cache: cacheFolder(),
            kind: machine.description.machineKind,
            progress: silent,
        });
        return [
            finding(good("namespaces", "a network and a libvirtd of the lab's own start")),
            ...(await examineHypervisors(machine, trial)),
        ];
    } catch (error) {
        return [
            finding(
                bad(
                    "namespaces",
                    problemOf(error),
                    "The kernel has to allow root to make network, mount, PID and control group namespaces. " +
                        "Inside a container it often does not: use a virtual machine, or the machine itself.",
                ),
            ),
        ];
    } finally {
        await removeIsolatedHost({ home, progress: silent });
    }
}

/** All hypervisors of the stack at the same time. */
async function examineHypervisors(machine: ThisMachine, isolatedHost: IsolatedHost | undefined): Promise<Finding[]> {
    return (await Promise.all((await hypervisorsOf(machine, isolatedHost)).map(examineHypervisor))).flat();
}

async function examineHypervisor(hypervisor: Hypervisor): Promise<Finding[]> {
    const connection: Finding[] = [];
    for (const check of connectionChecks) {
        connection.push(...(await examine(hypervisor.uri, hypervisor, [check])));
        if (!isReady(connection)) return [...connection, notLookedAt(hypervisor.uri)];
    }
    return [
        ...connection,
        ...(await examine(hypervisor.uri, hypervisor, [
            ...(hypervisor.description.machineKind === "vm" ? trialChecks : []),
            ...clashChecks(hypervisor.description),
        ])),
    ];
}
