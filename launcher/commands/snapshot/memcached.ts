import { spawn } from "node:child_process";
import { UserError } from "../../../lib/errors";

/** What a memcached holds under one key. */
export interface Item {
    key: string;
    flags: number;
    /** Seconds for which it was still to be kept; 0: for good. */
    seconds: number;
    /** Base64. */
    value: string;
}

/** A memcached spoken to through a program that carries bytes to it and back (doc/protocol.txt of memcached). */
class Connection {
    private received = Buffer.alloc(0);
    private wake: () => void = () => undefined;
    private readonly child;
    private readonly closed: Promise<void>;
    private ended = false;

    constructor(argv: string[]) {
        this.child = spawn("timeout", ["60", ...argv], { stdio: ["pipe", "pipe", "ignore"] });
        this.closed = new Promise((resolve) => {
            const end = () => {
                this.ended = true;
                this.wake();
                resolve();
            };
            this.child.on("error", end).on("close", end);
        });
        this.child.stdin.on("error", () => undefined);
        this.child.stdout.on("data", (chunk: Buffer) => {
            this.received = Buffer.concat([this.received, chunk]);
            this.wake();
        });
    }

    send(data: string | Buffer): void {
        this.child.stdin.write(data);
    }

    /** Takes what `measure` says of the front of what has come; it says undefined as long as that is not all. */
    private async take(measure: (data: Buffer) => number | undefined): Promise<Buffer> {
        for (;;) {
            const length = measure(this.received);
            if (length !== undefined) {
                const taken = this.received.subarray(0, length);
                this.received = this.received.subarray(length);
                return taken;
            }
            if (this.ended)
                throw new Error(
                    "the connection to memcached ended too early, or did not come to its end within a minute",
                );
            await new Promise<void>((resolve) => {
                this.wake = resolve;
            });
        }
    }

    /** Up to the end of a line, which in a list of keys is no CR LF. */
    async line(): Promise<string> {
        return (await this.take((data) => data.indexOf("\n") + 1 || undefined)).toString().trimEnd();
    }

    /** A value, which ends with a line's end of its own. */
    async value(length: number): Promise<Buffer> {
        return (await this.take((data) => (data.length < length + 2 ? undefined : length + 2))).subarray(0, length);
    }

    /** Says goodbye and waits until memcached has hung up: whoever carries its bytes on the machine would wait for that for ever. */
    close(): Promise<void> {
        this.child.stdin.end("quit\r\n");
        return this.closed;
    }
}

async function connected<T>(argv: string[], work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = new Connection(argv);
    try {
        return await work(connection);
    } finally {
        await connection.close();
    }
}

/** All that the memcached at the other end of `argv` holds at this moment. */
export const dump = (argv: string[]): Promise<Item[]> =>
    connected(argv, async (connection) => {
        connection.send("lru_crawler metadump all\r\n");
        const now = Date.now() / 1000;
        const keys: { key: string; seconds: number }[] = [];
        for (let line = await connection.line(); line !== "END"; line = await connection.line()) {
            const [, key, expires] = /^key=(\S+) exp=(-?\d+) /.exec(line) ?? [];
            // BUSY: another crawl is under way.
            if (key === undefined) throw new Error(`memcached said ${line}`);
            keys.push({
                key: decodeURIComponent(key),
                seconds: Number(expires) < 0 ? 0 : Math.max(1, Math.round(Number(expires) - now)),
            });
        }
        const items: Item[] = [];
        for (const { key, seconds } of keys) {
            connection.send(`get ${key}\r\n`);
            const [, flags, length] = /^VALUE \S+ (\d+) (\d+)/.exec(await connection.line()) ?? [];
            if (length === undefined) continue; // gone meanwhile; that line was the answer's END
            const value = (await connection.value(Number(length))).toString("base64");
            items.push({ key, flags: Number(flags), seconds, value });
            await connection.line();
        }
        return items;
    });

/** Puts `items` into the memcached at the other end of `argv`. */
export const load = (argv: string[], items: Item[]): Promise<void> =>
    connected(argv, async (connection) => {
        for (const { key, flags, seconds, value } of items) {
            const data = Buffer.from(value, "base64");
            connection.send(
                Buffer.concat([
                    Buffer.from(`set ${key} ${flags} ${seconds} ${data.length}\r\n`),
                    data,
                    Buffer.from("\r\n"),
                ]),
            );
            const answer = await connection.line();
            if (answer !== "STORED")
                throw new UserError(
                    `memcached did not take ${key}: ${answer}.`,
                    "Has it as much memory as before (lab:sessions.memcachedMiB)?",
                );
        }
    });
