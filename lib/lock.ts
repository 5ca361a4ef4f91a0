import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";

/**
 * Runs `work` while no other process of this network namespace runs work under the same `name`. The lock is an abstract
 * unix socket, which the kernel releases when its holder ends, even by a crash. `waiting` is called once if the lock is
 * held.
 */
export async function withLock<T>(
    name: string,
    work: () => Promise<T>,
    waiting: () => void = () => undefined,
): Promise<T> {
    const path = `\0ha-web-lab/${createHash("sha256").update(name).digest("hex")}`;
    for (let hasWaited = false; ;) {
        const server = createServer();
        try {
            server.listen(path);
            await once(server, "listening");
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
            // The connection closes when the holder releases the lock or ends. It is refused if that has already
            // happened.
            if (!hasWaited) waiting();
            hasWaited = true;
            const holder = connect(path).on("error", () => undefined);
            await new Promise((resolve) => holder.on("close", resolve));
            continue;
        }
        const waiters = new Set<import("node:net").Socket>();
        server.on("connection", (socket) => {
            waiters.add(socket.on("error", () => undefined));
        });
        try {
            return await work();
        } finally {
            await new Promise((resolve) => {
                server.close(resolve);
                for (const socket of waiters) socket.destroy();
            });
        }
    }
}
