import type { Command } from "commander";
import { labCommand } from "../../command";
import { RunningLab } from "../../stack/running-lab";
import { Session } from "../../stack/session";

export const upgradeCommand = (): Command =>
    labCommand<{ look?: boolean; reboot?: boolean }>({
        name: "upgrade",
        group: "lifecycle",
        help: "bring every machine's packages to what its repositories have, one machine after the other",
        run: async ({ stack, options: { look = false, reboot = false } }) => {
            // Runs the package proxy of an isolated lab.
            await Session.open(stack);
            const lab = await RunningLab.open(stack);
            // Loaded on demand: the checks load the components, which most commands do not need.
            const { lookAtPackages, upgradeInTurns } = await import("./in-turns");
            await (look ? lookAtPackages(lab) : upgradeInTurns(lab, { reboot }));
            return 0;
        },
    })
        .option("--look", "only tell what would change")
        .option("--reboot", "boot machines that do not run their newest kernel");
