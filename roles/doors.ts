import type { LabDescription } from "../config/description";
import { addressesOf } from "./addresses";
import { exportersOf } from "./exporters-of";
import { roles } from "./index";
import { monitorsOf } from "./monitoring";
import type { Door } from "./role-definition";

/** All doors of a lab: the firewall's rules are made from them, and `./lab verify` tries each. */
export const doorsOf = (description: LabDescription): Door[] => [
    ...roles.flatMap((role) => role.doors?.(description) ?? []),
    ...exporterDoors(description),
];

/** Monitors alone may ask exporters. */
function exporterDoors(description: LabDescription): Door[] {
    const doors = new Map<string, Door>();
    for (const machine of description.machines)
        for (const { job, port } of exportersOf(machine, description)) {
            const door = doors.get(job) ?? {
                what: `monitoring: ${job}`,
                port,
                on: [],
                from: addressesOf(monitorsOf(description)),
            };
            door.on.push(machine);
            doors.set(job, door);
        }
    return [...doors.values()];
}
