import { inTime } from "../../../../lib/until";
import type { RunningLab } from "../../../stack/running-lab";
import { firingAlarms, targetStates } from "../../../stack/monitors";
import type { MachineAccess } from "../../../../config/access";
import { each, passed, verdict, type Check } from "../check";

/** A machine that has just started is seen at the next look of the monitors, and an alarm about it ends. */
const patienceSeconds = 30;

/** Every monitor gets numbers from everything that it asks, and no alarm fires. */
export const monitoring: Check = (lab) => {
    const monitors = lab.machinesWith("monitor");
    if (monitors.length === 0) return Promise.resolve([passed("the lab", "has no monitor")]);
    return each(
        monitors,
        ({ name }) => name,
        async (monitor) => {
            let seen = await look(lab, monitor);
            const isWell = async () => {
                if (seen.problems.length > 0) seen = await look(lab, monitor);
                return seen.problems.length === 0;
            };
            await inTime(isWell, { seconds: patienceSeconds, everyMs: 1000 });
            return verdict(monitor.name, seen.problems, `${seen.targets} targets, all up; no alarm fires`);
        },
    );
};

async function look(lab: RunningLab, monitor: MachineAccess) {
    const [targets, alarms] = await Promise.all([targetStates(lab, monitor), firingAlarms(lab, monitor)]);
    return {
        targets: targets.length,
        problems: [
            ...(targets.length === 0 ? ["Prometheus asks nobody"] : []),
            ...targets
                .filter(({ isUp }) => !isUp)
                .map(({ job, of, error }) => `no numbers of ${job} on ${of}: ${error}`),
            ...alarms.map(({ name, summary }) => `${name} fires: ${summary}`),
        ],
    };
}
