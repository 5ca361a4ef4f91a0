import type { Command } from "commander";
import { labCommand } from "../command";
import { prepareStack } from "../stack/prepare";
import { Session } from "../stack/session";

/** Words for pulumi. Without a terminal, pulumi would write a dot every second. */
export const withoutDots = process.stdout.isTTY ? [] : ["--suppress-progress"];

export const pulumiCommand = (): Command =>
    labCommand({
        name: "pulumi",
        group: "lifecycle",
        help: "run pulumi itself, with the lab's engine, backend and network",
        passesWordsTo: "pulumi",
        run: async ({ stack, words }) => {
            const session = await Session.open(stack, { makesMachines: true });
            await prepareStack(session);
            return session.pulumi(words);
        },
    }).argument("[WORDS...]", "a pulumi command with its options");
