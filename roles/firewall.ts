import { controlAddresses } from "./addresses";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext, RoleDefinition } from "./role-definition";
import { render } from "./template";

/** Every machine's packet filter. It closes each port that has no door. */
export const firewall: RoleDefinition = {
    name: "firewall",
    isImplied: () => true,
    steps: [{ name: "firewall", component: "lab:Firewall", configuration: firewallConfiguration }],
    worksAfter: "firewall",
};

export function firewallConfiguration({
    description,
    machine,
    platform,
    doors,
}: Pick<RoleContext, "description" | "machine" | "platform" | "doors">): RoleConfiguration {
    const { unit, configurationFile, program, finish } = platform.firewall;
    const own = doors
        .filter(({ on }) => on.includes(machine))
        .map(({ what, port, udp = false, from }) => ({
            what,
            port,
            udp,
            from: from === "anyone" ? false : from.join(", "),
        }));
    return {
        prepare: [notLockedOut(program, controlAddresses(description))],
        files: [
            {
                path: configurationFile,
                content: render("etc/nftables.conf", {
                    program,
                    tcpDoors: own.filter(({ port }) => typeof port === "number"),
                    vrrpDoors: own.filter(({ port }) => port === "vrrp"),
                }),
            },
        ],
        test: `${program} --check --file ${configurationFile}`,
        service: { unit, onChange: "reload" },
        ready: { command: `${program} list table inet lab`, seconds: 60 },
        finish,
    };
}

/**
 * Shell text that fails if the new rules would lock this program out. nft tells whether this connection's address is a
 * control address, in a table that filters nothing. sudo hides the connection's address, so with sudo there is no
 * check.
 */
const notLockedOut = (program: string, control: string[]) => `if [ -n "\${SSH_CONNECTION-}" ]; then
    from=\${SSH_CONNECTION%% *}
    ${program} "add table inet lab-control; flush table inet lab-control; delete table inet lab-control
add table inet lab-control
add set inet lab-control control { type ipv4_addr; flags interval; elements = { ${control.join(", ")} }; }"
    ${program} get element inet lab-control control "{ $from }" >/dev/null 2>&1 && allowed=yes || allowed=no
    ${program} delete table inet lab-control
    if [ "$allowed" = no ]; then
        echo "$from is not in lab:network.control (${control.join(", ")}): these rules would lock this program out" >&2
        exit 1
    fi
fi`;
