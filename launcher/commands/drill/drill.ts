import type { MachineAccess } from "../../../config/access";
import type { LabDescription } from "../../../config/description";
import { CannotRun, type LivingLab } from "../../stack/running-lab";
import type { Fault } from "./faults/fault";
import type { LoadPlan, LoadReport } from "./load";

/** Breaks one thing while clients work, and says what that may cost. */
export interface Drill {
    help: string;
    /** Without it, the default load. */
    load?: Partial<LoadPlan>;
    run(stage: Stage): Promise<void>;
    goals: Goal[];
    /** Why a lab's machines cannot be drilled so, where they cannot: `all` leaves it out and says why. */
    cannot?(description: LabDescription): string | undefined;
}

/** What a drill works with. */
export interface Stage {
    lab: LivingLab;
    /** Breaks it, leaves it broken for so long under load (and does `meanwhile`), heals it in any case, and waits until the lab is well again. */
    suffer(fault: Fault, seconds: number, meanwhile?: () => Promise<void>): Promise<void>;
    /** How often to repeat what is left to chance. */
    rounds: number;
    /** From 0 to 1, as Math.random(), and the same again for the same seed. */
    random(): number;
    /** Ends when somebody wants the drill to end. */
    signal: AbortSignal;
    /** Lets the load go on. */
    wait(seconds: number): Promise<void>;
    say(text: string): void;
}

/** What was measured, and the question whether it is good enough: says what is wrong, or nothing. */
export type Goal = (measured: Measured) => string | undefined;

export interface Measured extends LoadReport {
    clients: number;
    /** Seconds from healing to everything well, for each fault. */
    recovery: number[];
}

/** The machines with a role; CannotRun where there are fewer than `least`. */
export function those(lab: LivingLab, role: string, least = 1): MachineAccess[] {
    const machines = lab.machinesWith(role);
    if (machines.length < least) throw new CannotRun(`it takes ${least} machines with the role ${role}`);
    return machines;
}

export const nothingLost: Goal = ({ sessionsLost, updatesLost, updatesTwice }) =>
    sessionsLost + updatesLost + updatesTwice === 0
        ? undefined
        : `${sessionsLost} sessions lost, ${updatesLost} acknowledged updates lost, ${updatesTwice} carried out twice`;

export const noReadFails: Goal = ({ reads, probes }) =>
    reads.failed + probes.failed - probes.unconnected === 0
        ? undefined
        : `${reads.failed} reads and ${probes.failed - probes.unconnected} connected probes failed`;

/** Those of sessions, whose clients have more patience than a probe. */
export const noSessionReadFails: Goal = ({ reads }) =>
    reads.failed === 0 ? undefined : `${reads.failed} reads failed`;

/** Each client has one request under way at a time: no more may fail than there are clients, for each of `faults`. */
export const onlyInFlight =
    (faults = 1): Goal =>
    ({ adds, clients }) =>
        adds.failed <= clients * faults
            ? undefined
            : `${adds.failed} additions failed, more than the ${clients * faults} that can have been under way`;

/** How long a visitor who comes anew may find nobody. */
export const backWithin =
    (seconds: number): Goal =>
    ({ gaps }) =>
        gaps.probe < seconds
            ? undefined
            : `new connections went without an answer for ${gaps.probe.toFixed(2)} s, ${seconds} s are allowed`;

export const nothingFails: Goal = ({ adds, reads, probes }) =>
    adds.failed + reads.failed + probes.failed === 0
        ? undefined
        : `${adds.failed} additions, ${reads.failed} reads and ${probes.failed} probes failed`;
