import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Command } from "commander";
import { cacheFolder, stackFolder } from "../../lib/environment";
import { UserError } from "../../lib/errors";
import { run } from "../../lib/run";
import { readDescription } from "../../roles/configuration";
import { labCommand } from "../command";
import { builtImageOf, ensureImage } from "../isolated-host/image";
import { defaultProxyPort, ensureIsolatedHost, findIsolatedHost, removeIsolatedHost } from "../isolated-host/index";
import { findLayers, layerMaker, layerRecipes } from "../isolated-host/layers";
import { progress } from "../progress";
import type { Session } from "../stack/session";
import { StackFile } from "../stack/stack-file";

export const bakeCommand = (): Command =>
    labCommand({
        name: "bake",
        group: "preparation",
        help: "make the package layers that machines start from; up of an isolated lab makes them afterwards by itself",
        run: async ({ stack }) => {
            const {
                settings,
                isIsolated,
                machineKind: kind,
                packageProxy: proxyPort = defaultProxyPort,
            } = new StackFile(stack);
            const cache = cacheFolder();
            const description = readDescription(settings, stack);
            const image = await builtImageOf(description, cache);
            if (image === undefined)
                throw new UserError(
                    `The machines of '${stack}' have no package layers: their image was not built by ./lab.`,
                    "Leave out lab:image in an isolated stack. In another stack, name the image that an isolated stack " +
                        `with machineKind: vm has built: a file disk.qcow2 below ${path.join(cache, "images")}.`,
                );
            await ensureImage({ cache, platform: "debian-13", kind, progress });
            const { refreshDays } = description.packages;
            const layers = findLayers(layerRecipes(description, image, cache), refreshDays);
            if (layers.every(({ isUsable }) => isUsable)) {
                progress.info("Every package layer is there.");
                return 0;
            }
            const ofStack = stackFolder(stack);
            // Layers are made in the namespaces of an isolated lab. Another stack gets some for this time.
            const home = isIsolated ? ofStack : path.join(ofStack, "bake");
            const wasUp = isIsolated && (await findIsolatedHost(home)) !== undefined;
            const isolatedHost = await ensureIsolatedHost({ home, cache, kind, proxyPort, progress });
            try {
                const argv = layerMaker(layers, {
                    cache,
                    folder: path.join(home, "run", "layers"),
                    proxyPort,
                    isolatedHost,
                });
                if (argv) await progress.step("Making package layers", (say) => run(argv, { say }));
            } finally {
                if (!wasUp) await removeIsolatedHost({ home, progress });
                if (!isIsolated && fs.readdirSync(ofStack).length === 0) fs.rmdirSync(ofStack);
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
