import { backWithin, nothingFails, nothingLost, type Drill } from "../drill";
import { off, rebooted } from "../faults/machines";
import { edited, logDiskFull } from "../faults/services";
import { CannotRun } from "../../../stack/running-lab";
import { atOnce, copiesBackSeconds } from "./stage";

/** Nothing is broken. The other drills are compared with these. */
export const calmDrills: Record<string, Drill> = {
    calm: { help: "nothing is broken", goals: [nothingLost, nothingFails], run: (stage) => stage.wait(8) },
    "calm-at-once": {
        help: "nothing is broken, and every client sends three additions at once",
        load: atOnce,
        goals: [nothingLost, nothingFails],
        run: (stage) => stage.wait(8),
    },
    "uri-affinity": {
        help:
            "as calm-at-once, but the directors hash over the address as in the article: " +
            "updates are expected to be lost",
        load: atOnce,
        goals: [
            ({ sessionsLost, updatesLost }) =>
                sessionsLost + updatesLost > 0
                    ? undefined
                    : "nothing was lost, so this drill does not show that the default is needed",
        ],
        run: async (stage) => {
            if (stage.lab.description.director.affinity !== "session")
                throw new CannotRun("the lab has the article's setting already");
            await stage.withFault(
                edited(stage.lab, stage.lab.requireMachines("director"), {
                    what: "the directors hash over the address",
                    file: "/etc/tengine/nginx.conf",
                    // No route of a session is known any more.
                    sed: '/hash \\|split_clients /s/[$]affinity/$request_uri/; /"~.[.].jvm/d',
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
                await stage.withFault(rebooted(stage.lab, machine), 1);
                if (machine.roles.includes("memcached")) await stage.wait(copiesBackSeconds);
            }
        },
    },
    "log-disk-full": {
        help: "the disk for logs is full on every machine, and every service opens its logs there",
        goals: [nothingLost, nothingFails],
        run: (stage) => stage.withFault(logDiskFull(stage.lab), 10),
    },
    "power-cut": {
        help: "every machine without power at once",
        // Sessions live in memory, so a power cut of all machines loses them.
        goals: [],
        run: (stage) => stage.withFault(off(stage.lab, ...stage.lab.access.machines), 1),
    },
};
