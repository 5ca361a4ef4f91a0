import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import {
    closeSync,
    fstatSync,
    mkdirSync,
    openSync,
    readSync,
    statSync,
    writeSync,
    ftruncateSync,
    type Stats,
} from "node:fs";
import { connect, type AddressInfo } from "node:net";
import { Server, utils, type Connection, type ServerChannel, type Session, type SFTPWrapper } from "ssh2";
import { keyPairOf } from "../../lib/ssh-keys";

const { STATUS_CODE, OPEN_MODE } = utils.sftp;

/** A new ed25519 key: the private half in OpenSSH's file format, the public half as a line of authorized_keys. */
export const newKey = (): { privateKey: string; publicKey: string } => keyPairOf(randomBytes(32), "test");

/** A new ed25519 key whose private half has a passphrase. */
export function newEncryptedKey(passphrase: string): { privateKey: string; publicKey: string } {
    for (;;) {
        const { private: privateKey, public: publicKey } = utils.generateKeyPairSync("ed25519", {
            passphrase,
            cipher: "aes256-ctr",
            rounds: 16,
        });
        // About one in 300 of the keys that ssh2 generates is malformed.
        if (!(utils.parseKey(privateKey, passphrase) instanceof Error)) return { privateKey, publicKey };
    }
}

interface Options {
    /** The user who may log in; default `tester`. */
    user?: string;
    /** The user's key, in known_hosts form. */
    authorizedKey?: string;
    /** The user's password. */
    password?: string;
    /** Names of the variables that a client may set. */
    acceptEnv?: string[];
    /** 0: any free port. */
    port?: number;
}

/**
 * An ssh server on loopback, in this process. It runs commands in /bin/sh, serves files by SFTP and forwards
 * connections, all as the user who runs the tests. It needs no OpenSSH.
 */
export class SshServer {
    readonly hostKey = newKey();
    /** Logins so far. */
    logins = 0;
    /** Connections that were forwarded so far, as host:port. */
    forwarded: string[] = [];
    readonly #server: Server;
    readonly #connections = new Set<Connection>();

    constructor(private readonly options: Options) {
        this.#server = new Server({ hostKeys: [this.hostKey.privateKey] }, (client) => this.#serve(client));
    }

