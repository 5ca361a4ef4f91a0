/** `up` while clients work: interrupted, without what it needs, and with another secret. */
import { noSessionReadFails, nothingLost, onlyInFlight, those, type Drill } from "../drill";
import { lost } from "../faults/machines";
import { artifactCorrupted, passwordRotated, proxyGone } from "../faults/surroundings";
import { lab } from "../launcher";
import { gentle } from "./stage";

export const upDrills: Record<string, Drill> = {
    "password-rotated": {
        help: "another database password, by one `up`",
        load: { ...gentle, clients: 8, pauseMs: 150 },
        goals: [nothingLost, noSessionReadFails, onlyInFlight(0)],
        run: (stage) => stage.suffer(passwordRotated(stage.lab), 0),
    },
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
    "artifact-corrupted": {
        help: "a file corrupted in the cache while `up` makes an app server anew of it: noticed, and fetched again",
        load: gentle,
        goals: [nothingLost],
        run: async (stage) => {
            const machine = those(stage.lab, "app", 2)[0];
            if (!machine) return;
            await stage.suffer(lost(stage.lab, machine), 0, async () => {
                const fault = artifactCorrupted(stage.lab);
                try {
                    stage.say(fault.what);
                    await fault.inject();
                    const { code, output } = await lab(stage.lab.stack, ["up"]);
                    if (code !== 0) throw new Error(`up did not end well: ${output.slice(-500)}`);
                    if (!output.includes("instead of") || !output.includes("fetching the file again")) throw new Error("up did not notice");
                } finally {
                    await fault.heal();
                }
            });
        },
    },
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
