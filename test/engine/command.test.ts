import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { afterEach, beforeAll, afterAll, expect, test } from "vitest";
import { Project } from "./project";
import { SshServer, newKey } from "./sshd";

let server: SshServer;
let project: Project;
const login = newKey();

beforeAll(async () => {
    server = await new SshServer({ authorizedKey: login.publicKey, acceptEnv: ["GREETING", "PULUMI_COMMAND_STDOUT"] }).start();
});
afterAll(() => server.stop());
afterEach(() => { project.remove(); });

const connection = () => ({ host: "127.0.0.1", port: server.port, user: "tester", privateKey: login.privateKey, hostKey: server.hostKey.publicKey });

test("smoke", async () => {
    project = await Project.create();
    const run = await project.up({ a: { type: "remote.Command", args: { connection: connection(), create: "echo $GREETING; cat", stdin: "in", environment: { GREETING: "hello" } } } });
    console.log(JSON.stringify(run, null, 1));
    console.log(JSON.stringify(await project.state(), null, 1));
});
