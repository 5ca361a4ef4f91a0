import type { MachineAccess } from "../../../../config/access";
import { quote } from "../../../../lib/shell";
import type { LivingLab } from "../../../stack/running-lab";

/** Something that can be done to a living lab, and how it is undone: `heal` does so from whatever state `inject` left, also twice. */
export interface Fault {
    /** For a person: what is broken, and where. */
    what: string;
    inject(): Promise<void>;
    heal(): Promise<void>;
}

/** A fault that is shell text on one machine. */
export const onMachine = (
    lab: LivingLab,
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

/** A unit's processes get a signal. */
export const signal = (name: string, unit: string) => `systemctl kill --signal=${name} ${quote(unit)}`;
