import { Client, utils, type ConnectConfig, type ServerHostKeyAlgorithm, type SFTPWrapper } from "ssh2";
import { quote } from "../../lib/shell";

export interface RemoteAddress {
    host: string;
    /** Default 22. */
    port?: number;
    user: string;
    /** OpenSSH or PEM. */
    privateKey: string;
    /** The only key that the machine may show, as in an authorized_keys line. */
    hostKey: string;
    /** A machine to go through. */
    proxy?: { host: string; port?: number; user?: string; privateKey?: string; hostKey?: string };
}

/** An ssh connection to a machine, for what Pulumi's command plugin cannot do. Everything runs as root. */
export class Remote {
    private constructor(
        private readonly clients: Client[],
        private readonly isRoot: boolean,
    ) {}

    /** Fails when the machine shows another host key. */
    static async connect({ proxy, ...address }: RemoteAddress): Promise<Remote> {
        const { host, port = 22, user, privateKey, hostKey } = address;
        const hop =
            proxy &&
            (await dial(
                {
                    host: proxy.host,
                    port: proxy.port,
                    username: proxy.user ?? "root",
                    privateKey: proxy.privateKey,
                    agent: process.env.SSH_AUTH_SOCK || undefined,
                },
                proxy.hostKey,
            ));
        try {
            const sock =
                hop &&
                (await new Promise<ConnectConfig["sock"]>((resolve, reject) =>
                    hop.forwardOut("127.0.0.1", 0, host, port, (error, stream) =>
                        error ? reject(error) : resolve(stream),
                    ),
                ));
            const client = await dial({ host, port, username: user, privateKey, sock }, hostKey);
            return new Remote(hop ? [client, hop] : [client], user === "root");
        } catch (error) {
            // It would keep this process alive.
            hop?.end();
            throw error;
        }
    }

    private get client() {
        return this.clients[0] as Client;
    }

    /** Runs shell text; gives its standard output. Fails with the last lines when it fails. */
    async run(script: string): Promise<string> {
        const { code, stdout, all } = await this.execute(script);
        if (code !== 0) throw new Error(`exit code ${code}:\n${all.split("\n").slice(-20).join("\n")}`);
        return stdout;
    }

    async succeeds(script: string): Promise<boolean> {
        return (await this.execute(script)).code === 0;
    }

    private execute(script: string) {
        const command = this.isRoot ? `sh -c ${quote(script)}` : `sudo -n sh -c ${quote(script)}`;
        return new Promise<{ code: number; stdout: string; all: string }>((resolve, reject) => {
            this.client.exec(command, (error, channel) => {
                if (error) return reject(error);
                let [stdout, all] = ["", ""];
                channel.on("data", (chunk: Buffer) => {
                    stdout += chunk.toString();
                    all += chunk.toString();
                });
                channel.stderr.on("data", (chunk: Buffer) => {
                    all += chunk.toString();
                });
                channel.on("close", (code: number | null) => resolve({ code: code ?? -1, stdout, all }));
                channel.end();
            });
        });
    }

    async upload(local: string, remote: string) {
        await this.withSftp((sftp, done) => sftp.fastPut(local, remote, done));
    }

    async download(remote: string, local: string) {
        await this.withSftp((sftp, done) => sftp.fastGet(remote, local, done));
    }

    private async withSftp(work: (sftp: SFTPWrapper, done: (error?: Error | null) => void) => void) {
        const sftp = await new Promise<SFTPWrapper>((resolve, reject) =>
            this.client.sftp((error, wrapper) => (error ? reject(error) : resolve(wrapper))),
        );
        try {
            await new Promise<void>((resolve, reject) => work(sftp, (error) => (error ? reject(error) : resolve())));
        } finally {
            sftp.end();
        }
    }

    close() {
        for (const client of this.clients) client.end();
    }
}

function dial(config: ConnectConfig, hostKey: string | undefined): Promise<Client> {
    const client = new Client();
    const [type] = hostKey?.split(" ") ?? [];
    return new Promise((resolve, reject) => {
        client
            .on("ready", () => resolve(client))
            .on("error", reject)
            .connect({
                ...config,
                readyTimeout: 20_000,
                keepaliveInterval: 15_000,
                // A server with several keys is asked for the one that is known.
                algorithms: isKeyType(type) ? { serverHostKey: [type] } : undefined,
                hostVerifier: (shown: Buffer) => hostKey !== undefined && isKey(hostKey, shown),
            });
    });
}

const isKeyType = (type: string | undefined): type is ServerHostKeyAlgorithm =>
    /^(ssh-ed25519|ecdsa-sha2-nistp\d+)$/.test(type ?? "");

function isKey(line: string, shown: Buffer): boolean {
    const key = utils.parseKey(line);
    return !(key instanceof Error) && key.getPublicSSH().equals(shown);
}
