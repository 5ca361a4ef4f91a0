import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import type { Access, MachineAccess } from "../../config/access";
import type { LabDescription } from "../../config/description";
import { jumpTarget } from "../../hypervisors/jump-host";
import { stackFolder } from "../../lib/environment";
import { UserError } from "../../lib/errors";
import { sshArgv } from "../../lib/libvirt-uri";
import { words } from "../../lib/shell";
import { attach, type Command } from "../command";
import { readAccess } from "../stack/outputs";
import { amongMachines, progress, reach } from "../stack/session";

/** Ways into the lab. */
export const waysIn: Record<string, Command> = {
    ssh: {
        usage: "ssh NODE [COMMAND]",
        help: "a shell, or one command, on a machine",
        passesWords: true,
        run: async ({ stack, rest: [node, ...command] }) => {
            const access = await readAccess(stack);
            const names = access.machines.map(({ name }) => name);
            if (node === undefined || !names.includes(node)) {
                throw new UserError(
                    node === undefined ? "ssh to which machine?" : `There is no machine ${node}.`,
                    `Machines: ${names.join(", ")}`,
                );
            }
            const enter = await reach(stack);
            return attach(enter(["ssh", "-F", writeSshConfig(stack, access), node, ...command]));
        },
    },
    curl: {
        usage: "curl WORDS",
        help: "curl, run where the machines' addresses are",
        passesWords: true,
        run: async ({ stack, rest }) => attach((await amongMachines(stack))(["curl", ...rest])),
    },
    exec: {
        usage: "exec COMMAND",
        help: "any command, run where the machines' addresses are",
        passesWords: true,
        run: async ({ stack, rest }) => {
            const command = rest[0] === "--" ? rest.slice(1) : rest;
            if (command.length === 0) throw new UserError("Run what?", "For example: ./lab exec ip address");
            return attach((await amongMachines(stack))(command), { cwd: process.env.LAB_CALLED_FROM });
        },
    },
    forward: {
        usage: "forward [PORT]",
        help: "the site on a loopback port of this machine (8080), until Ctrl-C",
        run: async ({ stack, rest: [port = "8080"] }) => {
            if (!/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
                throw new UserError(`${port} is no port.`, "Choose one from 1 to 65535.");
            const { virtualAddress, description } = await readAccess(stack);
            const jump = jumpTarget(description);
            return forward(
                Number(port),
                jump
                    ? sshArgv(jump, "-W", `${virtualAddress}:80`)
                    : (await reach(stack))(["socat", "-", `TCP:${virtualAddress}:80`]),
            );
        },
    },
    "ssh-config": {
        usage: "ssh-config",
        help: "write an ssh_config for the machines, and print its path",
        run: async ({ stack }) => {
            process.stdout.write(`${writeSshConfig(stack, await readAccess(stack))}\n`);
            return 0;
        },
    },
    inventory: {
        usage: "inventory",
        help: "write an Ansible inventory of the machines, and print its path",
        run: async ({ stack }) => {
            const access = await readAccess(stack);
            const file = path.join(stackFolder(stack), "inventory.yaml");
            fs.writeFileSync(file, inventory(access, writeSshConfig(stack, access)));
            process.stdout.write(`${file}\n`);
            return 0;
        },
    },
};

/** Writes ssh_config, the login key and the known host keys into the stack's folder; gives the ssh_config's path. */
export function writeSshConfig(stack: string, access: Access): string {
    const folder = path.join(stackFolder(stack), "ssh");
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const write = (name: string, content: string) => {
        const file = path.join(folder, name);
        fs.writeFileSync(file, content, { mode: 0o600 });
        return file;
    };
    // pulumi takes the last line's end off a value; OpenSSH insists on it.
    const key = write("login-key", `${access.loginKey.trimEnd()}\n`);
    const knownHosts = write(
        "known_hosts",
        access.machines.map(({ name, address, hostKey }) => `${name},${address} ${hostKey}\n`).join(""),
    );
    return write("config", sshConfig(access, key, knownHosts));
}

export function sshConfig({ machines, loginUser, description }: Access, key: string, knownHosts: string): string {
    return machines
        .map(
            (machine) => `Host ${machine.name} ${machine.address}
    HostName ${machine.address}
    User ${loginUser}
    IdentityFile ${key}
    IdentitiesOnly yes
    UserKnownHostsFile ${knownHosts}
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    LogLevel ERROR
${proxyCommand(description, machine)}`,
        )
        .join("\n");
}

/** Not ProxyJump: the way to the hypervisor has a key, and known hosts, of its own. ssh takes a percent sign for its own. */
function proxyCommand(description: LabDescription, { name, address }: MachineAccess): string {
    const jump = jumpTarget(
        description,
        description.machines.find((machine) => machine.name === name),
    );
    return jump ? `    ProxyCommand ${words(sshArgv(jump, "-W", `${address}:22`)).replaceAll("%", "%%")}\n` : "";
}

/** One group a role. YAML, so that no value needs a quoting of its own: JSON is YAML. */
export function inventory({ machines, loginUser, siteName, virtualAddress }: Access, sshConfigFile: string): string {
    const roles = [...new Set(machines.flatMap((machine) => machine.roles))].sort();
    const children = Object.fromEntries(
        roles.map((role) => [
            role,
            {
                hosts: Object.fromEntries(
                    machines.filter((machine) => machine.roles.includes(role)).map(({ name }) => [name, {}]),
                ),
            },
        ]),
    );
    const hosts = Object.fromEntries(machines.map(({ name, address }) => [name, { ansible_host: address }]));
    const vars = {
        ansible_user: loginUser,
        ansible_ssh_common_args: `-F ${sshConfigFile}`,
        site_name: siteName,
        virtual_address: virtualAddress,
    };
    return `${JSON.stringify({ all: { hosts, children, vars } }, undefined, 4)}\n`;
}

/** Each connection to the loopback port is carried into the lab by a process of its own, `carrier`; ends with Ctrl-C. */
async function forward(port: number, carrier: string[]): Promise<number> {
    const server = net.createServer((socket) => {
        const [program = "", ...rest] = carrier;
        const child = spawn(program, rest, { stdio: ["pipe", "pipe", "ignore"] });
        socket.pipe(child.stdin).on("error", () => socket.destroy());
        child.stdout.pipe(socket).on("error", () => child.kill());
        socket.on("close", () => child.kill());
    });
    await new Promise<void>((resolve, reject) =>
        server
            .on("error", (error: NodeJS.ErrnoException) =>
                reject(
                    error.code === "EADDRINUSE"
                        ? new UserError(`Port ${port} is taken.`, "Choose another: ./lab forward PORT")
                        : error,
                ),
            )
            .listen(port, "127.0.0.1", resolve),
    );
    progress.info(`http://127.0.0.1:${port}/ shows the site, until Ctrl-C.`);
    await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
    server.close();
    server.unref();
    return 0;
}
