import { backWithin, nothingFails, nothingLost, those, type Drill } from "../drill";
import { off, rebooted } from "../faults/machines";
import { edited } from "../faults/services";
import { CannotRun } from "../../../stack/running-lab";
import { atOnce, copiesBackSeconds } from "./stage";

/** Nothing is broken: what the others are measured against. */
export const calmDrills: Record<string, Drill> = {
    calm: { help: "nothing is broken", goals: [nothingLost, nothingFails], run: (stage) => stage.wait(8) },
    "calm-at-once": {
        help: "nothing is broken, and every client sends three additions at once",
        load: atOnce,
        goals: [nothingLost, nothingFails],
        run: (stage) => stage.wait(8),
    },
    "uri-affinity": {
        help: "as calm-at-once, with the article's hash over the address: it is expected to lose updates",
        load: atOnce,
        goals: [
            ({ sessionsLost, updatesLost }) =>
                sessionsLost + updatesLost > 0 ? undefined : "nothing was lost: the default is not shown to be needed",
        ],
        run: async (stage) => {
            if (stage.lab.description.director.affinity !== "session")
                throw new CannotRun("the lab has this setting already");
            await stage.suffer(
                edited(stage.lab, those(stage.lab, "director"), {
                    what: "the directors hash over the address",
                    file: "/etc/tengine/nginx.conf",
                    sed: "/hash /s/[$]affinity/$request_uri/; s/[$]{app_servers}/be_server1/",
                    then: "systemctl reload tengine.service",
                }),
                6,
            );
        },
    },
};

export const wholeLabDrills: Record<string, Drill> = {
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
};
