/** What the drills of this folder have in common. */

import type { MachineAccess } from "../../../../config/access";
import { CannotRun } from "../../../stack/running-lab";
import { holdersOf } from "../../verify/checks/services";
import { Visitor } from "../../verify/visitor";
import { backWithin, noReadFails, nothingLost, onlyInFlight, those, type Drill, type Stage } from "../drill";
import type { Fault } from "../faults/fault";

/** The director that holds the virtual address; there has to be another to take it. */
export async function master({ lab }: Stage): Promise<MachineAccess> {
    const directors = those(lab, "director", 2);
    const holders = await holdersOf(lab);
    const holder = directors.find(({ name }) => holders.includes(name));
    if (!holder || holders.length > 1)
        throw new CannotRun(`the virtual address is on ${holders.join(" and ") || "no machine"}`);
    return holder;
}

/** Requests to an app server that dies are lost, or not, one client at a time; visitors see nothing of it. */
export const appServerGoals = [nothingLost, noReadFails, onlyInFlight()];
/** Nobody is asked anything while the address moves: what fails then is no update that was acknowledged. */
export const takeoverGoals = [nothingLost, backWithin(1)];

type FaultOn = (stage: Stage, machine: MachineAccess) => Fault;

export const onMaster = (help: string, fault: FaultOn, goals = takeoverGoals): Drill => ({
    help,
    goals,
    run: async (stage) => stage.suffer(fault(stage, await master(stage)), 4),
});

export const onAppServer = (help: string, fault: FaultOn, goals = appServerGoals, seconds = 6): Drill => ({
    help,
    goals,
    run: async (stage) => {
        const [machine] = those(stage.lab, "app", 2);
        if (machine) await stage.suffer(fault(stage, machine), seconds);
    },
});

/** The same on each memcached, one after the other. */
export const onEachMemcached = (help: string, fault: FaultOn, seconds: number): Drill => ({
    help,
    goals: [nothingLost, noReadFails, onlyInFlight(0)],
    run: async (stage) => {
        for (const machine of those(stage.lab, "memcached")) await stage.suffer(fault(stage, machine), seconds);
    },
});

/**
 * A memcached that is back has every copy again after about a second (SessionCopiesValve.java), and a session leaves its failover node with
 * its next request; until then whoever takes the rest of its copies away takes the session.
 */
export const copiesBackSeconds = 4;

/**
 * Visitors who count to two and then ask nothing more, until what is returned asks for each of them once: it fails where one has lost anything.
 * `at` and `thenAt`: app servers to go to behind the directors' backs.
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
                if ((await visitor.add(url(at), "quiet")) !== count) throw new Error("a new session does not count");
        }),
    );
    return async () => {
        const counts = await Promise.all(visitors.map((visitor) => visitor.read(url(thenAt), "quiet")));
        const lost = counts.filter((count) => count !== 2).length;
        if (lost > 0)
            throw new Error(`${lost} of ${visitors.length} sessions that nobody had asked for meanwhile were lost`);
    };
}

/** A page that loads asks for several things at once, in one session. */
export const atOnce = { clients: 8, atOnce: 3, pauseMs: 100 };

/** For drills that keep the machine busy with something else. */
export const gentle = { clients: 4, pauseMs: 400, probeEveryMs: 250, maxSeconds: 3600 };
