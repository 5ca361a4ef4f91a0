import { spawn } from "node:child_process";
import { UserError } from "../../../lib/errors";

/** An entry of a memcached. */
export interface Item {
    key: string;
    flags: number;
    /** Seconds until it expires; 0: never. */
    seconds: number;
    /** Base64. */
    value: string;
}

/**
 * A connection to a memcached through a program that carries bytes to it and back. Protocol: doc/protocol.txt of
 * memcached.
 */
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

    /** Waits until `measure` returns a length for the received data, and takes that many bytes from its front. */
    private async take(measure: (data: Buffer) => number | undefined): Promise<Buffer> {
        for (;;) {
            const length = measure(this.received);
            if (length !== undefined) {
                const taken = this.received.subarray(0, length);
                this.received = this.received.subarray(length);
                return taken;
            }
            if (this.ended) throw new Error("the connection to memcached broke off, or took more than a minute");
            await new Promise<void>((resolve) => {
                this.wake = resolve;
            });
        }
    }

    /** The next line. Lines end with CR LF, or in a list of keys with LF. */
    async line(): Promise<string> {
        return (await this.take((data) => data.indexOf("\n") + 1 || undefined)).toString().trimEnd();
    }

    /** A value of this length, which is followed by CR LF. */
    async value(length: number): Promise<Buffer> {
        return (await this.take((data) => (data.length < length + 2 ? undefined : length + 2))).subarray(0, length);
    }

    /**
     * Ends the connection and waits for memcached to close it. Otherwise the program on the machine would wait for
     * ever.
     */
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

/** Reads all entries of the memcached that `argv` connects to. */
export const dump = (argv: string[]): Promise<Item[]> =>
    connected(argv, async (connection) => {
        connection.send("lru_crawler metadump all\r\n");
        const now = Date.now() / 1000;
        const keys: { key: string; seconds: number }[] = [];
        for (let line = await connection.line(); line !== "END"; line = await connection.line()) {
            const [, key, expires] = /^key=(\S+) exp=(-?\d+) /.exec(line) ?? [];
            // For example BUSY, while another crawl is under way.
            if (key === undefined) throw new Error(`memcached answered ${line}`);
            keys.push({
                key: decodeURIComponent(key),
                seconds: Number(expires) < 0 ? 0 : Math.max(1, Math.round(Number(expires) - now)),
            });
        }
        const items: Item[] = [];
        for (const { key, seconds } of keys) {
            connection.send(`get ${key}\r\n`);
            const [, flags, length] = /^VALUE \S+ (\d+) (\d+)/.exec(await connection.line()) ?? [];
            if (length === undefined) continue; // the entry has expired; the line was END
            const value = (await connection.value(Number(length))).toString("base64");
            items.push({ key, flags: Number(flags), seconds, value });
            await connection.line();
        }
        return items;
    });

/** Writes entries into the memcached that `argv` connects to. */
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
                    `memcached did not store the session ${key}: ${answer}.`,
                    "Give it as much memory as before: lab:sessions.memcachedMiB.",
                );
        }
    });
