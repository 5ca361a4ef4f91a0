import type { Command } from "commander";
import { accept, acceptedFile } from "../../artifacts/accepted";
import { obtainArtifacts, unacceptedArtifacts } from "../../artifacts/cache";
import { neededArtifacts } from "../../roles/of-machine";
import { artifactCatalog } from "../../catalog/artifacts";
import { readDescription } from "../../roles/configuration";
import { cacheFolder, isOffline } from "../../lib/environment";
import { UserError } from "../../lib/errors";
import { labCommand } from "../command";
import { progress } from "../progress";
import { StackFile } from "../stack/stack-file";

export const acceptCommand = (): Command =>
    labCommand({
        name: "accept",
        group: "preparation",
        help: "pin the sha256 of artifacts for which nobody publishes one, as the files are in the cache now",
        needsRoot: false,
        run: async ({ stack, words }) => {
            const needed = neededArtifacts(readDescription(new StackFile(stack).settings, stack));
            const unknown = words.filter((name) => !needed.some((artifact) => artifact === name));
            if (unknown.length > 0)
                throw new UserError(
                    `Stack '${stack}' does not use the artifact ${unknown.join(", ")}.`,
                    `Choose from ${needed.join(", ")}.`,
                );
            const names = needed.filter(
                (name) => artifactCatalog[name].sha256 === undefined && (words.length === 0 || words.includes(name)),
            );
            const artifacts = await unacceptedArtifacts(
                await obtainArtifacts(names, { cache: cacheFolder(), progress, offline: isOffline() }),
            );
            accept(Object.fromEntries(artifacts.map(({ name, sha256 }) => [name, sha256])));
            for (const { name, path, sha256 } of artifacts)
                process.stdout.write(`${name}: ${path}, sha256 ${sha256}\n`);
            progress.info(
                artifacts.length > 0
                    ? `Pinned in ${acceptedFile}.`
                    : "Nothing to accept: the sha256 of every file is known.",
            );
            return 0;
        },
    }).argument("[ARTIFACTS...]", "names of artifacts; default: all that the stack uses");
