/** What the drills of this folder have in common. */
import type { MachineAccess } from "../../../../config/access";
import { holdersOf } from "../../verify/checks/services";
import { CannotRun } from "../../../stack/running-lab";
import { Visitor } from "../../verify/visitor";
import { backWithin, noReadFails, nothingLost, onlyInFlight, type Drill, type Stage } from "../drill";
import type { ExpectedAlarm } from "../alarms";
import type { Fault } from "../faults/fault";

/** The director that holds the virtual address. CannotRun if there is no other director to take over. */
export async function activeDirector({ lab }: Stage): Promise<MachineAccess> {
    const directors = lab.requireMachines("director", 2);
    const holders = await holdersOf(lab);
    const holder = directors.find(({ name }) => holders.includes(name));
    if (!holder || holders.length > 1)
        throw new CannotRun(`the virtual address is on ${holders.join(" and ") || "no machine"}`);
    return holder;
}

/** When an app server fails, only requests that are under way may fail. No read fails. */
export const appServerGoals = [nothingLost, noReadFails, onlyInFlight()];
/** While the address moves, requests may fail, but no acknowledged update may be lost. */
export const takeoverGoals = [nothingLost, backWithin(1)];

type FaultOn = (stage: Stage, machine: MachineAccess) => Fault;

/** Each alarm for a service or a machine that is gone: 15 s after the first look that finds it away. */
export const alarmOf = (name: string) => ({ name, seconds: 45 });

export const onActiveDirector = (help: string, fault: FaultOn, alarm?: ExpectedAlarm): Drill => ({
    help,
    goals: takeoverGoals,
    alarm,
    run: async (stage) => stage.withFault(fault(stage, await activeDirector(stage)), 4),
});

export const onAppServer = (help: string, fault: FaultOn, goals = appServerGoals, seconds = 6): Drill => ({
    help,
    goals,
    run: async (stage) => {
        const [machine] = stage.lab.requireMachines("app", 2);
        if (machine) await stage.withFault(fault(stage, machine), seconds);
    },
});

/** The fault on each memcached, one after the other. */
export const onEachMemcached = (help: string, fault: FaultOn, seconds: number): Drill => ({
    help,
    goals: [nothingLost, noReadFails, onlyInFlight(0)],
    run: async (stage) => {
        for (const machine of stage.lab.requireMachines("memcached"))
            await stage.withFault(fault(stage, machine), seconds);
    },
});

/**
 * How long a memcached needs after its return until every session has all its copies again. The valve (tomcat-valve/)
 * takes about a second. Before that, another fault may remove a session's only copy.
 */
export const copiesBackSeconds = 4;

/**
 * Makes ten sessions that count to two and then stay idle. Returns a function that reads each counter once, and throws
 * an Error if a session was lost. `at` and `thenAt` are app servers to use directly, without a director, before and
 * afterwards.
 */
export async function quietVisitors(
    { lab }: Stage,
    { at, thenAt = at }: { at?: MachineAccess; thenAt?: MachineAccess } = {},
): Promise<() => Promise<void>> {
    const url = (machine?: MachineAccess) => (machine ? `http://${machine.address}/` : lab.access.url);
    const [director] = at ? lab.machinesWith("director") : [];
    const visitors = Array.from({ length: 10 }, () => new Visitor(lab, director));
    await Promise.all(
        visitors.map(async (visitor) => {
            for (const count of [1, 2])
                if ((await visitor.add(url(at), "quiet")) !== count)
                    throw new Error("a new session does not count additions");
        }),
    );
    return async () => {
        const counts = await Promise.all(visitors.map((visitor) => visitor.read(url(thenAt), "quiet")));
        const lost = counts.filter((count) => count !== 2).length;
        if (lost > 0) throw new Error(`${lost} of ${visitors.length} idle sessions were lost`);
    };
}

/** Clients that send several requests at once in one session, as a page with several resources does. */
export const atOnce = { clients: 8, atOnce: 3, pauseMs: 100 };

/** A light load, for drills in which `up` needs the processors too. */
export const gentle = { clients: 4, pauseMs: 400, probeEveryMs: 250, maxSeconds: 3600 };
