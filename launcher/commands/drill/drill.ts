import type { LabDescription } from "../../../config/description";
import type { ExpectedAlarm } from "./alarms";
import type { Fault } from "./faults/fault";
import type { LoadPlan, LoadReport } from "./load";
import type { RunningLab } from "../../stack/running-lab";

/** A drill breaks something while clients work, and has goals for what that may cost. */
export interface Drill {
    /** One line: what is broken. */
    help: string;
    /** Differences from the default load. */
    load?: Partial<LoadPlan>;
    run(stage: Stage): Promise<void>;
    goals: Goal[];
    /**
     * The alarm that each fault has to raise, where the lab has a monitor. The fault is kept until then. Undefined: the
     * fault is over before an alarm is due, or visitors and machines do not notice it.
     */
    alarm?: ExpectedAlarm;
    /**
     * The reason why this lab cannot be drilled so; undefined if it can. `drill all` leaves such a drill out and says
     * why.
     */
    cannot?(description: LabDescription): string | undefined;
}

/** What a drill works with. */
export interface Stage {
    lab: RunningLab;
    /**
     * Injects a fault, keeps it for some seconds under load, runs `meanwhile` in that time, and heals the fault in any
     * case. Then it waits until the lab is well again.
     */
    withFault(fault: Fault, seconds: number, meanwhile?: () => Promise<void>): Promise<void>;
    /** How often a drill repeats what is random. */
    rounds: number;
    /** A number from 0 to 1. The same seed gives the same numbers. */
    random(): number;
    /** Is aborted when the user wants the drill to end. */
    signal: AbortSignal;
    /** Waits while the load goes on. */
    wait(seconds: number): Promise<void>;
    say(text: string): void;
}

/** Returns what is wrong with the measurement, or undefined if it reaches the goal. */
export type Goal = (measured: Measured) => string | undefined;

export interface Measured extends LoadReport {
    clients: number;
    /** For each fault, the seconds from its healing until all checks passed. */
    recovery: number[];
}

export const nothingLost: Goal = ({ sessionsLost, updatesLost, updatesTwice }) =>
    sessionsLost + updatesLost + updatesTwice === 0
        ? undefined
        : `${sessionsLost} sessions lost, ${updatesLost} acknowledged updates lost, ` +
          `${updatesTwice} updates counted twice`;

export const noReadFails: Goal = ({ reads, probes }) =>
    reads.failed + probes.failed - probes.unconnected === 0
        ? undefined
        : `${reads.failed} reads and ${probes.failed - probes.unconnected} connected probes failed`;

/** Reads within sessions only. Their clients wait longer for an answer than a probe does. */
export const noSessionReadFails: Goal = ({ reads }) =>
    reads.failed === 0 ? undefined : `${reads.failed} reads failed`;

/** Each fault may fail only the requests that are under way, which is one for each client. */
export const onlyInFlight =
    (faults = 1): Goal =>
    ({ adds, clients }) =>
        adds.failed <= clients * faults
            ? undefined
            : `${adds.failed} additions failed, more than the ${clients * faults} that can have been under way`;

/** The longest time that new connections may go without an answer. */
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
