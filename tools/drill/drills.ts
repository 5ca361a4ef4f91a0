import { backWithin, nothingFails, nothingLost, noReadFails, noSessionReadFails, onlyInFlight, those, type Drill, type Stage } from "./drill";
import { crashed, cutOff, diskFull, edited, frozen, hanging, killed, lost, off, proxyGone, rebooted, restarted, slowed, stopped } from "./faults";
import { lab } from "./launcher";
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

/** A page that loads asks for several things at once, in one session. */
const atOnce = { clients: 8, atOnce: 3, pauseMs: 100 };

/** For drills that keep the machine busy with something else. */
const gentle = { clients: 4, pauseMs: 400, probeEveryMs: 250, maxSeconds: 3600 };

/**
 * A memcached that was away is tried again by its client after 1, 2, 4, 8, 16 s (spymemcached); until then its sessions have no copy, and
 * whoever reboots their Tomcat in that time loses them.
 */
const copiesBackSeconds = 20;

/** Every drill by its name, in the order in which `all` runs them. */
export const drills: Record<string, Drill> = {
    calm: { help: "nothing is broken", goals: [nothingLost, nothingFails], run: (stage) => stage.wait(8) },
    "calm-at-once": { help: "nothing is broken, and every client sends three additions at once", load: atOnce, goals: [nothingLost, nothingFails], run: (stage) => stage.wait(8) },

    "keepalived-stopped": onMaster("keepalived stopped on the director that holds the address", ({ lab }, machine) => stopped(lab, machine, lab.platform.keepalived.unit)),
    "director-server-killed": onMaster("the director's web server killed, and kept from restarting", ({ lab }, machine) => killed(lab, machine, "tengine.service")),
    "director-server-hangs": onMaster("the director's web server hangs", ({ lab }, machine) => hanging(lab, machine, "tengine.service"), [nothingLost, backWithin(1.5)]),
    "director-frozen": onMaster("the director paused", ({ lab }, machine) => frozen(lab, machine)),
    "director-off": onMaster("the director without power", ({ lab }, machine) => off(lab, machine)),
    "director-cut-off": onMaster("the director off the network, both ways", ({ lab }, machine) => cutOff(lab, machine)),

    "tomcat-killed": onAppServer("Tomcat killed on an app server, and kept from restarting", ({ lab }, machine) => killed(lab, machine, "tomcat.service")),
    "tomcat-crashed": onAppServer("Tomcat killed on an app server; its service manager starts it again", ({ lab }, machine) => crashed(lab, machine, "tomcat.service")),
    "httpd-killed": onAppServer("httpd killed on an app server, and kept from restarting", ({ lab }, machine) => killed(lab, machine, lab.platform.httpd.unit)),
    "app-server-off": {
        help: "each app server without power, one after the other, with whatever else is on it",
        goals: [nothingLost, noReadFails, onlyInFlight(2)],
        run: async (stage) => {
            for (const machine of those(stage.lab, "app", 2)) await stage.suffer(off(stage.lab, machine), 5);
        },
    },
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
        run: (stage) => stage.suffer(restarted(stage.lab, databaseServer(stage), stage.lab.platform.database.unit), 2),
    },
    "database-frozen": {
        help: "the database hangs for ten seconds; the site says so, and goes on",
        goals: [nothingLost, nothingFails],
        run: (stage) => stage.suffer(hanging(stage.lab, databaseServer(stage), stage.lab.platform.database.unit), 10, () => tellsOfTheDatabase(stage)),
    },
    "database-gone": {
        help: "the database killed, and kept from restarting; the site says so, and goes on",
        goals: [nothingLost, nothingFails],
        run: (stage) => stage.suffer(killed(stage.lab, databaseServer(stage), stage.lab.platform.database.unit), 8, () => tellsOfTheDatabase(stage)),
    },

    "machines-rebooted": {
        help: "every machine rebooted, one after the other",
        goals: [nothingLost, backWithin(2)],
        run: async (stage) => {
            for (const machine of stage.lab.access.machines) {
                await stage.suffer(rebooted(stage.lab, machine), 1);
                if (machine.roles.includes("memcached")) await stage.wait(copiesBackSeconds);
            }
        },
    },
    "power-cut": {
        help: "every machine without power at once",
        // Sessions live in memory, on machines that have all lost theirs.
        goals: [],
        run: (stage) => stage.suffer(off(stage.lab, ...stage.lab.access.machines), 1),
    },

    "disk-full": onAppServer("no room for Tomcat's logs and temporary files; it crashes, and has to start without", ({ lab }, machine) =>
        diskFull(lab, machine, "tomcat.service", ["/usr/local/tomcat/logs", "/usr/local/tomcat/temp"]), appServerGoals, 12),
    "proxy-gone": {
        help: "the package proxy gone while `up` makes a machine anew: it fails, says so, and the next one ends well",
        load: gentle,
        goals: [nothingLost],
        run: async (stage) => {
            const machine = those(stage.lab, "app", 2)[0];
            if (!machine) return;
            await stage.suffer(lost(stage.lab, machine), 0, async () => {
                const fault = proxyGone(stage.lab);
                try {
                    stage.say(fault.what);
                    await fault.inject();
                    const { code, output } = await lab(stage.lab.stack, ["up"]);
                    if (code === 0) throw new Error("up ended well without packages");
                    if (!output.includes(machine.name) || !/apt|package|proxy|connect/i.test(output)) throw new Error(`up does not say what is wrong: ${output.slice(-500)}`);
                } finally {
                    await fault.heal();
                }
            });
        },
    },
    "up-killed": {
        help: "a machine gone, and the `up` that makes it anew killed at a random moment; the next one ends well (--rounds)",
        load: gentle,
        goals: [],
        run: async (stage) => {
            for (let round = 1; round <= stage.rounds; round++) {
                const machine = pickOne(stage.lab.access.machines);
                const killAfterMs = Math.round(500 + Math.random() * 25_000);
                await stage.suffer(lost(stage.lab, machine), 0, async () => {
                    stage.say(`round ${round} of ${stage.rounds}: up is killed after ${killAfterMs} ms`);
                    await lab(stage.lab.stack, ["up"], { killAfterMs });
                });
            }
        },
    },
    "uri-affinity": {
        help: "as calm-at-once, with the article's hash over the address: it is expected to lose updates",
        load: atOnce,
        goals: [({ sessionsLost, updatesLost }) => (sessionsLost + updatesLost > 0 ? undefined : "nothing was lost: the default is not shown to be needed")],
        run: async (stage) => {
            if (stage.lab.site.director.affinity !== "session") throw new CannotRun("the lab has this setting already");
            await stage.suffer(edited(stage.lab, those(stage.lab, "director"), {
                what: "the directors hash over the address", file: "/etc/tengine/nginx.conf", sed: "/hash /s/[$]affinity/$request_uri/", then: "systemctl reload tengine.service",
            }), 6);
        },
    },
};

function databaseServer({ lab: { access } }: Stage) {
    const server = access.machines.find(({ roles }) => roles.includes("database"));
    if (!server) throw new CannotRun("there is no database");
    return server;
}

/** Within its time limits the page is there all the same, and says what is wrong; the health page is not well. */
async function tellsOfTheDatabase(stage: Stage) {
    await stage.wait(1);
    const [page, health] = await Promise.all([stage.lab.request(stage.lab.access.url), stage.lab.request(`${stage.lab.access.url}health`)]);
    if (page.status !== 200 || !page.body.includes("class=\"problem\"")) throw new Error(`the page does not tell of the database: HTTP ${page.status}`);
    if (health.status !== 503) throw new Error(`/health: HTTP ${health.status} without a database`);
}

function pickOne<T>(list: T[]): T {
    const one = list[Math.floor(Math.random() * list.length)];
    if (one === undefined) throw new CannotRun("there is nothing to choose from");
    return one;
}
