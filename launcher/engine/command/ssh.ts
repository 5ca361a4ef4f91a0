import { createPrivateKey } from "node:crypto";
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { Client, type AnyAuthMethod, type ServerHostKeyAlgorithm } from "ssh2";
import { keyPairOf } from "../../../lib/ssh-keys";
import { parseHostKey } from "./host-key";
import { systemError } from "./text";
import type { Context } from "./context";
import type { Duplex } from "node:stream";

/** How to reach a machine: checked, with defaults filled in (schema.ts). Times are in seconds. */
export interface Endpoint {
    user: string;
    host: string;
    port: number;
    password?: string;
    privateKey?: string;
    privateKeyPassword?: string;
    agentSocketPath?: string;
    /** Number of attempts to connect that may fail; -1: no limit. */
    dialErrorLimit: number;
    /** Time-out for the TCP connection of one attempt; 0: none. */
    perDialTimeout: number;
    /**
     * The only host key that the machine may show, as in known_hosts: `ssh-ed25519 AAAA...`. Undefined accepts any key.
     */
    hostKey?: string;
}

export interface Connection extends Endpoint {
    /** A jump host. */
    proxy?: Endpoint;
}

/** Runs `work` with a connection to a machine, through a jump host if there is one. Ends all connections afterwards. */
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
    expectedKey(connection);
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
        expectedKey(proxy);
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

/**
 * Repeats `attempt` with the genuine plugin's delays: 0.1 s, then 1.5 times longer each time, up to 5 s. `what` names
 * it in status messages.
 */
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

/** Logs in over an open connection. A later failure of the connection closes its channels. */
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
        // Through a jump host only "end" comes: OpenSSH closes the forwarded channel only after this side has ended,
        // too.
        client.once("end", over).once("close", over);
        const expected = expectedKey(endpoint);
        // Throws, and so rejects, if a private key cannot be parsed.
        client.connect({
            sock,
            username: endpoint.user,
            authHandler: authentication(endpoint),
            readyTimeout: 0,
            ...(expected
                ? {
                      algorithms: { serverHostKey: [expected.type as ServerHostKeyAlgorithm] },
                      hostVerifier: (shown: Buffer) => {
                          const matches = shown.equals(expected.key);
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

/** The only host key that is accepted; undefined accepts any. Throws if the given one cannot be parsed. */
const expectedKey = ({ hostKey }: Endpoint) => (hostKey === undefined ? undefined : parseHostKey(hostKey));

/** Ways to log in, in the order in which they are tried. The agent is used only if there is no key. */
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

/** The key in a format that ssh2 can read, which does not include PKCS #8. Throws if a PKCS #8 key is malformed. */
function inPem(privateKey: string): string {
    if (!privateKey.includes("-----BEGIN PRIVATE KEY-----")) return privateKey;
    const key = createPrivateKey(privateKey);
    if (key.asymmetricKeyType === "ed25519")
        return keyPairOf(Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url"), "").privateKey;
    return key.export({ format: "pem", type: key.asymmetricKeyType === "rsa" ? "pkcs1" : "sec1" }).toString();
}

/**
 * Fails if the agent of the connection or of SSH_AUTH_SOCK does not answer, even if there is a key, as the genuine
 * plugin does.
 */
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
