import * as fs from "node:fs";
import * as path from "node:path";
import type { Command } from "commander";
import type { Access } from "../../config/access";
import { stackFolder } from "../../lib/environment";
import { labCommand } from "../command";
import { readAccess } from "../stack/read-access";
import { writeSshConfig } from "../stack/ssh-config";

export const inventoryCommand = (): Command =>
    labCommand({
        name: "inventory",
        group: "access",
        help: "write an Ansible inventory of the machines, and print its path",
        run: async ({ stack }) => {
            const access = await readAccess(stack);
            const file = path.join(stackFolder(stack), "inventory.yaml");
            fs.writeFileSync(file, inventory(access, writeSshConfig(stack, access)));
            process.stdout.write(`${file}\n`);
            return 0;
        },
    });

/**
 * The inventory's text, with a group for each role. It is JSON, which is also YAML: so no value needs quoting rules of
 * YAML.
 */
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
