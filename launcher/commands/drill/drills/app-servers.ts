import type { MachineAccess } from "../../../../config/access";
import { Visitor } from "../../verify/visitor";
import { noReadFails, noSessionReadFails, nothingLost, onlyInFlight, type Drill, type Stage } from "../drill";
import { clockAhead, off } from "../faults/machines";
import { fillPage, largeSessions } from "../faults/pages";
import { crashed, diskFull, hanging, killed, slowed } from "../faults/services";
import { slowPage } from "../faults/slow-page";
import { alarmOf, appServerGoals, atOnce, onAppServer, quietVisitors } from "./stage";
import { askSlowPage } from "./slow-page";

/** Tomcat looks for expired sessions every minute (processExpiresFrequency times backgroundProcessorDelay). */
const oldSessionsSeconds = 65;

export const appServerDrills: Record<string, Drill> = {
    "tomcat-killed": {
        ...onAppServer("Tomcat killed on an app server, and kept from restarting", ({ lab }, machine) =>
            killed(lab, machine, "tomcat.service"),
        ),
        alarm: alarmOf("AppServerOut"),
    },
    "tomcat-crashed": onAppServer(
        "Tomcat killed on an app server; its service manager starts it again",
        ({ lab }, machine) => crashed(lab, machine, "tomcat.service"),
    ),
    "httpd-killed": {
        ...onAppServer("httpd killed on an app server, and kept from restarting", ({ lab }, machine) =>
            killed(lab, machine, lab.platform.httpd.unit),
        ),
        alarm: alarmOf("HttpdDown"),
    },
    "app-server-off": {
        help: "each app server without power, one after the other",
        goals: [nothingLost, noReadFails, onlyInFlight(2)],
        alarm: alarmOf("MachineDown"),
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
        alarm: alarmOf("MachineDown"),
    },
    "tomcat-hangs": onAppServer(
        "Tomcat accepts and never answers",
        ({ lab }, machine) => hanging(lab, machine, "tomcat.service"),
        [nothingLost, noSessionReadFails, onlyInFlight()],
        10,
    ),
    "slow-page": {
        help:
            "every app server has many requests for a page that takes 9 s; " +
            "each has to be answered, and carried out once",
        goals: [nothingLost, noReadFails, onlyInFlight(0)],
        run: async (stage) => {
            const page = slowPage(stage.lab, 9);
            await stage.withFault(page, 0, () => askSlowPage(stage, page));
        },
    },
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
    "large-session": {
        help: "a session grows beyond what memcached takes and shrinks again; then its Tomcat is killed",
        goals: [nothingLost, noReadFails, onlyInFlight()],
        run: async (stage) => {
            const machines = stage.lab.requireMachines("app", 2);
            await stage.withFault(largeSessions(stage.lab, machines), 0, () => growAndShrink(stage, machines));
        },
        cannot: ({ sessions }) =>
            sessions.keepCopies ? undefined : "with keepCopies: false nothing looks at the size of sessions",
    },
    "disk-full": onAppServer(
        "the disk for Tomcat's logs and temporary files is full; Tomcat is killed, and has to start so",
        ({ lab }, machine) => diskFull(lab, machine, "tomcat.service", ["/var/log/tomcat", "/usr/local/tomcat/temp"]),
        appServerGoals,
        12,
    ),
};

/** Throws an Error if another visitor's session moves, the log does not tell, or the small session is lost. */
async function growAndShrink(stage: Stage, machines: MachineAccess[]) {
    const { url } = stage.lab.access;
    const large = new Visitor(stage.lab);
    const others = Array.from({ length: 8 }, () => new Visitor(stage.lab));
    const count = async (expected: number, ...visitors: Visitor[]) => {
        for (const visitor of visitors) {
            const counted = await visitor.add(url, "large");
            if (counted !== expected) throw new Error(`${visitor.session} counts ${counted} instead of ${expected}`);
        }
    };
    const fill = (KiB: number) => large.ask(`${url}${fillPage}?KiB=${KiB}`);
    await count(1, large, ...others);
    const before = others.map(({ session }) => session);
    for (const expected of [2, 3]) {
        await fill(1.5 * stage.lab.description.sessions.maxKiB);
        await count(expected, large, ...others);
    }
    const moved = others.filter(({ session }, index) => session !== before[index]);
    if (moved.length > 0) throw new Error(`${moved.length} of ${others.length} other sessions have moved`);
    const owner = machines.find(({ name }) => large.nodes.has(name));
    if (!owner || large.nodes.size > 1) throw new Error(`${large.session} was on ${[...large.nodes].join(" and ")}`);
    const told = await stage.lab.sh(
        owner,
        `journalctl -u tomcat.service --no-pager | grep -c "${large.session} has no copy"`,
    );
    if (told.trim() !== "1")
        throw new Error(`the log of ${owner.name} tells ${told.trim()} times that there is no copy`);
    await fill(0);
    await stage.withFault(killed(stage.lab, owner, "tomcat.service"), 4, () => count(4, large));
}
