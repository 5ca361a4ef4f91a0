import { spawn } from "node:child_process";
import * as net from "node:net";
import { type Command, InvalidArgumentError } from "commander";
import { jumpTarget } from "../../hypervisors/jump-host";
import { UserError } from "../../lib/errors";
import { sshArgv } from "../../lib/libvirt-uri";
import { labCommand } from "../command";
import { progress } from "../progress";
import { enterLab } from "../stack/lab-network";
import { readAccess } from "../stack/read-access";

export const forwardCommand = (): Command =>
    labCommand({
        name: "forward",
        group: "access",
        help: "open the site on a loopback port of this machine, until Ctrl-C",
        run: async ({ stack, words: [port = "8080"] }) => {
            const { virtualAddress, description } = await readAccess(stack);
            const jump = jumpTarget(description);
            return forward(
                Number(port),
                jump
                    ? sshArgv(jump, "-W", `${virtualAddress}:80`)
                    : (await enterLab(stack))(["socat", "-", `TCP:${virtualAddress}:80`]),
            );
        },
    }).argument("[PORT]", "port on 127.0.0.1, from 1 to 65535; default: 8080", portNumber);

function portNumber(text: string): string {
    if (!/^\d+$/.test(text) || Number(text) < 1 || Number(text) > 65_535)
        throw new InvalidArgumentError("Choose a port from 1 to 65535.");
    return text;
}

/**
 * Carries each connection to the loopback port into the lab, through a process that runs `carrier`. Ends with Ctrl-C.
 */
async function forward(port: number, carrier: string[]): Promise<number> {
    const server = net.createServer((socket) => {
        const [program = "", ...words] = carrier;
        const child = spawn(program, words, { stdio: ["pipe", "pipe", "ignore"] });
        socket.pipe(child.stdin).on("error", () => socket.destroy());
        child.stdout.pipe(socket).on("error", () => child.kill());
        socket.on("close", () => child.kill());
    });
    await new Promise<void>((resolve, reject) =>
        server
            .on("error", (error: NodeJS.ErrnoException) =>
                reject(
                    error.code === "EADDRINUSE"
                        ? new UserError(`Port ${port} is in use.`, "Choose another: ./lab forward PORT")
                        : error,
                ),
            )
            .listen(port, "127.0.0.1", resolve),
    );
    progress.info(`http://127.0.0.1:${port}/ shows the site, until Ctrl-C.`);
    await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
    server.close();
    server.unref();
    return 0;
}
