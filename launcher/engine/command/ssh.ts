import { createPrivateKey } from "node:crypto";
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { Client, type AnyAuthMethod, type ServerHostKeyAlgorithm } from "ssh2";
import { keyPairOf } from "../../../lib/ssh-keys";
import { systemError } from "./text";
import type { Context } from "./context";
import type { Duplex } from "node:stream";

/** How to reach a machine; checked, with defaults filled in (see schema.ts). Times are in seconds. */
export interface Endpoint {
    user: string;
    host: string;
    port: number;
    password?: string;
    privateKey?: string;
    privateKeyPassword?: string;
    agentSocketPath?: string;
    /** How often dialling may fail before it is given up; -1: for ever. */
    dialErrorLimit: number;
    /** Time for the TCP connection of one attempt; 0: no limit. */
    perDialTimeout: number;
    /** The only key that the machine may show, as in known_hosts: `ssh-ed25519 AAAA...`. Without it any key will do. */
    hostKey?: string;
}

export interface Connection extends Endpoint {
    /** A machine to go through. */
    proxy?: Endpoint;
}

/** Connects to a machine, through its proxy if it has one, with `work` in between; ends every connection afterwards. */
export async function withSsh<T>(
    connection: Connection,
    context: Context,
    work: (client: Client) => Promise<T>,
): Promise<T> {
    const open: Client[] = [];
    const keep = (client: Client) => {
        open.unshift(client);
        return client;
    };
    try {
        return await work(await dial(connection, context, keep));
    } finally {
        for (const client of open) client.end();
    }
}

async function dial(connection: Connection, context: Context, keep: (client: Client) => Client): Promise<Client> {
    const { proxy } = connection;
    await checkAgent(connection);
    if (!proxy) {
        return retry(
            () => "Dial",
            connection,
            context,
            async () => keep(await handshake(connection, await tcp(connection, context), context)),
        );
    }
    try {
        await checkAgent(proxy);
        const hop = await retry(
            () => "Dial proxy",
            proxy,
            context,
            async () => keep(await handshake(proxy, await tcp(proxy, context), context)),
        );
        return await retry(
            (error) => (error.message.startsWith("ssh: handshake failed") ? "Dial" : "Dial from proxy"),
            connection,
            context,
            async () => keep(await handshake(connection, await forward(hop, connection), context)),
        );
    } catch (error) {
        throw new Error(`proxy: ${(error as Error).message}`, { cause: error });
    }
}

/** Tries until it works, as patiently as the genuine plugin: after 0.1 s, then half as long again each time, 5 s at most. `what` has failed is told meanwhile. */
async function retry<T>(
    what: (error: Error) => string,
    { dialErrorLimit }: Endpoint,
    context: Context,
    attempt: () => Promise<T>,
): Promise<T> {
    let delay = 100;
    for (let failures = 0; ; failures++) {
        let failed: string;
        try {
            return await attempt();
        } catch (error) {
            failed = what(error as Error);
            if (context.signal.aborted) throw new Error("context canceled", { cause: error });
            if (dialErrorLimit >= 0 && failures >= dialErrorLimit) {
                throw new Error(`after ${failures} failed attempts: ${(error as Error).message}`, { cause: error });
            }
        }
        context.status(`${failed} ${failures + 1}/${dialErrorLimit < 0 ? "inf" : dialErrorLimit} failed: retrying`);
        await pause(delay, undefined, { signal: context.signal }).catch(() => {
            throw new Error("context canceled");
        });
        delay = Math.min(delay * 1.5, 5000);
    }
}

async function tcp({ host, port, perDialTimeout }: Endpoint, { signal }: Context): Promise<Duplex> {
    const socket = connectSocket({ host, port: Math.trunc(port) });
    const limit = perDialTimeout > 0 ? [AbortSignal.timeout(perDialTimeout * 1000)] : [];
    try {
        await once(socket, "connect", { signal: AbortSignal.any([signal, ...limit]) });
        return socket.setNoDelay(true);
    } catch (error) {
        socket.destroy();
        const timedOut = (error as Error).name === "AbortError";
        throw new Error(
            `dial tcp ${host}:${Math.trunc(port)}: ${timedOut ? "i/o timeout" : `connect: ${systemError(error)}`}`,
            { cause: error },
        );
    }
}

