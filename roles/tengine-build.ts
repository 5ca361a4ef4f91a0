import * as crypto from "node:crypto";
import { buildScript, serverSources } from "../catalog/director-servers";
import type { Build } from "./build";
import type { RoleContext } from "./role-definition";

/** How the directors' server is compiled, with jemalloc in it (article, rows 17 and 18). */
export function tengineBuild({
    description,
    platform,
    artifacts,
}: Pick<RoleContext, "description" | "platform" | "artifacts">): Build {
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
