import type { Command } from "commander";
import { UserError } from "../../lib/errors";
import { attach } from "../attach";
import { labCommand } from "../command";
import { enterLab } from "../stack/lab-network";
import { readAccess } from "../stack/read-access";
import { writeSshConfig } from "../stack/ssh-config";

export const sshCommand = (): Command =>
    labCommand({
        name: "ssh",
        group: "access",
        help: "a shell, or one command, on a machine",
        passesWordsTo: "ssh",
        run: async ({ stack, words: [machine, ...command] }) => {
            const access = await readAccess(stack);
            const names = access.machines.map(({ name }) => name);
            if (machine === undefined || !names.includes(machine)) {
                throw new UserError(
                    machine === undefined ? "ssh needs the name of a machine." : `There is no machine ${machine}.`,
                    `Machines: ${names.join(", ")}`,
                );
            }
            const enter = await enterLab(stack);
            return attach(enter(["ssh", "-F", writeSshConfig(stack, access), machine, ...command]));
        },
    })
        .argument("[MACHINE]", "name of the machine")
        .argument("[COMMAND...]", "command to run there; default: a login shell");
