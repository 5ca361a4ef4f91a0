import { execFile } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import gte from "semver/functions/gte";
import { PULUMI_VERSION } from "./pins";

const run = promisify(execFile);

export interface OfficialCli {
    pulumi: string;
    version: string;
}

/**
 * The official pulumi on PATH, if it is at least as new as the one that would be built and its Node.js language host is
 * in the same folder.
 */
export async function findOfficialCli(env: NodeJS.ProcessEnv): Promise<OfficialCli | undefined> {
    for (const folder of (env.PATH ?? "").split(path.delimiter)) {
        const pulumi = path.join(folder, "pulumi");
        if (folder === "" || !existsSync(pulumi)) continue;
        const beside = [folder, path.dirname(realpathSync(pulumi))].some((place) =>
            existsSync(path.join(place, "pulumi-language-nodejs")),
        );
        const { stdout } = await run(pulumi, ["version"], { env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" } }).catch(
            () => ({ stdout: "" }),
        );
        const version = /^v?(\d+\.\d+\.\d+)\S*$/.exec(stdout.trim())?.[1];
        return beside && version !== undefined && gte(version, PULUMI_VERSION) ? { pulumi, version } : undefined;
    }
    return undefined;
}

/** The PULUMI_HOME of the user's own pulumi. */
export const userPulumiHome = (env: NodeJS.ProcessEnv): string =>
    env.PULUMI_HOME || path.join(env.HOME || homedir(), ".pulumi");

/** The folder of a resource plugin in a PULUMI_HOME. */
export const pluginFolder = (home: string, name: string, version: string): string =>
    path.join(home, "plugins", `resource-${name}-v${version}`);

/** Makes pulumi download a plugin into a PULUMI_HOME. Gives false if that fails or takes longer than 30 s. */
export async function downloadPlugin(
    pulumi: string,
    home: string,
    name: string,
    version: string,
    env: NodeJS.ProcessEnv,
): Promise<boolean> {
    try {
        await run(pulumi, ["plugin", "install", "resource", name, `v${version}`], {
            env: { ...env, PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true" },
            timeout: 30_000,
            killSignal: "SIGKILL",
        });
        return existsSync(path.join(pluginFolder(home, name, version), `pulumi-resource-${name}`));
    } catch {
        return false;
    }
}
