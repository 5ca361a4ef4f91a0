import type { Command } from "commander";
import { ensureArtifacts } from "../../artifacts/cache";
import { neededArtifacts } from "../../roles/of-machine";
import { readDescription } from "../../roles/configuration";
import { cacheFolder, isOffline } from "../../lib/environment";
import { labCommand } from "../command";
import { progress } from "../progress";
import { StackFile } from "../stack/stack-file";

export const fetchCommand = (): Command =>
    labCommand({
        name: "fetch",
        group: "preparation",
        help: "download what the stack's machines are built from into the cache; then --offline can build from the cache",
        needsRoot: false,
        run: async ({ stack }) => {
            const names = neededArtifacts(readDescription(new StackFile(stack).settings, stack));
            const paths = await ensureArtifacts(names, { cache: cacheFolder(), progress, offline: isOffline() });
            for (const file of Object.values(paths)) process.stdout.write(`${file}\n`);
            return 0;
        },
    });
