/** What has to be done, and known, before pulumi works on a stack. */
import { readDescription } from "../../roles/configuration";
import { parseResourceName, parseUrn } from "../../config/resource-names";
import { UserError } from "../../lib/errors";
import { describeDrift } from "../../roles/drift";
import { progress } from "../progress";
import { readDrift, replaceWords, whySessionsEnd } from "./drift";
import { stateFile } from "./folders";
import { makeStack } from "./make-stack";
import { exportStack, machineNamesIn, readStateFile, type Deployment } from "./pulumi-state";
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

/** The stack's state. Of an isolated stack, its file is read. */
const deploymentOf = async (session: Session): Promise<Deployment> =>
    session.file.isIsolated ? readStateFile(stateFile(session.file.stack)) : (await exportStack(session)).deployment;

/**
 * Whether the state has no app server yet. Then nobody is served, and app servers need not be changed one after the
 * other (LabArgs.firstTime).
 */
export async function isFirstBuild(session: Session): Promise<boolean> {
    const deployment = await deploymentOf(session);
    const machines = machineNamesIn(deployment);
    return !(deployment.resources ?? []).some(
        ({ urn, type }) =>
            type === "command:remote:Command" && parseResourceName(parseUrn(urn).name, machines)?.step === "tomcat",
    );
}

export interface MachinesNow {
    /**
     * Words for pulumi's up and preview that mend what has changed behind Pulumi's back: machines that libvirt has lost
     * (of isolated labs alone), and what has drifted on the others.
     */
    mending: string[];
    /** Why `up` ends every session; undefined if it does not. */
    sessionsEnd?: string;
}

/** What `up` and `preview` have to know of the machines that exist. */
export async function lookAtMachines(session: Session, isFirst: boolean): Promise<MachinesNow> {
    const { stack, settings } = session.file;
    const description = readDescription(settings, stack);
    const lost = session.isolatedHost ? await recoverMachines(session, session.isolatedHost, description) : [];
    if (isFirst || lost.length > 0) return { mending: lost };
    const drifts = await readDrift(stack, description).catch((error: unknown) => {
        if (error instanceof UserError) return []; // no `up` has come to its end
        throw error;
    });
    for (const { machine, drift = [] } of drifts)
        for (const one of drift) progress.info(`${machine}: ${describeDrift(one)}. The step is done again.`);
    const { resources = [] } = drifts.some(({ drift = [] }) => drift.length > 0) ? await deploymentOf(session) : {};
    return { mending: replaceWords(drifts, resources), sessionsEnd: whySessionsEnd(drifts, description) };
}