    async start(): Promise<this> {
        this.#server.listen(this.options.port ?? 0, "127.0.0.1");
        await once(this.#server, "listening");
        return this;
    }

    async stop(): Promise<void> {
        for (const connection of this.#connections) connection.end();
        await new Promise((resolve) => this.#server.close(resolve));
    }

    /** The number of open connections. */
    get connections(): number {
        return this.#connections.size;
    }

    get port(): number {
        return (this.#server.address() as AddressInfo).port;
    }

    #serve(client: Connection): void {
        this.#connections.add(client);
        client.once("close", () => this.#connections.delete(client));
        client.on("error", () => undefined);
        client.on("authentication", (attempt) => {
            const { user = "tester", authorizedKey, password } = this.options;
            const allowed =
                attempt.username === user &&
                ((attempt.method === "password" && attempt.password === password) ||
                    (attempt.method === "publickey" &&
                        attempt.key.data.toString("base64") === authorizedKey?.split(" ")[1]));
            if (allowed) attempt.accept();
            else attempt.reject(["publickey", "password"]);
        });
        client.on("ready", () => {
            this.logins++;
        });
        client.on("session", (accept) => this.#session(accept()));
        client.on("tcpip", (accept, _reject, { destIP, destPort }) => {
            this.forwarded.push(`${destIP}:${destPort}`);
            const socket = connect(destPort, destIP);
            const channel = accept();
            channel.on("error", () => socket.destroy());
            socket.on("error", () => channel.close());
            // As OpenSSH does: pass the machine's end of file on, and close the channel after both sides have ended.
            socket.once("end", () => channel.eof());
            socket.pipe(channel, { end: false }).pipe(socket);
        });
    }

    #session(session: Session): void {
        const env: Record<string, string> = {};
        session.on("env", (accept: (() => void) | undefined, reject: (() => void) | undefined, { key, val }) => {
            if (!this.options.acceptEnv?.includes(key)) return reject?.();
            env[key] = val;
            accept?.();
        });
        session.on("exec", (accept, _reject, { command }) => runCommand(accept(), command, env));
        session.on("sftp", (accept) => serveFiles(accept()));
    }
}

function runCommand(channel: ServerChannel, command: string, env: Record<string, string>): void {
    const child = spawn("/bin/sh", ["-c", command], {
        env: { PATH: process.env.PATH, ...env },
        stdio: ["pipe", "pipe", "pipe"],
    });
    channel.pipe(child.stdin);
    child.stdin.on("error", () => undefined);
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    channel.once("close", () => child.kill("SIGKILL"));
    child.once("close", (code, signal) => {
        if (signal) channel.exit(signal.slice("SIG".length), false, "");
        else channel.exit(code ?? 0);
        channel.end();
    });
}

/** Serves the SFTP requests that a copy needs, on this machine's files. */
function serveFiles(sftp: SFTPWrapper): void {
    const failure = (error: unknown) => {
        const codes: Record<string, number> = {
            ENOENT: STATUS_CODE.NO_SUCH_FILE,
            EACCES: STATUS_CODE.PERMISSION_DENIED,
        };
        return codes[(error as NodeJS.ErrnoException).code ?? ""] ?? STATUS_CODE.FAILURE;
    };
    const attempt = (request: number, work: () => void) => {
        try {
            work();
        } catch (error) {
            sftp.status(request, failure(error));
        }
    };
    const attributes = ({ mode, uid, gid, size }: Stats) => ({ mode, uid, gid, size, atime: 0, mtime: 0 });
    const handleOf = (descriptor: number) => Buffer.from([descriptor]);
    const descriptorOf = (handle: Buffer) => handle[0] ?? -1;
    const done = (request: number) => sftp.status(request, STATUS_CODE.OK);

    // After its end of file, a client waits until the server ends the channel.
    sftp.on("end", () => sftp.end());
    sftp.on("STAT", (request, path) => attempt(request, () => sftp.attrs(request, attributes(statSync(path)))));
    sftp.on("LSTAT", (request, path) => attempt(request, () => sftp.attrs(request, attributes(statSync(path)))));
    sftp.on("FSTAT", (request, handle) =>
        attempt(request, () => sftp.attrs(request, attributes(fstatSync(descriptorOf(handle))))),
    );
    sftp.on("MKDIR", (request, path) =>
        attempt(request, () => {
            mkdirSync(path);
            done(request);
        }),
    );
    sftp.on("OPEN", (request, path, flags) =>
        attempt(request, () => {
            sftp.handle(request, handleOf(openSync(path, flags & OPEN_MODE.CREAT ? "w" : "r")));
        }),
    );
    sftp.on("READ", (request, handle, offset, length) =>
        attempt(request, () => {
            const data = Buffer.alloc(length);
            const count = readSync(descriptorOf(handle), data, 0, length, offset);
            if (count === 0) sftp.status(request, STATUS_CODE.EOF);
            else sftp.data(request, data.subarray(0, count));
        }),
    );
    sftp.on("WRITE", (request, handle, offset, data) =>
        attempt(request, () => {
            writeSync(descriptorOf(handle), data, 0, data.length, offset);
            done(request);
        }),
    );
    sftp.on("FSETSTAT", (request, handle, { size }) =>
        attempt(request, () => {
            if (size !== undefined) ftruncateSync(descriptorOf(handle), size);
            done(request);
        }),
    );
    sftp.on("CLOSE", (request, handle) =>
        attempt(request, () => {
            closeSync(descriptorOf(handle));
            done(request);
        }),
    );
}

/** The SHA-256 sum as text. */
export const digest = (content: string | Buffer) => createHash("sha256").update(content).digest("hex");
