import * as fs from "node:fs";
import type { Command } from "commander";
import { cacheFolder, homeFolder } from "../../lib/environment";
import { UserError } from "../../lib/errors";
import { labCommand } from "../command";

export const cleanCommand = (): Command =>
    labCommand({
        name: "clean",
        group: "preparation",
        help: "remove the caches; refused while a lab exists",
        run: async () => {
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
    });
