import { nothingFails, nothingLost, noReadFails, onlyInFlight, those, type Drill, type Stage } from "../drill";
import { off } from "../faults/machines";
import { crashed, hanging, killed, restarted } from "../faults/services";
import { databaseOf } from "../../../../config/chosen-database";
import { CannotRun } from "../../../stack/running-lab";
import { copiesBackSeconds, onEachMemcached, quietVisitors } from "./stage";

export const backEndDrills: Record<string, Drill> = {
    "memcached-killed": onEachMemcached(
        "each memcached killed and kept from restarting, one after the other",
        ({ lab }, machine) => killed(lab, machine, lab.platform.memcached.unit),
        4,
    ),
    "memcached-emptied": onEachMemcached(
        "each memcached restarted, which empties it, one after the other",
        ({ lab }, machine) => restarted(lab, machine, lab.platform.memcached.unit),
        3,
    ),
    "memcached-hangs": onEachMemcached(
        "each memcached hangs, one after the other",
        ({ lab }, machine) => hanging(lab, machine, lab.platform.memcached.unit),
        4,
    ),
    "memcached-away": {
        help: "a memcached away for 40 s; soon after its return the other one killed, and then a Tomcat",
        goals: [nothingLost, noReadFails, onlyInFlight()],
        run: async (stage) => {
            const [first, second] = those(stage.lab, "memcached", 2);
            const [app] = those(stage.lab, "app", 2);
            if (!first || !second || !app) return;
            const { unit } = stage.lab.platform.memcached;
            await stage.suffer(killed(stage.lab, first, unit), 40);
            await stage.wait(copiesBackSeconds);
            await stage.suffer(killed(stage.lab, second, unit), 6, async () => {
                await stage.wait(2);
                await crashed(stage.lab, app, "tomcat.service").inject();
            });
        },
    },

    "memcached-returned": {
        help: "the memcacheds beside an app server restarted; when they are back, the app server without power; each app server in turn, with visitors who ask nothing meanwhile",
        goals: [nothingLost, noReadFails, onlyInFlight(2)],
        run: async (stage) => {
            for (const app of those(stage.lab, "app", 2)) {
                const askAgain = await quietVisitors(stage);
                for (const machine of those(stage.lab, "memcached").filter(({ name }) => name !== app.name)) {
                    await stage.suffer(
                        restarted(stage.lab, machine, stage.lab.platform.memcached.unit),
                        copiesBackSeconds,
                    );
                }
                await stage.suffer(off(stage.lab, app), 5, askAgain);
            }
        },
    },

    "sessions-on-the-move": {
        help: "each memcached restarted, and the visitors of one app server sent to the other before their sessions are copied again, as a director does that has it back",
        goals: [nothingLost, noReadFails, onlyInFlight(0)],
        run: async (stage) => {
            const [one, other] = those(stage.lab, "app", 2);
            if (!one || !other) return;
            for (const [from, to] of [
                [one, other],
                [other, one],
            ] as const) {
                for (const machine of those(stage.lab, "memcached")) {
                    const askAgain = await quietVisitors(stage, { at: from, thenAt: to });
                    await stage.suffer(
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
            stage.suffer(restarted(stage.lab, databaseServer(stage), databaseOf(stage.lab.description).unit), 2),
    },
    "database-frozen": {
        help: "the database hangs for ten seconds; the site says so, and goes on",
        goals: [nothingLost, nothingFails],
        run: (stage) =>
            stage.suffer(hanging(stage.lab, databaseServer(stage), databaseOf(stage.lab.description).unit), 10, () =>
                tellsOfTheDatabase(stage),
            ),
    },
    "database-gone": {
        help: "the database killed, and kept from restarting; the site says so, and goes on",
        goals: [nothingLost, nothingFails],
        run: (stage) =>
            stage.suffer(killed(stage.lab, databaseServer(stage), databaseOf(stage.lab.description).unit), 8, () =>
                tellsOfTheDatabase(stage),
            ),
    },
    "database-off": {
        help: "the database's machine without power; the site says so, and goes on",
        goals: [nothingLost, nothingFails],
        run: (stage) => stage.suffer(off(stage.lab, databaseServer(stage)), 8, () => tellsOfTheDatabase(stage)),
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
    const [page, health] = await Promise.all([
        stage.lab.request(stage.lab.access.url),
        stage.lab.request(`${stage.lab.access.url}health`),
    ]);
    if (page.status !== 200 || !page.body.includes('class="problem"'))
        throw new Error(`the page does not tell of the database: HTTP ${page.status}`);
    if (health.status !== 503) throw new Error(`/health: HTTP ${health.status} without a database`);
}
