import * as fs from "node:fs";
import * as path from "node:path";
import type { Command } from "commander";
import { checkout, stackFolder } from "../../lib/environment";
import { labCommand, passingWordsToPulumi } from "../command";
import { removeIsolatedHost } from "../isolated-host/index";
import { progress } from "../progress";
import { Session } from "../stack/session";
import { StackFile } from "../stack/stack-file";

/** Words for `pulumi destroy`. Without a refresh, the libvirt provider fails over a machine that is already gone. */
export const destroyWords = ["--refresh"];

export const downCommand = (): Command =>
    passingWordsToPulumi(
        labCommand({
            name: "down",
            group: "lifecycle",
            help: "destroy the machines and everything that belongs to them; only caches stay",
            run: async ({ stack, words }) => {
                const file = new StackFile(stack);
                if (!file.isIsolated)
                    return (await Session.open(stack)).pulumi(["destroy", "--yes", ...destroyWords, ...words]);
                // Everything of an isolated lab ends with its namespaces. So pulumi is not needed, and `down` works in
                // any state.
                await removeIsolatedHost({ home: stackFolder(stack), progress });
                fs.rmSync(stackFolder(stack), { recursive: true, force: true });
                fs.rmSync(path.join(checkout, ".stage", stack), { recursive: true, force: true });
                // The secrets are useless now: the passphrase that they are encrypted with is removed.
                if (file.isEncrypted) file.removeSecrets();
                return 0;
            },
        }),
        "destroy (not for an isolated lab)",
    );
