import type { Command } from "commander";
import { callersFolder } from "../../lib/environment";
import { UserError } from "../../lib/errors";
import { proxySettings } from "../../lib/proxies";
import { attach } from "../attach";
import { labCommand } from "../command";
import { enterMachineNetwork, hostsOf } from "../stack/lab-network";

export const execCommand = (): Command =>
    labCommand({
        name: "exec",
        group: "access",
        help: "run any command where the machines' addresses can be reached",
        passesWordsTo: "the command",
        run: async ({ stack, words }) => {
            const argv = words[0] === "--" ? words.slice(1) : words;
            if (argv.length === 0) throw new UserError("exec needs a command.", "For example: ./lab exec ip address");
            return attach((await enterMachineNetwork(stack))(argv), {
                cwd: callersFolder(),
                env: { ...process.env, ...proxySettings(process.env, hostsOf(stack)) },
            });
        },
    }).argument("[COMMAND...]", "the command with its words");
