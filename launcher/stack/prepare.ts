/** What has to be done, and known, before pulumi works on a stack. */
import * as fs from "node:fs";
import { readDescription } from "../../roles/configuration";
import { parseResourceName, parseUrn } from "../../config/resource-names";
import { stackFolder } from "../../lib/environment";
import { withLock } from "../../lib/lock";
import { progress } from "../progress";
import { backendFolder, stateFile } from "./folders";
import { provideMovedPrograms } from "./moved-programs";
import { exportStack, machineNamesIn, readStateFile } from "./pulumi-state";
import { recoverFromKill, recoverMachines } from "./recovery";
import { makeMissingSecrets } from "./secrets";
import type { Session } from "./session";
import { standstillLock } from "./standstill";

/**
 * Makes the stack and the secrets that its file lacks, and tidies up after a pulumi that was killed. Waits for a
 * snapshot or a revert that is under way.
 */
export async function prepareStack(session: Session): Promise<void> {
    const { stack, isIsolated } = session.file;
    await withLock(
        standstillLock(stackFolder(stack)),
        () => Promise.resolve(),
        () => progress.info("Waiting for a snapshot or a revert to end."),
    );
    if (isIsolated) {
        fs.mkdirSync(backendFolder(stack), { recursive: true, mode: 0o700 });
        provideMovedPrograms(fs.existsSync(stateFile(stack)) ? fs.readFileSync(stateFile(stack), "utf8") : "");
    }
    await makeMissingSecrets(session);
    if (session.isolatedHost) await recoverFromKill(session, session.isolatedHost);
}

/**
 * Whether the state has no app server yet. Then nobody is served, and app servers need not be changed one after the
 * other (LabArgs.firstTime).
 */
export async function isFirstBuild(session: Session): Promise<boolean> {
    const { stack, isIsolated } = session.file;
    const deployment = isIsolated ? readStateFile(stateFile(stack)) : (await exportStack(session)).deployment;
    const machines = machineNamesIn(deployment);
    return !(deployment.resources ?? []).some(
        ({ urn, type }) =>
            type === "command:remote:Command" && parseResourceName(parseUrn(urn).name, machines)?.step === "tomcat",
    );
}

/**
 * Words for pulumi's up and preview that replace the machines that libvirt has lost. Only an isolated lab is looked at.
 */
export async function replaceLostMachines(session: Session): Promise<string[]> {
    if (!session.isolatedHost) return [];
    return recoverMachines(session, session.isolatedHost, readDescription(session.file.settings, session.file.stack));
}
