import type { Command } from "commander";
import { labCommand } from "../command";
import { progress } from "../progress";
import { prepareStack } from "../stack/prepare";
import { Session } from "../stack/session";

export const initCommand = (): Command =>
    labCommand({
        name: "init",
        group: "preparation",
        help: "make the secrets and keys that a stack's file lacks",
        run: async ({ stack, words: [name = stack] }) => {
            await prepareStack(await Session.open(name));
            progress.info(`Stack ${name} has its secrets.`);
            return 0;
        },
    }).argument("[STACK]", "the stack; default: that of -s");