function forward(hop: Client, { host, port }: Endpoint): Promise<Duplex> {
    return new Promise((resolve, reject) => {
        hop.forwardOut("0.0.0.0", 0, host, Math.trunc(port), (error, channel) => {
            if (error) reject(new Error(`ssh: rejected: ${error.message}`, { cause: error }));
            else resolve(channel);
        });
    });
}

/** Logs in over a connection that exists. What goes wrong after that reaches the channels, which end. */
function handshake(endpoint: Endpoint, sock: Duplex, { signal }: Context): Promise<Client> {
    const client = new Client();
    return new Promise<Client>((resolve, reject) => {
        const abort = () => reject(new Error("context canceled"));
        signal.addEventListener("abort", abort, { once: true });
        client.once("ready", () => resolve(client));
        client.on("error", (error) => reject(new Error(`ssh: handshake failed: ${error.message}`, { cause: error })));
        const over = () => {
            signal.removeEventListener("abort", abort);
            reject(new Error("ssh: handshake failed: EOF"));
        };
        // Through a proxy the machine's end comes alone: OpenSSH closes a channel only when this side has come to its end, too.
        client.once("end", over).once("close", over);
        const [keyType, key] = endpoint.hostKey?.trim().split(/\s+/) ?? [];
        const expected = key === undefined ? undefined : Buffer.from(key, "base64");
        // A key that cannot be read is thrown here, and so rejects too.
        client.connect({
            sock,
            username: endpoint.user,
            authHandler: authentication(endpoint),
            readyTimeout: 0,
            ...(expected
                ? {
                      algorithms: { serverHostKey: [keyType as ServerHostKeyAlgorithm] },
                      hostVerifier: (shown: Buffer) => {
                          const matches = shown.equals(expected);
                          if (!matches) reject(new Error("ssh: handshake failed: ssh: host key mismatch"));
                          return matches;
                      },
                  }
                : {}),
        });
    }).catch((error: unknown) => {
        client.destroy();
        sock.destroy();
        throw error;
    });
}

/** Ways to log in, in the order in which they are tried. A key goes before the agent, which is asked only if there is none. */
function authentication({
    user: username,
    privateKey,
    privateKeyPassword,
    password,
    agentSocketPath,
}: Endpoint): AnyAuthMethod[] {
    const agent = agentSocketPath ?? process.env.SSH_AUTH_SOCK;
    return [
        { type: "none", username },
        ...(privateKey
            ? [{ type: "publickey" as const, username, key: inPem(privateKey), passphrase: privateKeyPassword }]
            : []),
        ...(password
            ? [
                  { type: "password" as const, username, password },
                  {
                      type: "keyboard-interactive" as const,
                      username,
                      prompt: (
                          _name: string,
                          _text: string,
                          _language: string,
                          questions: unknown[],
                          answer: (answers: string[]) => void,
                      ) => answer(questions.map(() => password)),
                  },
              ]
            : []),
        ...(agent && !privateKey ? [{ type: "agent" as const, username, agent }] : []),
    ] as AnyAuthMethod[];
}

/** A key without a passphrase that ssh2 can read: unlike Go's ssh it knows no PKCS #8. Throws where that is malformed. */
function inPem(privateKey: string): string {
    if (!privateKey.includes("-----BEGIN PRIVATE KEY-----")) return privateKey;
    const key = createPrivateKey(privateKey);
    if (key.asymmetricKeyType === "ed25519")
        return keyPairOf(Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url"), "").privateKey;
    return key.export({ format: "pem", type: key.asymmetricKeyType === "rsa" ? "pkcs1" : "sec1" }).toString();
}

/** An agent that is named, here or in SSH_AUTH_SOCK, must be there, even if a key is given: so it is with the genuine plugin. */
async function checkAgent({ agentSocketPath }: Endpoint): Promise<void> {
    const path = agentSocketPath ?? process.env.SSH_AUTH_SOCK;
    if (!path) return;
    const socket = connectSocket(path);
    try {
        await once(socket, "connect");
    } catch (error) {
        throw new Error(`dial unix ${path}: connect: ${systemError(error)}`, { cause: error });
    } finally {
        socket.destroy();
    }
}
