import { readDescription } from "../../../roles/configuration";
import type { Command } from "../../command";
import { StackFile } from "../../stack/stack-file";

export const planning: Record<string, Command> = {
    plan: {
        usage: "plan [--commands]",
        help: "machines, versions, files and commands of a stack, without a hypervisor or a download",
        needsRoot: false,
        run: async ({ stack, rest }) => {
            const { plan } = await import("./plan");
            process.stdout.write(
                await plan(readDescription(new StackFile(stack).settings, stack), {
                    commands: rest.includes("--commands"),
                }),
            );
            return 0;
        },
    },
};
