import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Command } from "commander";
import { stackFolder } from "../../lib/environment";
import { UserError } from "../../lib/errors";
import { run } from "../../lib/run";
import { labCommand } from "../command";
import { findIsolatedHost, removeIsolatedHost } from "../isolated-host/index";
import { progress } from "../progress";
import { Session } from "../stack/session";
import { StackFile } from "../stack/stack-file";

export const bakeCommand = (): Command =>
    labCommand({
        name: "bake",
        group: "preparation",
        help: "make the package layers that the lab's containers start from, now; up makes them afterwards by itself",
        run: async ({ stack }) => {
            const { isIsolated, machineKind } = new StackFile(stack);
            if (!isIsolated || machineKind !== "container")
                throw new UserError(
                    `The machines of '${stack}' have no package layers: only containers have.`,
                    "Choose a stack with `isolated: true` and `machineKind: container`.",
                );
            const home = stackFolder(stack);
            const wasUp = (await findIsolatedHost(home)) !== undefined;
            const session = await Session.open(stack, { plans: true, makesMachines: true });
            try {
                const argv = session.layerMaker();
                if (argv) await progress.step("Making package layers", (say) => run(argv, { say }));
                else progress.info("Every package layer is there.");
            } finally {
                if (!wasUp) await removeIsolatedHost({ home, progress });
            }
            return 0;
        },
    });

/**
 * Makes the missing package layers while the user goes on. `./lab down` ends it. Its log is run/layers.log in the
 * stack's folder.
 */
export function bakeInBackground(session: Session): void {
    const argv = session.layerMaker();
    if (!argv) return;
    const [program, ...words] = argv;
    const log = fs.openSync(path.join(stackFolder(session.file.stack), "run", "layers.log"), "w");
    spawn(program, words, { detached: true, stdio: ["ignore", log, log] }).unref();
    fs.closeSync(log);
    progress.info("Package layers are made in the background: the next lab starts from them (--no-layers: without).");
}
