import * as crypto from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Artifacts } from "../artifacts/needed";
import { sessionRoutes, upstreamServers, type SessionRoute, type UpstreamServer } from "../config/description";
import { hardened } from "./hardening";
import type { RoleArgs, RoleContext } from "../components/role";
import type { RoleConfiguration } from "./role-configuration";
import { render } from "./template";
import { buildScript, prefix, serverSources, temporaryFolders } from "../catalog/director-servers";

export interface TengineArgs extends RoleArgs {
    artifacts: Artifacts;
}

/** The directors' web server, compiled from source with jemalloc (seed rows 17 to 20). */
export class Tengine extends pulumi.ComponentResource {
    readonly ready: pulumi.Resource;

    constructor(name: string, args: TengineArgs, opts: pulumi.ComponentResourceOptions) {
        super("lab:Tengine", name, {}, opts);
        const build = describeBuild(args);
        const compiled = args.host.compile("tengine", build, { parent: this });
        this.ready = args.host.configure("tengine", tengineConfiguration(args, build.key), {
            parent: this,
            dependsOn: [compiled, ...(args.after ?? [])],
        });
        this.registerOutputs();
    }
}

/** Something that is compiled once, on the machine that needs it first, and from then on comes from the control machine's cache. */
export interface Build {
    /** Hash of everything that the result depends on: sources, script, platform. */
    key: string;
    /** Files on the control machine that the script needs, by name. */
    sources: { name: string; source: string }[];
    /** Run as root before the script, only where it is compiled. */
    prepare: string;
    /** Run as an ordinary user in a folder with the sources; leaves result.tar.gz there, which is unpacked to /. */
    script: string;
}

export function describeBuild({
    description,
    platform,
    artifacts,
}: RoleContext & Pick<TengineArgs, "artifacts">): Build {
    const source = serverSources[description.director.source];
    const sources = [artifacts[source.server], artifacts[source.jemalloc]];
    const script = buildScript(source, {
        server: artifacts[source.server].name,
        jemalloc: artifacts[source.jemalloc].name,
    });
    const prepare = platform.installPackages(platform.packages.directorBuild);
    const inputs = JSON.stringify([
        platform.name,
        platform.packages.directorBuild,
        script,
        sources.map(({ sha256 }) => sha256),
    ]);
    return { key: crypto.createHash("sha256").update(inputs).digest("hex").slice(0, 16), sources, prepare, script };
}

/** The directors' groups of app servers: all of them, and for each route of a session its own with the one that takes its place. */
function upstreams(all: UpstreamServer[], routes: SessionRoute[]) {
    return [
        { name: "be_server1", hashed: true, servers: all.map((server) => ({ ...server, isBackup: false })) },
        ...routes.map(({ name, servers }) => ({
            name: `be_${name}`,
            hashed: false,
            servers: servers.map((server, index) => ({ ...server, isBackup: index > 0 })),
        })),
    ];
}

export function tengineConfiguration({ description, platform }: RoleContext, buildKey: string): RoleConfiguration {
    const { affinity, source } = description.director;
    const { isTengine, dsoModules, perRequestVariable: differing } = serverSources[source];
    const bySession = affinity === "session";
    const routes = bySession ? sessionRoutes(description) : [];
    return {
        prepare: [
            "getent group nginx >/dev/null || groupadd --system nginx",
            `getent passwd nginx >/dev/null || useradd --system --gid nginx --home-dir /var/tmp/tengine --no-create-home --shell ${platform.noLogin} nginx`,
            "install -d -o nginx -g nginx -m 700 /var/tmp/tengine " + temporaryFolders.join(" "),
            "install -d -o root -g root -m 755 /var/log/tengine",
            `[ "$(cat "$here/build" 2>/dev/null)" = ${buildKey} ] || { changed restart; echo ${buildKey} > "$here/build"; }`,
        ],
        files: [
            {
                path: "/etc/tengine/nginx.conf",
                content: render("etc/tengine/nginx.conf", {
                    session: bySession,
                    hashKey: bySession ? "$affinity" : "$request_uri",
                    appServers: bySession ? "${app_servers}" : "be_server1",
                    routes,
                    upstreams: upstreams(upstreamServers(description), routes),
                    tengine: isTengine,
                    dso: dsoModules.length > 0 && { modules: dsoModules },
                    differing,
                    // Tengine 2 is older than the word (nginx 1.9.13), and sends every request on.
                    namesNonIdempotent: source !== "tengine-2.1.0",
                    checkRequest: "HEAD /health?shallow HTTP/1.0\\r\\n\\r\\n",
                    serverName: description.site.hostName,
                    cidr: description.network.cidr,
                }),
            },
            {
                path: "/etc/systemd/system/tengine.service",
                content: render("etc/systemd/system/tengine.service", { source, prefix }),
            },
            // Its temporary folders are below /var/tmp (seed row 18), and another's: DAC_OVERRIDE lets the process that opens port 80 in.
            hardened("tengine.service", platform, {
                capabilities: ["NET_BIND_SERVICE", "SETGID", "SETUID", "CHOWN", "KILL", "DAC_OVERRIDE"],
                sharesTmp: true,
            }),
        ],
        test: `${prefix}/sbin/nginx -t -q`,
        service: { unit: "tengine.service", onChange: "reload" },
        ready: { command: "curl -sS -f -o /dev/null --max-time 10 http://127.0.0.1/health", seconds: 300 },
    };
}
