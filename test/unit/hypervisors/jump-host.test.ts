/** Jump hosts as libvirt URIs describe them. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UserError } from "../../../lib/errors";
import { jumpHostsOf } from "../../../hypervisors/jump-host";
import { newEncryptedKey, newKey } from "../../support/ssh-server";
import { siteWith } from "../../support/article";

const login = newKey();
const host = newKey().publicKey;
const rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAIQC7";
let folder: string;
const before = { ...process.env };

beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "jump-host-"));
    process.env.HOME = folder;
    delete process.env.SSH_AUTH_SOCK;
    write("key", login.privateKey);
    write("hosts", `198.51.100.7 ${rsa}\n198.51.100.7 ${host}\n`);
});
afterEach(() => {
    Object.assign(process.env, { HOME: before.HOME, SSH_AUTH_SOCK: before.SSH_AUTH_SOCK });
    if (before.SSH_AUTH_SOCK === undefined) delete process.env.SSH_AUTH_SOCK;
    fs.rmSync(folder, { recursive: true });
});

function write(name: string, content: string): string {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content, { mode: 0o600 });
    return file;
}

/** The jump host at `authority`. `more` is the URI's query, by default with the test's key and known hosts. */
async function jumpHost(
    authority = "root@198.51.100.7",
    query = `keyfile=${folder}/key&knownhosts=${folder}/hosts`,
    network = {},
) {
    const uri = `qemu+ssh://${authority}/system?${query}`;
    const description = siteWith({
        machineKind: "vm",
        hypervisor: uri,
        isolated: false,
        packageProxy: "none",
        image: { source: "/image.qcow2" },
        network,
    });
    return (await jumpHostsOf(description))[uri];
}
const mistake = async (...words: Parameters<typeof jumpHost>) => {
    const error = await jumpHost(...words).then(
        () => undefined,
        (thrown: unknown) => thrown,
    );
    if (!(error instanceof UserError)) throw new Error(`no mistake: ${String(error)}`);
    return `${error.message} ${error.remedy}`;
};

describe("a jump host", () => {
    test("has the URI's host and key, and the host key that known_hosts has for it", async () => {
        expect(await jumpHost()).toEqual({
            host: "198.51.100.7",
            port: 22,
            user: "root",
            privateKey: login.privateKey,
            hostKey: host,
        });
    });

    test("is undefined where machines are reached directly", async () => {
        expect(await jumpHost(undefined, undefined, { jump: false })).toBeUndefined();
    });

    test("is known by host and port, hashed or not", async () => {
        const [plain, hashed] = [newKey().publicKey, newKey().publicKey];
        // ssh-keygen -H of "[198.51.100.7]:2222".
        const { createHmac, randomBytes } = await import("node:crypto");
        const salt = randomBytes(20);
        const name = `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update("[198.51.100.7]:2222").digest("base64")}`;
        write("hosts", `198.51.100.7 ${plain}\n${name} ${hashed} a comment\n`);
        expect((await jumpHost("root@198.51.100.7:2222"))?.hostKey).toBe(hashed);
        expect((await jumpHost())?.hostKey).toBe(plain);
    });

    test("has the agent's key where the URI names none, and without an agent the libvirt provider's default", async () => {
        write(".ssh/known_hosts", `198.51.100.7 ${host}\n`);
        expect(await mistake(undefined, "")).toMatch(/\.ssh\/id_rsa cannot be read \(ENOENT\)\. .*keyfile=/);
        process.env.SSH_AUTH_SOCK = "/run/agent";
        expect(await jumpHost(undefined, "")).toMatchObject({ privateKey: undefined, hostKey: host });
        delete process.env.SSH_AUTH_SOCK;
        write(".ssh/id_rsa", login.privateKey);
        expect(await jumpHost(undefined, "")).toMatchObject({ privateKey: login.privateKey });
    });

    test("that cannot be used is a mistake with a remedy", async () => {
        expect(await mistake("198.51.100.7")).toMatch(/names no user for .*USER@198\.51\.100\.7/);
        const hosts = `knownhosts=${folder}/hosts`;
        expect(await mistake(undefined, `keyfile=/no/key&${hosts}`)).toMatch(/\/no\/key cannot be read \(ENOENT\)/);
        write("locked", newEncryptedKey("secret").privateKey);
        expect(await mistake(undefined, `keyfile=${folder}/locked&${hosts}`)).toMatch(/passphrase.*ssh-add/);
        expect(await mistake("root@198.51.100.8")).toMatch(
            /host key of 198\.51\.100\.8 is unknown.*Log in once by ssh/,
        );
        expect(await mistake(undefined, `keyfile=${folder}/key&knownhosts=/no/hosts`)).toContain("/no/hosts");
        write("hosts", `198.51.100.7 ${rsa}\n@revoked 198.51.100.7 ${host}\n`);
        expect(await mistake()).toMatch(/no ed25519 or ECDSA key of 198\.51\.100\.7/);
    });
});
