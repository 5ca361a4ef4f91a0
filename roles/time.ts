import { hardened } from "./hardening";
import { restarted } from "./restarted";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext, RoleDefinition } from "./role-definition";
import { render } from "./template";

/** A virtual machine's clock follows time servers. A container has the clock of the machine that it runs on. */
export const time: RoleDefinition = {
    name: "time",
    isImplied: (_machine, { machineKind }) => machineKind === "vm",
    component: "lab:Time",
    steps: [{ name: "chrony", component: "lab:Chrony", configuration: chronyConfiguration }],
    worksAfter: "chrony",
    packages: () => ["chrony"],
    units: (_description, platform) => [platform.chrony.unit],
    processes: (platform) => [{ program: /^chronyd$/, user: platform.chrony.user }],
};

export function chronyConfiguration({
    description,
    platform,
}: Pick<RoleContext, "description" | "platform">): RoleConfiguration {
    const { unit, configurationFile, pool } = platform.chrony;
    const servers = description.network.timeServers;
    return {
        files: [
            {
                path: configurationFile,
                content: render("etc/chrony.conf", { servers, pool: servers.length === 0 && pool }),
            },
            restarted(unit),
            hardened(unit, platform, { capabilities: ["SYS_TIME", "SETGID", "SETUID", "DAC_OVERRIDE", "CHOWN"] }),
        ],
        service: { unit },
        // Without a time server it answers as well: a lab without the internet keeps its machines' own clocks.
        ready: { command: "chronyc -n tracking >/dev/null", seconds: 120 },
    };
}
