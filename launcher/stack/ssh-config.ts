import * as fs from "node:fs";
import * as path from "node:path";
import type { Access, MachineAccess } from "../../config/access";
import type { LabDescription } from "../../config/description";
import { jumpTarget } from "../../hypervisors/jump-host";
import { stackFolder } from "../../lib/environment";
import { sshArgv } from "../../lib/libvirt-uri";
import { words } from "../../lib/shell";
import { writeWholeFile } from "../../lib/write-file";

/**
 * Writes an ssh_config for the machines, the login key and the known host keys into the stack's folder. Returns the
 * path of the ssh_config.
 */
export function writeSshConfig(stack: string, access: Access): string {
    const folder = path.join(stackFolder(stack), "ssh");
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const write = (name: string, content: string) => {
        const file = path.join(folder, name);
        // Other calls of the launcher may be reading the file.
        writeWholeFile(file, content, { mode: 0o600 });
        return file;
    };
    // Pulumi strips the last line feed of a value. OpenSSH refuses a key without it.
    const key = write("login-key", `${access.loginKey.trimEnd()}\n`);
    const knownHosts = write(
        "known_hosts",
        access.machines.map(({ name, address, hostKey }) => `${name},${address} ${hostKey}\n`).join(""),
    );
    return write("config", sshConfig(access, key, knownHosts));
}

/** The text of the ssh_config. `key` and `knownHosts` are paths. */
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

/**
 * ProxyCommand and not ProxyJump, because the hypervisor has another key and other known hosts. ssh reads %% as one
 * percent sign.
 */
function proxyCommand(description: LabDescription, { name, address }: MachineAccess): string {
    const jump = jumpTarget(
        description,
        description.machines.find((machine) => machine.name === name),
    );
    return jump ? `    ProxyCommand ${words(sshArgv(jump, "-W", `${address}:22`)).replaceAll("%", "%%")}\n` : "";
}

/**
 * The argv that runs `command` on a machine, named as in the ssh_config. It gives up when the machine does not answer
 * for some seconds.
 */
export const sshToMachine = (sshConfigFile: string, machine: string, command: string): string[] => [
    "ssh",
    "-F",
    sshConfigFile,
    "-o",
    "ConnectTimeout=5",
    "-o",
    "ServerAliveInterval=5",
    machine,
    command,
];
