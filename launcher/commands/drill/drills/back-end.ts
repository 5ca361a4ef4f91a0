import { nothingFails, nothingLost, noReadFails, onlyInFlight, type Drill, type Stage } from "../drill";
import { off } from "../faults/machines";
import { crashed, hanging, killed, restarted } from "../faults/services";
import { databaseOf } from "../../../../config/chosen-database";
import { CannotRun } from "../../../stack/running-lab";
import { alarmOf, copiesBackSeconds, onEachMemcached, quietVisitors } from "./stage";

export const backEndDrills: Record<string, Drill> = {
    "memcached-killed": {
        ...onEachMemcached(
            "each memcached killed and kept from restarting, one after the other",
            ({ lab }, machine) => killed(lab, machine, lab.platform.memcached.unit),
            4,
        ),
        alarm: alarmOf("MemcachedDown"),
    },
    "memcached-emptied": onEachMemcached(
        "each memcached restarted, and so emptied, one after the other",
        ({ lab }, machine) => restarted(lab, machine, lab.platform.memcached.unit),
        3,
    ),
    "memcached-hangs": onEachMemcached(
        "each memcached hangs, one after the other",
        ({ lab }, machine) => hanging(lab, machine, lab.platform.memcached.unit),
        4,
    ),
    "memcached-away": {
        help: "a memcached stopped for 40 s; soon after its return the other memcached and then a Tomcat killed",
        goals: [nothingLost, noReadFails, onlyInFlight()],
        run: async (stage) => {
            const [first, second] = stage.lab.requireMachines("memcached", 2);
            const [app] = stage.lab.requireMachines("app", 2);
            if (!first || !second || !app) return;
            const { unit } = stage.lab.platform.memcached;
            await stage.withFault(killed(stage.lab, first, unit), 40);
            await stage.wait(copiesBackSeconds);
            await stage.withFault(killed(stage.lab, second, unit), 6, async () => {
                await stage.wait(2);
                await crashed(stage.lab, app, "tomcat.service").inject();
            });
        },
    },

    "memcached-returned": {
        help:
            "the memcacheds on other machines than an app server restarted, then the app server without power; " +
            "for each app server, with idle visitors",
        goals: [nothingLost, noReadFails, onlyInFlight(2)],
        run: async (stage) => {
            for (const app of stage.lab.requireMachines("app", 2)) {
                const askAgain = await quietVisitors(stage);
                for (const machine of stage.lab.requireMachines("memcached").filter(({ name }) => name !== app.name)) {
                    await stage.withFault(
                        restarted(stage.lab, machine, stage.lab.platform.memcached.unit),
                        copiesBackSeconds,
                    );
                }
                await stage.withFault(off(stage.lab, app), 5, askAgain);
            }
        },
    },

    "sessions-on-the-move": {
        help:
            "each memcached restarted, and the visitors of one app server sent to the other before their sessions " +
            "are copied again",
        goals: [nothingLost, noReadFails, onlyInFlight(0)],
        run: async (stage) => {
            const [one, other] = stage.lab.requireMachines("app", 2);
            if (!one || !other) return;
            for (const [from, to] of [
                [one, other],
                [other, one],
            ] as const) {
                for (const machine of stage.lab.requireMachines("memcached")) {
                    const askAgain = await quietVisitors(stage, { at: from, thenAt: to });
                    await stage.withFault(
                        restarted(stage.lab, machine, stage.lab.platform.memcached.unit),
                        copiesBackSeconds,
                        askAgain,
                    );
                }
            }
        },
    },

    "database-restarted": {
        help: "the database restarted",
        goals: [nothingLost, nothingFails],
        run: (stage) =>
            stage.withFault(restarted(stage.lab, databaseServer(stage), databaseOf(stage.lab.description).unit), 2),
    },
    "database-frozen": {
        help: "the database hangs for ten seconds; the site shows that and goes on",
        goals: [nothingLost, nothingFails],
        run: (stage) =>
            stage.withFault(hanging(stage.lab, databaseServer(stage), databaseOf(stage.lab.description).unit), 10, () =>
                expectDatabaseProblem(stage),
            ),
    },
    "database-gone": {
        help: "the database killed, and kept from restarting; the site shows that and goes on",
        goals: [nothingLost, nothingFails],
        alarm: alarmOf("DatabaseDown"),
        run: (stage) =>
            stage.withFault(killed(stage.lab, databaseServer(stage), databaseOf(stage.lab.description).unit), 8, () =>
                expectDatabaseProblem(stage),
            ),
    },
    "database-off": {
        help: "the database's machine without power; the site shows that and goes on",
        goals: [nothingLost, nothingFails],
        alarm: alarmOf("MachineDown"),
        run: (stage) => stage.withFault(off(stage.lab, databaseServer(stage)), 8, () => expectDatabaseProblem(stage)),
    },
};

function databaseServer({ lab: { access } }: Stage) {
    const server = access.machines.find(({ roles }) => roles.includes("database"));
    if (!server) throw new CannotRun("the lab has no database");
    return server;
}

/** The page still comes, within its time limit, and shows the problem. /health reports it with status 503. */
async function expectDatabaseProblem(stage: Stage) {
    await stage.wait(1);
    const [page, health] = await Promise.all([
        stage.lab.request(stage.lab.access.url),
        stage.lab.request(`${stage.lab.access.url}health`),
    ]);
    if (page.status !== 200 || !page.body.includes('class="problem"'))
        throw new Error(`the page does not show the problem with the database: HTTP ${page.status}`);
    if (health.status !== 503)
        throw new Error(`/health answers HTTP ${health.status} without a database, instead of 503`);
}
