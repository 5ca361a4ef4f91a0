import type { LogFiles } from "../catalog/platforms/platform";
import { systemUser } from "../lib/posix-accounts";
import { checkedPath, healthPath, isSample } from "../config/application";
import { machinesWith, type LabDescription } from "../config/description";
import { addressesOf, controlAddresses } from "./addresses";
import { handsOver } from "./hand-over";
import { hardened } from "./hardening";
import { monitorsOf } from "./monitoring";
import { headerKiBBehindDirectors } from "./request-limits";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext } from "./role-definition";
import { appServerLists, checkAgent } from "./health-checks";
import { jvmRoute, sessionRoutes, upstreamServers, type SessionRoute, type UpstreamServer } from "./sessions";
import { render, verbatim } from "./template";
import { tengineBuild } from "./tengine-build";
import { prefix, serverSources, temporaryFolders } from "../catalog/director-servers";
import { answersText } from "../lib/proxies";

/**
 * Tengine's upstream groups: one with all app servers, and one for each session route, with the app server that takes
 * over.
 */
function upstreams(all: UpstreamServer[], routes: SessionRoute[]) {
    return [
        {
            name: "be_server1",
            hashed: true,
            // The checks alone take a server out. consistent_hash takes one out after more than max_fails failures.
            servers: all.map((server) => ({ ...server, maxFails: 1_000_000, isBackup: false })),
        },
        ...routes.map(({ name, servers }) => ({
            name: `be_${name}`,
            hashed: false,
            servers: servers.slice(0, 2).map((server, index) => ({ ...server, maxFails: 0, isBackup: index > 0 })),
        })),
    ];
}

/** Where the server counts its connections. Tengine has the state of its checks at /status. */
export const connectionsPath = ({ director }: LabDescription) =>
    serverSources[director.source].isTengine ? "/status/connections" : "/status";

/** On USR1 the server opens new files and loses no line. */
export const tengineLogs: LogFiles = {
    files: ["/var/log/tengine/*.log"],
    reopen: "systemctl kill --kill-who=main --signal=USR1 tengine.service || true",
};

/** The directors' web server (article, rows 18 to 20). */
export function tengineConfiguration(context: RoleContext): RoleConfiguration {
    const { description, platform } = context;
    const { key: buildKey } = tengineBuild(context);
    const { affinity, source, timeouts, maxBodyMiB, maxHeaderKiB, compress } = description.director;
    const { isTengine, dsoModules, limitsRepeats, perRequestVariable: differing } = serverSources[source];
    const bySession = affinity === "session";
    const routes =
        bySession && (!isTengine || machinesWith(description, "app").length > 1) ? sessionRoutes(description) : [];
    const anyAppServers = isTengine ? "be_server1" : "$any_app_servers";
    const lists = appServerLists(description);
    return {
        prepare: [
            ...systemUser("nginx", { home: "/var/tmp/tengine", shell: platform.noLogin }),
            `if [ "$(cat "$here/build" 2>/dev/null)" != ${buildKey} ]; then`,
            "    changed restart",
            `    echo ${buildKey} > "$here/build"`,
            "fi",
        ],
        files: [
            {
                path: "/etc/tengine/nginx.conf",
                content: render("etc/tengine/nginx.conf", {
                    session: bySession,
                    hashKey: bySession ? "$affinity" : "$request_uri",
                    appServers: bySession ? "$app_servers" : anyAppServers,
                    anyAppServers,
                    routes,
                    knownRoutes: machinesWith(description, "app")
                        .map((machine) => jvmRoute(description, machine))
                        .join("|"),
                    upstreams: upstreams(upstreamServers(description), routes),
                    groups: lists.groups,
                    listsFolder: lists.folder,
                    tengine: isTengine,
                    connections: isTengine && monitorsOf(description).length > 0 && connectionsPath(description),
                    connectMilliseconds: milliseconds(timeouts.connectSeconds),
                    sendSeconds: timeouts.sendSeconds,
                    answerSeconds: timeouts.answerSeconds,
                    limitsRepeats,
                    // The whole seconds of a time that is not longer than an attempt to connect.
                    connectTimes: Array.from(
                        { length: Math.floor(timeouts.connectSeconds) + 1 },
                        (_, second) => second,
                    ).join("|"),
                    repeatMilliseconds: milliseconds(timeouts.answerSeconds) - 100,
                    dso: dsoModules.length > 0 && { modules: dsoModules },
                    differing,
                    // Tengine 2 is older than `non_idempotent` (nginx 1.9.13). It repeats every request on another
                    // server.
                    namesNonIdempotent: source !== "tengine-2.1.0",
                    checkRequest:
                        `HEAD ${checkedPath(description)} HTTP/1.0\\r\\n` +
                        `${isSample(description) ? "" : `User-Agent: ${checkAgent}\\r\\n`}\\r\\n`,
                    checkedPath: checkedPath(description),
                    sample: isSample(description),
                    serverName: description.site.hostName,
                    cidr: description.network.cidr,
                    monitors: monitorsOf(description).length > 0 && {
                        addresses: addressesOf(monitorsOf(description)),
                        control: controlAddresses(description),
                    },
                    maxBodyMiB,
                    maxHeaderKiB,
                    answerHeaderKiB: headerKiBBehindDirectors(description),
                    compress,
                }),
            },
            {
                path: "/etc/tengine/director-error.html",
                content: render("etc/tengine/director-error.html", {
                    serverName: description.site.hostName,
                    maxBodyMiB,
                    maxHeaderKiB,
                }),
            },
            {
                path: "/etc/tmpfiles.d/tengine.conf",
                content: render("etc/tmpfiles.d/tengine.conf", { temporaryFolders, lists: !isTengine && lists }),
            },
            {
                path: "/etc/systemd/system/tengine-folders.service",
                content: verbatim("etc/systemd/system/tengine-folders.service"),
            },
            {
                path: "/etc/systemd/system/tengine.service",
                content: render("etc/systemd/system/tengine.service", { source, prefix }),
            },
            // The temporary folders belong to user nginx (article, row 18). The master process needs DAC_OVERRIDE to
            // open them.
            hardened("tengine.service", platform, {
                capabilities: ["NET_BIND_SERVICE", "SETGID", "SETUID", "CHOWN", "KILL", "DAC_OVERRIDE"],
                sharesTmp: true,
            }),
        ],
        test: `systemd-tmpfiles --create /etc/tmpfiles.d/tengine.conf && ${prefix}/sbin/nginx -t -q`,
        service: { unit: "tengine.service", onChange: "reload", aside: handsOver(context) },
        ready: { command: answersText(`http://127.0.0.1${healthPath(description)}`), seconds: 300 },
    };
}

const milliseconds = (seconds: number) => Math.round(seconds * 1000);
