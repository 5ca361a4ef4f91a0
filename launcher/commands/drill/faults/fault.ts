import { quote } from "../../../../lib/shell";
import type { MachineAccess } from "../../../../config/access";
import type { RunningLab } from "../../../stack/running-lab";

/** A fault and how it is healed. `heal` works in whatever state `inject` has left, and also twice. */
export interface Fault {
    /** What is broken, and where. */
    what: string;
    inject(): Promise<void>;
    heal(): Promise<void>;
}

/** A fault made by shell text on one machine. */
export const onMachine = (
    lab: RunningLab,
    machine: MachineAccess,
    what: string,
    inject: string,
    heal: string,
): Fault => ({
    what: `${what} on ${machine.name}`,
    inject: async () => {
        await lab.sh(machine, inject);
    },
    heal: async () => {
        await lab.sh(machine, heal);
    },
});

/** Shell text that sends a signal to the processes of a unit. */
export const signal = (name: string, unit: string) => `systemctl kill --signal=${name} ${quote(unit)}`;

/** Several faults at the same time. */
export const together = (what: string, faults: Fault[]): Fault => ({
    what,
    inject: async () => {
        await Promise.all(faults.map((fault) => fault.inject()));
    },
    heal: async () => {
        await Promise.all(faults.map((fault) => fault.heal()));
    },
});
