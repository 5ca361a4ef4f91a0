/** What has to be done, and known, before pulumi works on a stack. */
import { readDescription } from "../../roles/configuration";
import { parseResourceName, parseUrn } from "../../config/resource-names";
import { stateFile } from "./folders";
import { makeStack } from "./make-stack";
import { exportStack, machineNamesIn, readStateFile } from "./pulumi-state";
import { recoverFromKill, recoverMachines } from "./recovery";
import type { Session } from "./session";

/** Makes what the stack lacks (makeStack), and tidies up after a pulumi that was killed. */
export async function prepareStack(session: Session): Promise<void> {
    await makeStack(session);
    await recoverStack(session);
}

/** Tidies up after a pulumi that was killed. Only an isolated lab is looked at. */
export async function recoverStack(session: Session): Promise<void> {
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
