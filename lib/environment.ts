import * as path from "node:path";

/** The checkout. */
export const checkout = path.join(__dirname, "..");

/** The argv of a program of this project's, by its name in launcher/bundle/build.cjs. */
export const bundled = (name: string): [string, ...string[]] => [
    process.execPath,
    path.join(checkout, "launcher", "bundle", "run.cjs"),
    name,
];

/** What survives `./lab down` and may be deleted at any time. */
export const cacheFolder = (env: NodeJS.ProcessEnv = process.env) => env.LAB_CACHE ?? "/var/cache/ha-web-lab";

/** Whether nothing may be downloaded: what is not in the cache is an error. */
export const isOffline = (env: NodeJS.ProcessEnv = process.env) => env.LAB_OFFLINE === "1";

/** What lives as long as a lab does. */
export const homeFolder = (env: NodeJS.ProcessEnv = process.env) => env.LAB_HOME ?? "/var/lib/ha-web-lab";

/** All that belongs to one stack's lab. */
export const stackFolder = (stack: string, env: NodeJS.ProcessEnv = process.env) => path.join(homeFolder(env), stack);
