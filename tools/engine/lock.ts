import { spawn } from "node:child_process";
import { once } from "node:events";

/** Runs `work` while no other process does the same under the same lock file. The lock ends with this process, however that ends. */
export async function withLock<T>(file: string, waiting: () => void, work: () => Promise<T>): Promise<T> {
    // The holder waits on a pipe from this process, which the kernel closes whatever happens.
    const holder = spawn("flock", [file, "sh", "-c", "echo locked; exec cat"], { stdio: ["pipe", "pipe", "inherit"] });
    const patience = setTimeout(waiting, 1000);
    try {
        await Promise.race([
            once(holder.stdout, "data"),
            once(holder, "close").then(() => { throw new Error(`could not lock ${file}`); }),
        ]);
        clearTimeout(patience);
        return await work();
    } finally {
        clearTimeout(patience);
        holder.stdin.end();
    }
}
