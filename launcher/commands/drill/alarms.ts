/** Whether the monitors notice what a drill breaks. In a lab without a monitor nothing is expected. */
import { inTime } from "../../../lib/until";
import { firingAlarms } from "../../stack/monitors";
import type { RunningLab } from "../../stack/running-lab";

/** An alarm that each fault of a drill has to raise, and within how many seconds. */
export interface ExpectedAlarm {
    name: string;
    seconds: number;
}

/** Until an alarm whose reason is gone has to end, in seconds after the lab is well again. */
const endSeconds = 60;

/** What has to be seen of an alarm around one fault. */
export interface AlarmWatch {
    /** Returns when the alarm fires. An Error if it does not in time. */
    fires(): Promise<void>;
    /** Returns when it has ended. An Error if it goes on. */
    ends(): Promise<void>;
}

const nothingExpected: AlarmWatch = { fires: () => Promise.resolve(), ends: () => Promise.resolve() };

export function watchAlarm(lab: RunningLab, alarm: ExpectedAlarm | undefined): AlarmWatch {
    const monitors = lab.machinesWith("monitor");
    if (alarm === undefined || monitors.length === 0) return nothingExpected;
    /** A monitor that is itself broken does not answer. */
    const isKnown = async () => {
        const known = await Promise.all(monitors.map((monitor) => firingAlarms(lab, monitor).catch(() => [])));
        return known.flat().some(({ name }) => name === alarm.name);
    };
    return {
        fires: async () => {
            if (!(await inTime(isKnown, { seconds: alarm.seconds, everyMs: 1000 })))
                throw new Error(`no alarm ${alarm.name} within ${alarm.seconds} s`);
        },
        ends: async () => {
            if (!(await inTime(async () => !(await isKnown()), { seconds: endSeconds, everyMs: 1000 })))
                throw new Error(`the alarm ${alarm.name} still fires ${endSeconds} s after the lab was well again`);
        },
    };
}
