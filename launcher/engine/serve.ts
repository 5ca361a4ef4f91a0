import * as grpc from "@grpc/grpc-js";
import type { ChildProcess } from "node:child_process";

/** Pulumi's limit for the size of a message: a state or a schema can be large. */
const MAX_MESSAGE = 400 * 1024 * 1024;

/** Options of every channel to or from Pulumi's engine. */
const CHANNEL_OPTIONS: grpc.ChannelOptions = {
    "grpc.max_receive_message_length": MAX_MESSAGE,
    "grpc.max_send_message_length": MAX_MESSAGE,
};

/**
 * Serves a plugin as Pulumi expects it: listens on a free loopback port and prints the port on a line. The process ends
 * at a signal of the engine, and when the engine has ended, even if it was killed.
 */
export async function servePlugin(addServices: (server: grpc.Server) => void): Promise<void> {
    const server = new grpc.Server(CHANNEL_OPTIONS);
    addServices(server);
    const port = await new Promise<number>((resolve, reject) => {
        server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
            if (error) reject(error);
            else resolve(bound);
        });
    });
    process.stdout.write(`${port}\n`);
    endWithParent();
}

/** Ends this process when its parent has ended. The handler of "exit" below kills this process's children. */
function endWithParent(): void {
    const parent = process.ppid;
    setInterval(() => {
        if (process.ppid !== parent) process.exit(1);
    }, 1000).unref();
    // The engine ends plugins by SIGINT. A Ctrl-C of the user does not reach them: the engine starts them in process
    // groups of their own.
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(0));
}

const children = new Set<ChildProcess>();
process.once("exit", () => children.forEach((child) => child.kill("SIGKILL")));

/** Kills a child process when its operation is cancelled and when this process ends. */
export function killWithOperation(child: ChildProcess, cancelled: AbortSignal): void {
    const kill = () => child.kill("SIGKILL");
    children.add(child);
    cancelled.addEventListener("abort", kill);
    child.once("close", () => {
        children.delete(child);
        cancelled.removeEventListener("abort", kill);
    });
}

/** A gRPC handler from an asynchronous function. An error that it throws becomes the call's status. */
export function unary<Request, Response>(
    work: (request: Request) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
    return (call, callback) => {
        Promise.resolve()
            .then(() => work(call.request))
            .then(
                (response) => callback(null, response),
                (error: unknown) => callback(toStatus(error)),
            );
    };
}

/** An error as a gRPC status: UNKNOWN, as in Pulumi's own plugins. */
export function toStatus(error: unknown): Partial<grpc.StatusObject> {
    return {
        code: grpc.status.UNKNOWN,
        details: error instanceof Error ? error.message : String(error),
    };
}
