import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { accessOf } from "../../../../roles/access";
import { readConfiguration as describeStack } from "../../../../roles/configuration";
import { hostKeyOf } from "../../../../lib/ssh-keys";
import { inventory } from "../../../../launcher/commands/inventory";
import { sshConfig, writeSshConfig } from "../../../../launcher/stack/ssh-config";
import { articleLab, secrets } from "../../../support/article";

let home: string;
beforeEach(() => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), "home-"));
    process.env.LAB_HOME = home;
});
afterEach(() => {
    fs.rmSync(home, { recursive: true });
    delete process.env.LAB_HOME;
});

const access = accessOf(describeStack(articleLab(), "test"));

describe("ways in", () => {
    const hasOpenSsh = spawnSync("ssh", ["-V"]).error === undefined;

    test("ssh_config has each machine by name and address, with its key and its host key checked", () => {
        const text = sshConfig(access, "/keys/login", "/keys/known_hosts");
        expect(text.match(/^Host .*$/gm)).toEqual(
            access.machines.map(({ name, address }) => `Host ${name} ${address}`),
        );
        expect(text).toContain(
            "Host nod3 192.168.0.203\n    HostName 192.168.0.203\n    User root\n    IdentityFile /keys/login\n",
        );
        expect(text.match(/StrictHostKeyChecking yes/g)).toHaveLength(6);
    });

    test.skipIf(!hasOpenSsh)(
        "behind a remote hypervisor, ssh goes through the hypervisor, with its key and known hosts",
        () => {
            const uri = "qemu+ssh://root@198.51.100.7:2222/system?keyfile=/keys/my%20key%25&knownhosts=/keys/hosts";
            const virtual = {
                machineKind: "vm",
                hypervisor: uri,
                isolated: false,
                packageProxy: "none",
                image: { source: "/image.qcow2" },
            };
            const file = writeSshConfig("test", accessOf(describeStack({ ...articleLab(), ...virtual }, "test")));
            const settings = spawnSync("ssh", ["-G", "-F", file, "nod0"], { encoding: "utf8" }).stdout.split("\n");
            expect(settings).toContain(
                "proxycommand ssh -o BatchMode=yes -o ConnectTimeout=10 -p 2222 -i '/keys/my key%%' -o IdentitiesOnly=yes -o UserKnownHostsFile=/keys/hosts -W 192.168.0.200:22 root@198.51.100.7",
            );
            expect(sshConfig(access, "/keys/login", "/keys/known_hosts")).not.toContain("ProxyCommand");
        },
    );

    test.skipIf(!hasOpenSsh)("ssh reads these settings from it", () => {
        const file = writeSshConfig("test", access);
        const settings = spawnSync("ssh", ["-G", "-F", file, "nod0"], { encoding: "utf8" }).stdout.split("\n");
        expect(settings).toEqual(
            expect.arrayContaining([
                "hostname 192.168.0.200",
                "user root",
                "stricthostkeychecking true",
                "identitiesonly yes",
            ]),
        );
        const keys = path.join(path.dirname(file), "known_hosts");
        expect(spawnSync("ssh-keygen", ["-F", "192.168.0.203", "-f", keys], { encoding: "utf8" }).stdout).toContain(
            hostKeyOf(secrets.hostKeySeed, "nod3").publicKey,
        );
    });

    test("only the owner can read the login key's file, which ends with the line end that OpenSSH needs", () => {
        const folder = path.dirname(writeSshConfig("test", { ...access, loginKey: secrets.loginKey.trimEnd() }));
        const key = path.join(folder, "login-key");
        expect(fs.readFileSync(key, "utf8")).toBe(secrets.loginKey);
        expect([folder, key].map((name) => fs.statSync(name).mode & 0o777)).toEqual([0o700, 0o600]);
    });

    test("the inventory has every machine, a group for each role, and how to log in", () => {
        const { all } = JSON.parse(inventory(access, "/keys/config")) as {
            all: { hosts: object; children: Record<string, { hosts: object }>; vars: object };
        };
        expect(all.hosts).toEqual(
            Object.fromEntries(access.machines.map(({ name, address }) => [name, { ansible_host: address }])),
        );
        expect(
            Object.fromEntries(Object.entries(all.children).map(([role, { hosts }]) => [role, Object.keys(hosts)])),
        ).toEqual({
            app: ["nod0", "nod2"],
            database: ["mysql"],
            director: ["nod3", "nod4"],
            memcached: ["nod1", "nod2"],
        });
        expect(all.vars).toMatchObject({
            ansible_user: "root",
            ansible_ssh_common_args: "-F /keys/config",
            virtual_address: "192.168.0.111",
        });
    });
});
