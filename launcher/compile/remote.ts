import type { SFTPWrapper } from "ssh2";
import { quote } from "../../lib/shell";
import { connectSsh, type SshConnection, type SshServer } from "../../lib/ssh";

/** A machine, and the jump host to it, in the words of pulumi's connections. */
export interface RemoteAddress extends SshServer {
    proxy?: Omit<SshServer, "user" | "hostKey"> & { user?: string; hostKey?: string };
}

/** An ssh connection to a machine for what pulumi-command cannot do. All commands run as root. */
export class Remote {
    private constructor(
        private readonly connection: SshConnection,
        private readonly isRoot: boolean,
    ) {}

    /** Fails where the machine shows another host key than the known one. */
    static async connect({ proxy, ...server }: RemoteAddress): Promise<Remote> {
        const jumpHost = proxy && { user: "root", hostKey: undefined, ...proxy };
        return new Remote(await connectSsh(server, jumpHost), server.user === "root");
    }

    private get client() {
        return this.connection.client;
    }

    /**
     * Runs shell text and gives its standard output. The error of a failed script has its exit code and its last lines
     * of output.
     */
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
        this.connection.close();
    }
}
