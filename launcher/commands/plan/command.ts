import type { Command } from "commander";
import { readDescription } from "../../../roles/configuration";
import { labCommand } from "../../command";
import { StackFile } from "../../stack/stack-file";

export const planCommand = (): Command =>
    labCommand<{ commands?: boolean }>({
        name: "plan",
        group: "look",
        help: "show machines, versions, files and commands of a stack, without a hypervisor or a download",
        needsRoot: false,
        run: async ({ stack, options: { commands = false } }) => {
            // Loaded on demand: it loads the components, which most commands do not need.
            const { plan } = await import("./plan");
            process.stdout.write(await plan(readDescription(new StackFile(stack).settings, stack), { commands }));
            return 0;
        },
    }).option("--commands", "show every command and script in full");
