import { spawn } from "node:child_process";
import * as net from "node:net";
import { InvalidArgumentError } from "commander";
import { jumpTarget } from "../hypervisors/jump-host";
import type { LabDescription } from "../config/description";
import { UserError } from "../lib/errors";
import { sshArgv } from "../lib/libvirt-uri";
import { enterLab } from "./stack/lab-network";

/** Parses a port of a command's words. */
export function portNumber(text: string): string {
    if (!/^\d+$/.test(text) || Number(text) < 1 || Number(text) > 65_535)
        throw new InvalidArgumentError("Choose a port from 1 to 65535.");
    return text;
}

/** Carries each connection to the loopback port `port` to port 80 of `address` in the lab. Ends with Ctrl-C. */
export async function forwardUntilSignal(
    { stack, description, address }: { stack: string; description: LabDescription; address: string },
    { port, command, say }: { port: number; command: string; say: () => void },
): Promise<number> {
    const jump = jumpTarget(description);
    const carrier = jump
        ? sshArgv(jump, "-W", `${address}:80`)
        : (await enterLab(stack))(["socat", "-", `TCP:${address}:80`]);
    const server = await listen(port, command, carrier);
    say();
    await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
    server.close();
    server.unref();
    return 0;
}

/** Each connection has a process of its own that runs `carrier`. */
async function listen(port: number, command: string, carrier: string[]): Promise<net.Server> {
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
                        ? new UserError(`Port ${port} is in use.`, `Choose another: ./lab ${command} PORT`)
                        : error,
                ),
            )
            .listen(port, "127.0.0.1", resolve),
    );
    return server;
}
