/** The ssh connection of `compile`, against an ssh server in this process. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Remote, type RemoteAddress } from "../../../../launcher/compile/remote";
import { newKey, SshServer } from "../../../support/ssh-server";

const login = newKey();
const folder = () => fs.mkdtempSync(path.join(os.tmpdir(), "remote-"));
let home: string;
const servers: SshServer[] = [];
const remotes: Remote[] = [];

beforeEach(() => {
    home = folder();
});
afterEach(async () => {
    for (const remote of remotes.splice(0)) remote.close();
    for (const server of servers.splice(0)) await server.stop();
    fs.rmSync(home, { recursive: true });
});

async function serve(user = "root"): Promise<SshServer> {
    const server = await new SshServer({ user, authorizedKey: login.publicKey }).start();
    servers.push(server);
    return server;
}
const addressOf = (server: SshServer, more: Partial<RemoteAddress> = {}): RemoteAddress => ({
    host: "127.0.0.1",
    port: server.port,
    user: "root",
    privateKey: login.privateKey,
    hostKey: server.hostKey.publicKey,
    ...more,
});
async function connect(address: RemoteAddress): Promise<Remote> {
    const remote = await Remote.connect(address);
    remotes.push(remote);
    return remote;
}

describe("a command", () => {
    test("returns its standard output, with any quotes", async () => {
        const remote = await connect(addressOf(await serve()));
        expect(await remote.run(`printf '%s\\n' "it's" 'a "test"' $((6 * 7)); echo aside >&2`)).toBe(
            `it's\na "test"\n42\n`,
        );
    });

    test("that fails is an error with its exit code and the last lines of all that it wrote", async () => {
        const remote = await connect(addressOf(await serve()));
        const error = await remote.run("seq 100; echo reason >&2; exit 3").then(
            () => undefined,
            (thrown: unknown) => thrown as Error,
        );
        expect(error?.message).toMatch(/^exit code 3:\n/);
        expect(error?.message.split("\n").slice(1)).toHaveLength(20);
        expect(error?.message).toContain("reason");
        expect(error?.message).not.toContain("\n50\n");
    });

    test("can be tested for success", async () => {
        const remote = await connect(addressOf(await serve()));
        expect([await remote.succeeds("test -e /"), await remote.succeeds("test -e /no/such/place")]).toEqual([
            true,
            false,
        ]);
    });

    test("runs as root for any login user", async () => {
        const sudo = path.join(home, "sudo");
        fs.writeFileSync(sudo, `#!/bin/sh\nprintf '%s\\n' "$1" > ${home}/used\nshift\nexec "$@"\n`, { mode: 0o755 });
        const before = process.env.PATH;
        process.env.PATH = `${home}:${before}`;
        try {
            const remote = await connect(addressOf(await serve("centos"), { user: "centos" }));
            expect(await remote.run("echo 'it works'")).toBe("it works\n");
            expect(fs.readFileSync(path.join(home, "used"), "utf8")).toBe("-n\n");
        } finally {
            process.env.PATH = before;
        }
    });
});

describe("files", () => {
    test("are copied unchanged, also large ones", async () => {
        const remote = await connect(addressOf(await serve()));
        const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 256));
        const [here, there, back] = ["here", "there", "back"].map((name) => path.join(home, name)) as [
            string,
            string,
            string,
        ];
        fs.writeFileSync(here, content);
        await remote.upload(here, there);
        await remote.download(there, back);
        expect(fs.readFileSync(there).equals(content)).toBe(true);
        expect(fs.readFileSync(back).equals(content)).toBe(true);
    });

    test("that do not exist are an error", async () => {
        const remote = await connect(addressOf(await serve()));
        await expect(remote.download("/no/such/file", path.join(home, "back"))).rejects.toThrow(/No such file/);
        await expect(remote.upload("/no/such/file", path.join(home, "there"))).rejects.toThrow(/ENOENT/);
    });
});

describe("a connection", () => {
    test("is refused if the host key is another one or unknown", async () => {
        const server = await serve();
        for (const hostKey of [newKey().publicKey, "", "rubbish"]) {
            await expect(Remote.connect(addressOf(server, { hostKey })), hostKey).rejects.toThrow(
                /verification failed/,
            );
        }
        expect(server.logins).toBe(0);
    });

    test("is refused with another login key", async () => {
        await expect(Remote.connect(addressOf(await serve(), { privateKey: newKey().privateKey }))).rejects.toThrow(
            /authentication/,
        );
    });

    test("goes through a jump host, whose host key is checked, too", async () => {
        const [hop, machine] = [await serve(), await serve()];
        const proxy = {
            host: "127.0.0.1",
            port: hop.port,
            privateKey: login.privateKey,
            hostKey: hop.hostKey.publicKey,
        };
        const remote = await connect(addressOf(machine, { proxy }));
        expect(await remote.run("echo there")).toBe("there\n");
        expect(hop.forwarded).toEqual([`127.0.0.1:${machine.port}`]);
        expect(machine.logins).toBe(1);
        await expect(
            Remote.connect(addressOf(machine, { proxy: { ...proxy, hostKey: newKey().publicKey } })),
        ).rejects.toThrow(/verification failed/);
    });

    test("that fails leaves no connection open to the jump host", async () => {
        const [hop, machine] = [await serve(), await serve()];
        const proxy = {
            host: "127.0.0.1",
            port: hop.port,
            privateKey: login.privateKey,
            hostKey: hop.hostKey.publicKey,
        };
        await expect(Remote.connect(addressOf(machine, { proxy, hostKey: newKey().publicKey }))).rejects.toThrow(
            /verification failed/,
        );
        await expect.poll(() => hop.connections, { timeout: 2000 }).toBe(0);
    });
});
