import { backWithin, nothingFails, nothingLost, noReadFails, noSessionReadFails, onlyInFlight, those, type Drill, type Stage } from "./drill";
import { crashed, cutOff, frozen, hanging, killed, off, rebooted, restarted, slowed, stopped } from "./faults";
import { holdersOf } from "../verify/checks/services";
import { CannotRun } from "../verify/living-lab";

/** The director that holds the virtual address; there has to be another to take it. */
async function master({ lab }: Stage) {
    const directors = those(lab, "director", 2);
    const holders = await holdersOf(lab);
    const holder = directors.find(({ name }) => holders.includes(name));
    if (!holder || holders.length > 1) throw new CannotRun(`the virtual address is on ${holders.join(" and ") || "no machine"}`);
    return holder;
}

/** Requests to an app server that dies are lost, or not, one client at a time; visitors see nothing of it. */
const appServerGoals = [nothingLost, noReadFails, onlyInFlight()];
/** Nobody is asked anything while the address moves: what fails then is no update that was acknowledged. */
const takeoverGoals = [nothingLost, backWithin(1)];

const onMaster = (help: string, fault: (stage: Stage, holder: Awaited<ReturnType<typeof master>>) => Parameters<Stage["suffer"]>[0], goals = takeoverGoals): Drill => ({
    help,
    goals,
    run: async (stage) => stage.suffer(fault(stage, await master(stage)), 4),
});

const onAppServer = (help: string, fault: (stage: Stage, machine: ReturnType<typeof those>[number]) => Parameters<Stage["suffer"]>[0], goals = appServerGoals, seconds = 6): Drill => ({
    help,
    goals,
    run: async (stage) => {
        const [machine] = those(stage.lab, "app", 2);
        if (machine) await stage.suffer(fault(stage, machine), seconds);
    },
});

/** Every drill by its name, in the order in which `all` runs them. */
export const drills: Record<string, Drill> = {
    calm: { help: "nothing is broken", goals: [nothingLost, nothingFails], run: (stage) => stage.wait(8) },

    "keepalived-stopped": onMaster("keepalived stopped on the director that holds the address", ({ lab }, machine) => stopped(lab, machine, lab.platform.keepalived.unit)),
    "director-server-killed": onMaster("the director's web server killed, and kept from restarting", ({ lab }, machine) => killed(lab, machine, "tengine.service")),
    "director-server-hangs": onMaster("the director's web server hangs", ({ lab }, machine) => hanging(lab, machine, "tengine.service"), [nothingLost, backWithin(1.5)]),
    "director-frozen": onMaster("the director paused", ({ lab }, machine) => frozen(lab, machine)),
    "director-off": onMaster("the director without power", ({ lab }, machine) => off(lab, machine)),
    "director-cut-off": onMaster("the director off the network, both ways", ({ lab }, machine) => cutOff(lab, machine)),

    "tomcat-killed": onAppServer("Tomcat killed on an app server, and kept from restarting", ({ lab }, machine) => killed(lab, machine, "tomcat.service")),
    "tomcat-crashed": onAppServer("Tomcat killed on an app server; its service manager starts it again", ({ lab }, machine) => crashed(lab, machine, "tomcat.service")),
    "httpd-killed": onAppServer("httpd killed on an app server, and kept from restarting", ({ lab }, machine) => killed(lab, machine, lab.platform.httpd.unit)),
    "app-server-off": onAppServer("an app server without power", ({ lab }, machine) => off(lab, machine)),
    "tomcat-hangs": onAppServer("Tomcat accepts and never answers", ({ lab }, machine) => hanging(lab, machine, "tomcat.service"), [nothingLost, noSessionReadFails, onlyInFlight()], 10),
    "tomcat-slow": onAppServer("Tomcat runs half of the time", ({ lab }, machine) => slowed(lab, machine, "tomcat.service"), [nothingLost, noSessionReadFails, onlyInFlight(0)]),

    "memcached-killed": {
        help: "each memcached killed and kept from restarting, one after the other",
        goals: [nothingLost, noReadFails, onlyInFlight(0)],
        run: async (stage) => {
            for (const machine of those(stage.lab, "memcached")) await stage.suffer(killed(stage.lab, machine, stage.lab.platform.memcached.unit), 4);
        },
    },
    "memcached-emptied": {
        help: "each memcached restarted, which empties it, one after the other",
        goals: [nothingLost, noReadFails, onlyInFlight(0)],
        run: async (stage) => {
            for (const machine of those(stage.lab, "memcached")) await stage.suffer(restarted(stage.lab, machine, stage.lab.platform.memcached.unit), 3);
        },
    },
    "memcached-hangs": {
        help: "each memcached hangs, one after the other",
        goals: [nothingLost, noReadFails, onlyInFlight(0)],
        run: async (stage) => {
            for (const machine of those(stage.lab, "memcached")) await stage.suffer(hanging(stage.lab, machine, stage.lab.platform.memcached.unit), 4);
        },
    },

    "database-restarted": {
        help: "the database restarted",
        goals: [nothingLost, nothingFails],
        run: async (stage) => {
            for (const machine of those(stage.lab, "database")) await stage.suffer(restarted(stage.lab, machine, stage.lab.platform.database.unit), 2);
        },
    },
    "machines-rebooted": {
        help: "every machine rebooted, one after the other",
        goals: [nothingLost, backWithin(2)],
        run: async (stage) => {
            for (const machine of stage.lab.access.machines) await stage.suffer(rebooted(stage.lab, machine), 1);
        },
    },
    "power-cut": {
        help: "every machine without power at once",
        // Sessions live in memory, on machines that have all lost theirs.
        goals: [],
        run: (stage) => stage.suffer(off(stage.lab, ...stage.lab.access.machines), 1),
    },
};
