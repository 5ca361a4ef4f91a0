import type { Command } from "commander";
import { ensureLabArtifacts } from "../../artifacts/lab-artifacts";
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
        help:
            "download what the stack's machines are built from into the cache; " +
            "then --offline can build from the cache",
        needsRoot: false,
        run: async ({ stack }) => {
            const description = readDescription(new StackFile(stack).settings, stack);
            const options = { cache: cacheFolder(), progress, offline: isOffline() };
            const artifacts = await ensureLabArtifacts(description, neededArtifacts(description), options);
            for (const { source } of Object.values(artifacts)) process.stdout.write(`${source}\n`);
            return 0;
        },
    });
