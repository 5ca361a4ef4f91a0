/**
 * The environment variables of this project. No other TypeScript module reads or names them. The variables of HTTP
 * proxies are in proxies.ts.
 *
 * | variable          | set by            | read by                      | value                            |
 * | ----------------- | ----------------- | ---------------------------- | -------------------------------- |
 * | `LAB_HOME`        | user              | launcher                     | folder of the stacks' folders    |
 * | `LAB_CACHE`       | user, launcher    | launcher, program, `compile` | folder of downloads and builds   |
 * | `LAB_OFFLINE`     | user, `--offline` | launcher, program            | `1`: download nothing            |
 * | `LAB_STACK`       | user              | launcher                     | stack of a call without `-s`     |
 * | `LAB_CALLED_FROM` | `./lab`           | launcher                     | folder of the call               |
 * | `LAB_IMAGE`       | launcher          | program, `container`         | image that the launcher built    |
 * | `LAB_LAYERS`      | launcher          | program, `container`         | JSON: package layer by machine   |
 * | `LAB_MACHINES`    | launcher          | `container`                  | folder of the stack's containers |
 * | `LAB_DEBUG`       | launcher          | program                      | set if pulumi has `--debug`      |
 * | `LAB_FIRST_TIME`  | launcher          | program                      | set if no app server exists      |
 * | `LAB_PROGRAM_TIME`| `./lab bench`     | program-time.cjs             | file for the program's times     |
 *
 * `program` is the Pulumi program, index.ts. pulumi starts `compile` and `container` with its own environment
 * (launcher/bundle/build.cjs has all three).
 * Every function reads the environment when it is called, never at import.
 */
import * as path from "node:path";

const names = {
    home: "LAB_HOME",
    cache: "LAB_CACHE",
    offline: "LAB_OFFLINE",
    stack: "LAB_STACK",
    calledFrom: "LAB_CALLED_FROM",
    image: "LAB_IMAGE",
    layers: "LAB_LAYERS",
    machines: "LAB_MACHINES",
    debug: "LAB_DEBUG",
    firstTime: "LAB_FIRST_TIME",
    programTime: "LAB_PROGRAM_TIME",
} as const;

type Setting = keyof typeof names;

const valueOf = (setting: Setting): string | undefined => process.env[names[setting]];

/** These settings as environment variables, for a process that this one starts. `undefined` removes a variable. */
export const asVariables = (settings: Partial<Record<Setting, string | undefined>>): NodeJS.ProcessEnv =>
    Object.fromEntries(Object.entries(settings).map(([setting, value]) => [names[setting as Setting], value]));

/** Absolute path of the checkout. */
export const checkout = path.join(__dirname, "..");

/** The argv that starts one of the programs of launcher/bundle/build.cjs, by its name there. */
export const bundled = (name: string): [string, ...string[]] => [
    process.execPath,
    path.join(checkout, "launcher", "bundle", "run.cjs"),
    name,
];

/** Downloads and builds. The folder survives `./lab down`, and users may delete it at any time. */
export const cacheFolder = () => valueOf("cache") ?? "/var/cache/ha-web-lab";

/** The folder in which each stack has a folder of its own. */
export const homeFolder = () => valueOf("home") ?? "/var/lib/ha-web-lab";

/** Everything that belongs to one stack's lab; `./lab down` removes the folder. */
export const stackFolder = (stack: string) => path.join(homeFolder(), stack);

/** Whether downloads are forbidden: a file that is not in the cache is an error. */
export const isOffline = () => valueOf("offline") === "1";

/** Forbids downloads in this process and in every process that it starts from now on. */
export const goOffline = () => void Object.assign(process.env, asVariables({ offline: "1" }));

/** The stack of a call that names none. */
export const defaultStack = () => valueOf("stack") ?? "local";

/** The folder in which the user called `./lab`; the launcher itself may run in another one. */
export const callersFolder = () => valueOf("calledFrom") ?? process.cwd();

/** A path that the user named, as an absolute path. */
export const resolveForCaller = (file: string) => path.resolve(callersFolder(), file);

/** Path of the image that the launcher built from packages; undefined where pulumi runs without the launcher. */
export const builtImagePath = () => valueOf("image");

/** The package layer that each machine starts from, tree or disk, by its name. Other machines start from the image. */
export const packageLayers = () => JSON.parse(valueOf("layers") ?? "{}") as Record<string, string>;

/** The folder in which each container of the stack has its own folder; undefined outside of an isolated lab. */
export const machinesFolder = () => valueOf("machines");

/** Whether pulumi was called with `--debug`, and so shows debug messages. */
export const isDebugging = () => valueOf("debug") !== undefined;

/** Whether the stack has no app server yet, so that their first start need not be one after another. */
export const isFirstTime = () => valueOf("firstTime") !== undefined;
