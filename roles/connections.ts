import { otherDirectors } from "./hand-over";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext } from "./role-definition";
import { render } from "./template";

export const connectionsScript = "/usr/libexec/keepalived/connections";
const unit = "lab-connections.service";
const unitFile = `/etc/systemd/system/${unit}`;

/** The other director, where open connections go on when the virtual address moves. */
export function connectionsPeer(context: Pick<RoleContext, "description" | "machine" | "platform">) {
    const others = otherDirectors(context);
    return context.platform.keepalived.keepsConnections && others.length === 1 ? others[0] : undefined;
}

/**
 * Connections that are open when the virtual address moves from one of two living directors to the other. Both have it
 * as a local address, and the new holder sends packets of connections that it does not know on to the other one.
 */
export function connectionsConfiguration(context: RoleContext): RoleConfiguration {
    const { description, platform } = context;
    const peer = connectionsPeer(context);
    if (!peer)
        return {
            prepare: [
                "# After a change from two directors to another number.",
                `[ ! -e ${unitFile} ] || systemctl disable --now ${unit}`,
            ],
        };
    return {
        files: [
            {
                path: connectionsScript,
                content: render("usr/libexec/keepalived/connections", {
                    virtualAddress: description.virtualAddress,
                    interface: description.keepalived.interface,
                    other: peer.address,
                    program: platform.firewall.program,
                }),
                mode: "755",
            },
            {
                path: unitFile,
                content: render("etc/systemd/system/lab-connections.service", {
                    unit: platform.keepalived.unit,
                    script: connectionsScript,
                }),
            },
        ],
        service: { unit, onChange: "reload" },
    };
}
