import type { Command } from "commander";
import { attach } from "../attach";
import { labCommand } from "../command";
import { enterMachineNetwork } from "../stack/lab-network";
import { directCurl } from "../../lib/proxies";

export const curlCommand = (): Command =>
    labCommand({
        name: "curl",
        group: "access",
        help: "run curl where the machines' addresses can be reached",
        passesWordsTo: "curl",
        run: async ({ stack, words }) => attach((await enterMachineNetwork(stack))([...directCurl, ...words])),
    }).argument("[WORDS...]", "curl's options and addresses");
