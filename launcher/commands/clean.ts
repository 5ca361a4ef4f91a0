import * as fs from "node:fs";
import { Argument, type Command } from "commander";
import { cacheFolder, homeFolder } from "../../lib/environment";
import { UserError } from "../../lib/errors";
import { labCommand } from "../command";
import { removeLayers } from "../isolated-host/layers";

export const cleanCommand = (): Command =>
    labCommand({
        name: "clean",
        group: "preparation",
        help: "remove the caches, or the package layers alone; refused while a lab exists",
        run: async ({ words: [what] }) => {
            if (what === "layers") {
                // Labs have copies of their own.
                removeLayers(cacheFolder());
                return 0;
            }
            const home = homeFolder();
            const labs = fs.existsSync(home) ? fs.readdirSync(home) : [];
            if (labs.length > 0)
                throw new UserError(
                    `The caches are in use by the lab ${labs.join(", ")}.`,
                    `Remove it first: ${labs.map((stack) => `./lab down -s ${stack}`).join("; ")}`,
                );
            for (const folder of [cacheFolder(), home]) await fs.promises.rm(folder, { recursive: true, force: true });
            return 0;
        },
    }).addArgument(new Argument("[WHAT]", "only this; allowed while a lab exists").choices(["layers"]));
