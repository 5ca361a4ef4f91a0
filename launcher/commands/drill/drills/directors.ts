import type { Drill } from "../drill";
import { backWithin, nothingFails, nothingLost } from "../drill";
import { cutOff, frozen, off, withoutWayTo } from "../faults/machines";
import { aside, crashed, hanging, killed, restarted, stopped } from "../faults/services";
import { slowPage } from "../faults/slow-page";
import { askOnce } from "./slow-page";
import { activeDirector, alarmOf, onActiveDirector } from "./stage";

export const directorDrills: Record<string, Drill> = {
    "keepalived-stopped": onActiveDirector(
        "keepalived stopped on the director that holds the address",
        ({ lab }, machine) => stopped(lab, machine, lab.platform.keepalived.unit),
    ),
    "keepalived-killed": onActiveDirector(
        "keepalived killed on the director that holds the address; systemd restarts it",
        ({ lab }, machine) => crashed(lab, machine, lab.platform.keepalived.unit),
    ),
    "director-server-killed": onActiveDirector(
        "the director's web server killed, and kept from restarting",
        ({ lab }, machine) => killed(lab, machine, "tengine.service"),
        alarmOf("DirectorServerDown"),
    ),
    "server-restarted": onActiveDirector(
        "the web server restarted on the director that holds the address",
        ({ lab }, machine) => restarted(lab, machine, "tengine.service"),
    ),
    "director-server-hangs": onActiveDirector("the director's web server hangs", ({ lab }, machine) =>
        hanging(lab, machine, "tengine.service"),
    ),
    "director-frozen": onActiveDirector(
        "the director paused",
        ({ lab }, machine) => frozen(lab, machine),
        alarmOf("MachineDown"),
    ),
    "director-off": onActiveDirector(
        "the director without power",
        ({ lab }, machine) => off(lab, machine),
        alarmOf("MachineDown"),
    ),
    "director-cut-off": onActiveDirector(
        "the director off the network, both ways",
        ({ lab }, machine) => cutOff(lab, machine),
        alarmOf("MachineDown"),
    ),
    "address-handed-over": {
        help: "the virtual address handed over to another director and back, with slow requests under way",
        goals: [nothingLost, nothingFails, backWithin(0.3)],
        cannot: ({ machines }) =>
            machines.filter(({ roles }) => roles.includes("director")).length === 2
                ? undefined
                : "open connections go on between two directors only",
        run: async (stage) => {
            const machine = await activeDirector(stage);
            const page = slowPage(stage.lab, 3);
            await stage.withFault(page, 0, async () => {
                // The first request is under way when the address goes, the second one when it comes back.
                const requests = Promise.allSettled([
                    askOnce(stage, page, "1"),
                    stage.wait(4).then(() => askOnce(stage, page, "2")),
                ]);
                await stage.withFault(aside(stage.lab, machine), 5);
                for (const request of await requests) if (request.status === "rejected") throw request.reason;
            });
        },
    },
    "director-without-app-servers": {
        help: "the director that holds the address reaches no app server; the other director does",
        goals: [nothingLost, backWithin(5)],
        alarm: alarmOf("AppServerOut"),
        run: async (stage) => {
            const machine = await activeDirector(stage);
            await stage.withFault(withoutWayTo(stage.lab, machine, stage.lab.requireMachines("app")), 10);
        },
    },
};
