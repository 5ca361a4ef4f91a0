import type { Command } from "commander";
import { labCommand } from "../command";
import { readAccess } from "../stack/read-access";
import { writeSshConfig } from "../stack/ssh-config";

export const sshConfigCommand = (): Command =>
    labCommand({
        name: "ssh-config",
        group: "access",
        help: "write an ssh_config for the machines, and print its path",
        run: async ({ stack }) => {
            process.stdout.write(`${writeSshConfig(stack, await readAccess(stack))}\n`);
            return 0;
        },
    });
