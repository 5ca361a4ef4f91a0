import { parseArgs } from "node:util";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Command } from "../../command";
import { UserError } from "../../../lib/errors";
import { silent } from "../../../lib/progress";
import { cacheFolder, stackFolder } from "../../../lib/environment";
import { ensureIsolatedHost, findIsolatedHost, removeIsolatedHost, type IsolatedHost } from "../../isolated-host/index";
import { missingNeeds } from "../../isolated-host/host-packages";
import { clashChecks } from "./checks/clashes";
import { hereChecks } from "./checks/here";
import { connectionChecks, notLookedAt, trialChecks } from "./checks/hypervisor";
import { bad, good, isReady, lookAt, oneLine, unknown, type Finding } from "./finding";
import { here, there, type Here, type There } from "./place";
import { asJson, asTable } from "./report";

export const doctoring: Record<string, Command> = {
    doctor: {
        usage: "doctor [--json]",
        help: "what this machine and its hypervisor lack for the stack, with a remedy for each; exit code 1 if something does",
        needsRoot: false,
        run: async ({ stack, rest }) => {
            const { json } = parseWords(rest);
            const findings = await examine(here(stack));
            process.stdout.write(json ? asJson(stack, findings) : asTable(stack, findings));
            return isReady(findings) ? 0 : 1;
        },
    },
};

function parseWords(words: string[]) {
    try {
        return parseArgs({ args: words, options: { json: { type: "boolean" } } }).values;
    } catch (error) {
        throw new UserError(`doctor: ${(error as Error).message}.`, "./lab doctor [-s STACK] [--json]");
    }
}

async function examine(stackHere: Here): Promise<Finding[]> {
    const onThisMachine = await lookAt("this machine", stackHere, hereChecks);
    return [
        ...onThisMachine,
        ...(stackHere.file.isIsolated ? await examineOwn(stackHere) : await examineHypervisors(stackHere, undefined)),
    ];
}

/** The hypervisor of an isolated stack is this project's own: if it is not up, it is started for the look, in a home of its own. */
async function examineOwn(stackHere: Here): Promise<Finding[]> {
    const finding = (found: Omit<Finding, "check">) => ({ check: "network", ...found });
    const isolatedHost = await findIsolatedHost(stackFolder(stackHere.stack));
    if (isolatedHost)
        return [finding(good("namespaces", "the lab is up")), ...(await examineHypervisors(stackHere, isolatedHost))];
    if (!stackHere.isRoot || missingNeeds(stackHere.description.machineKind).length > 0)
        return [finding(unknown("namespaces", "cannot be tried out before the rest is in order"))];
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "lab-doctor-"));
    try {
        const isolatedHost = await ensureIsolatedHost({
            home,
            cache: cacheFolder(),
            kind: stackHere.description.machineKind,
            progress: silent,
        });
        return [
            finding(good("namespaces", "a network and a libvirtd of the lab's own start")),
            ...(await examineHypervisors(stackHere, isolatedHost)),
        ];
    } catch (error) {
        return [
            finding(
                bad(
                    "namespaces",
                    oneLine(error),
                    "The kernel has to allow network, mount, PID and control group namespaces to root; a container's often does not: use a virtual machine or the machine itself.",
                ),
            ),
        ];
    } finally {
        await removeIsolatedHost({ home, progress: silent });
    }
}

/** All of the stack's at once. */
async function examineHypervisors(stackHere: Here, isolatedHost: IsolatedHost | undefined): Promise<Finding[]> {
    return (await Promise.all((await there(stackHere, isolatedHost)).map(examineHypervisor))).flat();
}

async function examineHypervisor(place: There): Promise<Finding[]> {
    const connection: Finding[] = [];
    for (const check of connectionChecks) {
        connection.push(...(await lookAt(place.uri, place, [check])));
        if (!isReady(connection)) return [...connection, notLookedAt(place.uri)];
    }
    return [
        ...connection,
        ...(await lookAt(place.uri, place, [
            ...(place.description.machineKind === "vm" ? trialChecks : []),
            ...clashChecks(place.description),
        ])),
    ];
}
