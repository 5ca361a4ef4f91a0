import { Client, utils, type ConnectConfig, type ServerHostKeyAlgorithm } from "ssh2";

export interface SshServer {
    host: string;
    /** Default: 22. */
    port?: number;
    user: string;
    /** Text of a private key in OpenSSH or PEM format. Undefined: the ssh-agent (SSH_AUTH_SOCK) logs in. */
    privateKey?: string;
    /** The only host key that the server may show, as in an authorized_keys line. Undefined refuses every key. */
    hostKey: string | undefined;
}

/** An ssh connection, through another one where the server is reached through a jump host. */
export interface SshConnection {
    client: Client;
    close(): void;
}

/**
 * Connects to `server`, through `jumpHost` if there is one. Fails where a server shows another host key than the known
 * one.
 */
export async function connectSsh(server: SshServer, jumpHost?: SshServer): Promise<SshConnection> {
    if (!jumpHost) {
        const client = await logIn(server);
        return { client, close: () => client.end() };
    }
    const jump = await logIn(jumpHost);
    try {
        const client = await logIn(server, await forward(jump, server));
        return {
            client,
            close: () => {
                client.end();
                jump.end();
            },
        };
    } catch (error) {
        // An open connection keeps this process from ending.
        jump.end();
        throw error;
    }
}

const forward = (jump: Client, { host, port = 22 }: SshServer) =>
    new Promise<NonNullable<ConnectConfig["sock"]>>((resolve, reject) =>
        jump.forwardOut("127.0.0.1", 0, host, port, (error, stream) => (error ? reject(error) : resolve(stream))),
    );

function logIn(
    { host, port = 22, user, privateKey, hostKey }: SshServer,
    sock?: ConnectConfig["sock"],
): Promise<Client> {
    const client = new Client();
    const [type] = hostKey?.split(" ") ?? [];
    return new Promise((resolve, reject) => {
        client
            .on("ready", () => resolve(client))
            .on("error", reject)
            .connect({
                host,
                port,
                username: user,
                privateKey,
                agent: privateKey === undefined ? process.env.SSH_AUTH_SOCK || undefined : undefined,
                sock,
                readyTimeout: 20_000,
                keepaliveInterval: 15_000,
                // A server may have keys of several types: ask for the type that is known.
                algorithms: isKeyType(type) ? { serverHostKey: [type] } : undefined,
                hostVerifier: (shown: Buffer) => hostKey !== undefined && isSameKey(hostKey, shown),
            });
    });
}

const isKeyType = (type: string | undefined): type is ServerHostKeyAlgorithm =>
    /^(ssh-ed25519|ecdsa-sha2-nistp\d+)$/.test(type ?? "");

function isSameKey(line: string, shown: Buffer): boolean {
    const key = utils.parseKey(line);
    return !(key instanceof Error) && key.getPublicSSH().equals(shown);
}
