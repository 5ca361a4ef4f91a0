/** What `./lab upgrade` runs on a machine, and in which order it takes the machines. */
import { platforms } from "../catalog/platforms/index";
import type { LabDescription, MachineDescription } from "../config/description";
import { words } from "../lib/shell";
import { roles } from "./index";
import { unitsOf } from "./of-machine";

/** Prints the path of the newest kernel, where the machine does not run it. A container has no kernel. */
export const newerKernel =
    'newest=$(ls -v /boot/vmlinuz-[0-9]* 2>/dev/null | tail -n 1)\n[ "$newest" = "/boot/vmlinuz-$(uname -r)" ] || echo "$newest"\n';

/**
 * Renews a machine's packages. What serves visitors takes no more work before: httpd ends its requests, keepalived
 * gives the address away. Every service restarts after it, as any of them may use a renewed library. If the packages
 * fail, the services are started again as they are.
 */
export function upgradeScript(machine: MachineDescription, description: LabDescription): string {
    const platform = platforms[description.platform];
    const first = [
        ...(machine.roles.includes("director") ? [platform.keepalived.unit] : []),
        ...(machine.roles.includes("app") ? [platform.httpd.unit] : []),
    ];
    const units = words(unitsOf(machine, description));
    return [
        "set -eu",
        `trap 'systemctl start ${units}' EXIT`,
        ...(first.length > 0 ? [`systemctl stop ${words(first)}`] : []),
        `(\n${platform.upgradePackages})`,
        "trap - EXIT",
        "systemctl daemon-reload",
        `systemctl restart ${units}\n`,
    ].join("\n");
}

/** Back end before front end, and of the directors the one with the lowest priority first: it seldom has the address. */
export function inTurns({ machines }: LabDescription): MachineDescription[] {
    const place = (machine: MachineDescription) =>
        Math.max(...machine.roles.map((name) => roles.findIndex((role) => role.name === name)));
    return [...machines].sort((a, b) => place(a) - place(b) || (a.priority ?? 0) - (b.priority ?? 0));
}
