import { createHash } from "node:crypto";
import { serverSources } from "../catalog/director-servers";
import { checkedPath, isSample } from "../config/application";
import type { LabDescription } from "../config/description";
import { hardened } from "./hardening";
import { restarted } from "./restarted";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext } from "./role-definition";
import { sessionRoutes, upstreamServers } from "./sessions";
import { render, verbatim } from "./template";

/** By this name the session valve takes the checks for a crawler: all of them together have one session. */
export const checkAgent = "lab-health (bot)";

export const checksUnit = "tengine-checks.service";

/** Whether the directors' server has no health checks of its own, so that this service has to do them. */
export const needsChecks = ({ director }: LabDescription) => !serverSources[director.source].isTengine;

/**
 * The lists of app servers that nginx.conf includes, one for each group. Another set of app servers has another folder:
 * a list from before would lack a new app server.
 */
export function appServerLists(description: LabDescription) {
    const routes = sessionRoutes(description);
    const key = createHash("sha256").update(JSON.stringify(routes)).digest("hex").slice(0, 8);
    return {
        folder: `/run/tengine/${key}`,
        groups: routes.map(({ name, servers }, index) => ({
            name: `be_${name}`,
            servers: servers.map((server, place) => ({ ...server, isListed: place < 2, isBackup: place > 0 })),
            // In per cent, of the requests that may go anywhere.
            share: index < routes.length - 1 ? `${Math.floor(10_000 / routes.length) / 100}%` : "*",
        })),
    };
}

/** Health checks of the app servers on a director whose server has none. */
export function healthChecksConfiguration({ description, platform }: RoleContext): RoleConfiguration {
    if (!needsChecks(description))
        return {
            prepare: [
                "# After a change from nginx to Tengine.",
                `[ ! -e /etc/systemd/system/${checksUnit} ] || systemctl disable --now ${checksUnit}`,
            ],
        };
    const { folder, groups } = appServerLists(description);
    return {
        files: [
            {
                path: "/usr/libexec/tengine/check-app-servers",
                content: render("usr/libexec/tengine/check-app-servers", {
                    listsFolder: folder,
                    groups,
                    path: checkedPath(description),
                    agent: !isSample(description) && { name: checkAgent },
                    addresses: upstreamServers(description).map(({ address }) => address),
                }),
                mode: "755",
            },
            {
                path: `/etc/systemd/system/${checksUnit}`,
                content: verbatim("etc/systemd/system/tengine-checks.service"),
            },
            restarted(checksUnit),
            // `ss --kill` ends connections to machines that are gone.
            hardened(checksUnit, platform, { capabilities: ["NET_ADMIN"], families: ["AF_NETLINK"] }),
        ],
        service: { unit: checksUnit },
    };
}
