import type { Command } from "commander";
import { labCommand } from "../command";
import { forwardUntilSignal, portNumber } from "../forward";
import { progress } from "../progress";
import { readAccess } from "../stack/read-access";

export const forwardCommand = (): Command =>
    labCommand({
        name: "forward",
        group: "access",
        help: "open the site on a loopback port of this machine, until Ctrl-C",
        run: async ({ stack, words: [port = "8080"] }) => {
            const { virtualAddress, description } = await readAccess(stack);
            return forwardUntilSignal(
                { stack, description, address: virtualAddress },
                {
                    port: Number(port),
                    command: "forward",
                    say: () => progress.info(`http://127.0.0.1:${port}/ shows the site, until Ctrl-C.`),
                },
            );
        },
    }).argument("[PORT]", "port on 127.0.0.1, from 1 to 65535; default: 8080", portNumber);
