/** Drills with `up` while clients work: `up` is interrupted, lacks something, or changes a secret. */
import { downloadsAgain } from "../../../../artifacts/cache";
import { machinesWith, type LabDescription, type MachineDescription } from "../../../../config/description";
import type { RunningLab } from "../../../stack/running-lab";
import { backWithin, noSessionReadFails, nothingLost, onlyInFlight, type Drill } from "../drill";
import type { Fault } from "../faults/fault";
import { lost } from "../faults/machines";
import {
    artifactCorrupted,
    packagesRenewed,
    passwordRotated,
    proxyGone,
    settingsChanged,
    type Setting,
    unitsDrifted,
} from "../faults/surroundings";
import { lab, type Ended } from "../launcher";
import { gentle } from "./stage";

export const upDrills: Record<string, Drill> = {
    "password-rotated": {
        help: "the database password changed by one `up`",
        load: { ...gentle, clients: 8, pauseMs: 150 },
        goals: [nothingLost, noSessionReadFails, onlyInFlight(0)],
        run: (stage) => stage.withFault(passwordRotated(stage.lab), 0),
    },
    "packages-renewed": {
        help: "every machine has newer packages, and `upgrade` takes one machine after the other",
        load: { ...gentle, clients: 8, pauseMs: 150 },
        goals: [nothingLost, noSessionReadFails, onlyInFlight()],
        cannot: ({ platform }) => (platform === "debian-13" ? undefined : "the package is Debian's"),
        run: (stage) => stage.withFault(packagesRenewed(stage.lab), 0),
    },
    "memcached-added": rolesChanged(
        "one `up` adds a memcached on the first app server, the next one takes it away",
        "app",
        0,
        (roles) => [...roles, "memcached"],
    ),
    "memcached-retired": rolesChanged(
        "one `up` takes a memcached away from an app server, the next one adds it again",
        "memcached",
        -1,
        (roles) => (roles.length > 1 ? roles.filter((role) => role !== "memcached") : undefined),
    ),
    "director-retired": rolesChanged(
        "one `up` makes a memcached of the last director, the next one a director again",
        "director",
        -1,
        () => ["memcached"],
    ),
    "directors-restarted": {
        help: "one `up` restarts web server and keepalived of every director",
        load: { ...gentle, clients: 8, pauseMs: 150, probeEveryMs: 50 },
        goals: [nothingLost, noSessionReadFails, onlyInFlight(), backWithin(0.3)],
        run: async (stage) => {
            const { unit } = stage.lab.platform.keepalived;
            const files = ["tengine.service", `${unit}.d/lab.conf`].map((file) => `/etc/systemd/system/${file}`);
            await stage.withFault(unitsDrifted(stage.lab, stage.lab.requireMachines("director", 2), files), 2);
        },
    },
    "proxy-gone": upWithFault(
        "the package proxy fails while `up` replaces a lost machine: `up` fails and says why, " +
            "and the next `up` succeeds",
        proxyGone,
        ({ code, output }, machine) => {
            if (code === 0) return "up succeeded without packages";
            return output.includes(machine) && /apt|package|proxy|connect/i.test(output)
                ? undefined
                : `up does not say what is wrong: ${output.slice(-500)}`;
        },
        // A machine that starts from its package layer needs no package.
        ["--no-layers"],
    ),
    "artifact-corrupted": upWithFault(
        "a file in the cache is corrupted while `up` replaces a lost app server: `up` notices and fetches it again",
        artifactCorrupted,
        ({ code, output }) => {
            if (code !== 0) return `up failed: ${output.slice(-500)}`;
            return output.includes(downloadsAgain) ? undefined : "up did not notice the corrupted file";
        },
    ),
    "up-killed": {
        help:
            "a machine lost, and the `up` that replaces it killed at a random moment; " +
            "the next `up` succeeds (--rounds, --seed)",
        load: gentle,
        goals: [],
        run: async (stage) => {
            for (let round = 1; round <= stage.rounds; round++) {
                const machines = stage.lab.access.machines;
                const machine =
                    machines[Math.floor(stage.random() * machines.length)] ?? stage.lab.requireMachines("app")[0];
                const killAfterMs = Math.round(500 + stage.random() * 25_000);
                if (!machine) return;
                await stage.withFault(lost(stage.lab, machine), 0, async () => {
                    stage.say(`round ${round} of ${stage.rounds}: up is killed after ${killAfterMs} ms`);
                    await lab(stage.lab.stack, ["up"], { killAfterMs });
                });
            }
        },
    },
};

/**
 * One `up` gives a machine other roles, and the next one those that it had. `index` counts the machines with `role`,
 * from the end if it is negative; `change` returns undefined where this machine cannot be changed so.
 */
function rolesChanged(
    help: string,
    role: string,
    index: number,
    change: (roles: string[]) => string[] | undefined,
): Drill {
    const changeOf = (description: LabDescription) => {
        const machine = machinesWith(description, role).at(index);
        const roles = machine && change(machine.roles);
        return machine && roles ? { machine, roles } : undefined;
    };
    return {
        help,
        load: { ...gentle, clients: 8, pauseMs: 150 },
        goals: [nothingLost, noSessionReadFails, onlyInFlight(0)],
        cannot: (description) =>
            changeOf(description) ? undefined : `no machine with the role ${role} can do without`,
        run: async (stage) => {
            const found = changeOf(stage.lab.description);
            if (!found) return;
            const { machine, roles } = found;
            const what = `${machine.name} has the roles ${roles.join(", ")} instead of ${machine.roles.join(", ")}`;
            const fault = settingsChanged(stage.lab, what, rolesOf(machine, roles));
            await stage.withFault(fault, 2, async () => {
                const { code, output } = await lab(stage.lab.stack, ["verify", "--only", "services,virtual-address"]);
                if (code !== 0) throw new Error(`after the change verify says: ${output}`);
            });
        },
    };
}

/** An app server is lost, and `up` replaces it while there is a second fault. `problem` judges the end of that `up`. */
function upWithFault(
    help: string,
    fault: (lab: RunningLab) => Fault,
    problem: (ended: Ended, machine: string) => string | undefined,
    words: string[] = [],
): Drill {
    return {
        help,
        load: gentle,
        goals: [nothingLost],
        run: async (stage) => {
            const machine = stage.lab.requireMachines("app", 2)[0];
            if (!machine) return;
            await stage.withFault(lost(stage.lab, machine), 0, async () => {
                const secondFault = fault(stage.lab);
                try {
                    stage.say(secondFault.what);
                    await secondFault.inject();
                    const found = problem(await lab(stage.lab.stack, ["up", ...words]), machine.name);
                    if (found) throw new Error(found);
                } finally {
                    await secondFault.heal();
                }
            });
        },
    };
}

/** Only directors have a priority. */
const rolesOf = ({ name, priority }: MachineDescription, roles: string[]): Setting[] => [
    { place: ["machines", name, "roles"], value: roles },
    ...(priority !== undefined && !roles.includes("director")
        ? [{ place: ["machines", name, "priority"], value: undefined }]
        : []),
];
