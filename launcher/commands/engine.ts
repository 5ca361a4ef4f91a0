import type { Command } from "commander";
import { cacheFolder } from "../../lib/environment";
import { labCommand } from "../command";
import { ensureEngine } from "../engine/index";
import { progress } from "../progress";

export const engineCommand = (): Command =>
    labCommand({
        name: "engine",
        group: "preparation",
        help: "put pulumi and its plugins in place, and print where each came from",
        needsRoot: false,
        run: async () => {
            const { parts } = await ensureEngine({ cache: cacheFolder(), progress });
            for (const { name, version, origin } of parts) process.stdout.write(`${name} ${version}: ${origin}\n`);
            return 0;
        },
    });
