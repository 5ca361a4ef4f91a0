/** `up` while clients work: interrupted, without what it needs, and with another secret. */
import type { LivingLab } from "../../../stack/running-lab";
import { noSessionReadFails, nothingLost, onlyInFlight, those, type Drill } from "../drill";
import type { Fault } from "../faults/fault";
import { lost } from "../faults/machines";
import { artifactCorrupted, passwordRotated, proxyGone } from "../faults/surroundings";
import { lab, type Ended } from "../launcher";
import { gentle } from "./stage";

export const upDrills: Record<string, Drill> = {
    "password-rotated": {
        help: "another database password, by one `up`",
        load: { ...gentle, clients: 8, pauseMs: 150 },
        goals: [nothingLost, noSessionReadFails, onlyInFlight(0)],
        run: (stage) => stage.suffer(passwordRotated(stage.lab), 0),
    },
    "proxy-gone": upUnder(
        "the package proxy gone while `up` makes a machine anew: it fails, says so, and the next one ends well",
        proxyGone,
        ({ code, output }, machine) => {
            if (code === 0) return "up ended well without packages";
            return output.includes(machine) && /apt|package|proxy|connect/i.test(output)
                ? undefined
                : `up does not say what is wrong: ${output.slice(-500)}`;
        },
    ),
    "artifact-corrupted": upUnder(
        "a file corrupted in the cache while `up` makes an app server anew of it: noticed, and fetched again",
        artifactCorrupted,
        ({ code, output }) => {
            if (code !== 0) return `up did not end well: ${output.slice(-500)}`;
            return output.includes("instead of") && output.includes("fetching the file again")
                ? undefined
                : "up did not notice";
        },
    ),
    "up-killed": {
        help: "a machine gone, and the `up` that makes it anew killed at a random moment; the next one ends well (--rounds, --seed)",
        load: gentle,
        goals: [],
        run: async (stage) => {
            for (let round = 1; round <= stage.rounds; round++) {
                const machines = stage.lab.access.machines;
                const machine = machines[Math.floor(stage.random() * machines.length)] ?? those(stage.lab, "app")[0];
                const killAfterMs = Math.round(500 + stage.random() * 25_000);
                if (!machine) return;
                await stage.suffer(lost(stage.lab, machine), 0, async () => {
                    stage.say(`round ${round} of ${stage.rounds}: up is killed after ${killAfterMs} ms`);
                    await lab(stage.lab.stack, ["up"], { killAfterMs });
                });
            }
        },
    },
};

/** An app server that is gone, and made anew by an `up` while something is wrong with what it works with; `problem` looks at how that `up` ended. */
function upUnder(
    help: string,
    fault: (lab: LivingLab) => Fault,
    problem: (ended: Ended, machine: string) => string | undefined,
): Drill {
    return {
        help,
        load: gentle,
        goals: [nothingLost],
        run: async (stage) => {
            const machine = those(stage.lab, "app", 2)[0];
            if (!machine) return;
            await stage.suffer(lost(stage.lab, machine), 0, async () => {
                const wrong = fault(stage.lab);
                try {
                    stage.say(wrong.what);
                    await wrong.inject();
                    const found = problem(await lab(stage.lab.stack, ["up"]), machine.name);
                    if (found) throw new Error(found);
                } finally {
                    await wrong.heal();
                }
            });
        },
    };
}
