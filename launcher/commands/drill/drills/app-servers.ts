import { noReadFails, noSessionReadFails, nothingLost, onlyInFlight, type Drill } from "../drill";
import { clockAhead, off } from "../faults/machines";
import { crashed, diskFull, hanging, killed, slowed } from "../faults/services";
import { appServerGoals, atOnce, onAppServer, quietVisitors } from "./stage";

/** Tomcat looks for expired sessions every minute (processExpiresFrequency times backgroundProcessorDelay). */
const oldSessionsSeconds = 65;

export const appServerDrills: Record<string, Drill> = {
    "tomcat-killed": onAppServer("Tomcat killed on an app server, and kept from restarting", ({ lab }, machine) =>
        killed(lab, machine, "tomcat.service"),
    ),
    "tomcat-crashed": onAppServer(
        "Tomcat killed on an app server; its service manager starts it again",
        ({ lab }, machine) => crashed(lab, machine, "tomcat.service"),
    ),
    "httpd-killed": onAppServer("httpd killed on an app server, and kept from restarting", ({ lab }, machine) =>
        killed(lab, machine, lab.platform.httpd.unit),
    ),
    "app-server-off": {
        help: "each app server without power, one after the other",
        goals: [nothingLost, noReadFails, onlyInFlight(2)],
        run: async (stage) => {
            for (const machine of stage.lab.requireMachines("app", 2))
                await stage.withFault(off(stage.lab, machine), 5);
        },
    },
    "app-server-off-at-once": {
        ...onAppServer(
            "an app server without power while every client sends three additions at once, in one session",
            ({ lab }, machine) => off(lab, machine),
            [nothingLost, noReadFails, onlyInFlight(atOnce.atOnce)],
        ),
        load: atOnce,
    },
    "tomcat-hangs": onAppServer(
        "Tomcat accepts and never answers",
        ({ lab }, machine) => hanging(lab, machine, "tomcat.service"),
        [nothingLost, noSessionReadFails, onlyInFlight()],
        10,
    ),
    "tomcat-slow": onAppServer(
        "Tomcat runs half of the time",
        ({ lab }, machine) => slowed(lab, machine, "tomcat.service"),
        [nothingLost, noSessionReadFails, onlyInFlight(0)],
    ),
    "clock-jump": {
        help: "the clock of an app server three hours ahead, until Tomcat has looked for expired sessions, and back",
        goals: [nothingLost, noSessionReadFails, onlyInFlight(0)],
        run: async (stage) => {
            const [machine] = stage.lab.requireMachines("app", 2);
            if (!machine) return;
            const askAgain = await quietVisitors(stage);
            await stage.withFault(clockAhead(stage.lab, machine, 3 * 3600), oldSessionsSeconds, async () => {
                await stage.wait(oldSessionsSeconds);
                await askAgain();
            });
        },
        cannot: ({ machineKind }) =>
            machineKind === "container"
                ? "a container has the clock of this machine, which a drill must not change"
                : undefined,
    },
    "disk-full": onAppServer(
        "the disk for Tomcat's logs and temporary files is full; Tomcat is killed, and has to start so",
        ({ lab }, machine) => diskFull(lab, machine, "tomcat.service", ["/var/log/tomcat", "/usr/local/tomcat/temp"]),
        appServerGoals,
        12,
    ),
};
