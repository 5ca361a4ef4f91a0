import { existsSync, mkdirSync, readdirSync, rmSync, rmdirSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { MachineKind } from "../../config/description";
import type { Progress } from "../../lib/progress";
import { bundled, checkout, isOffline } from "../../lib/environment";
import { run } from "../../lib/run";
import { UserError } from "../../lib/errors";
import { ensureHostPackages } from "./host-packages";
import { withLock } from "../../lib/lock";
import { hostMirrors } from "./mirrors";
import { findHolder, isReady, startHolder, stopHolder, virsh, type IsolatedHost } from "./namespace";
import { proxyConfiguration } from "./proxy";

export { virsh, type IsolatedHost } from "./namespace";

/** TCP port of the package proxy, on the gateway and on every other address in the lab's network namespace. */
export const defaultProxyPort = 3142;

/**
 * Gives the isolated host of `home`: namespaces, a libvirtd and the package proxy. One that runs stays as it is;
 * otherwise it is started, and the machines that `home` has from before a crash or a reboot are started with it.
 * Installs missing packages on this machine. `home` and `cache` are absolute paths. `proxyPort` takes effect when the
 * isolated host starts.
 */
export async function ensureIsolatedHost(options: {
    home: string;
    cache: string;
    kind: MachineKind;
    proxyPort?: number;
    progress: Progress;
}): Promise<IsolatedHost> {
    const { home, cache, kind, proxyPort = defaultProxyPort, progress } = options;
    for (const folder of [home, cache]) {
        if (!isAbsolute(folder) || /^(\/var)?\/run\/|[:,\\\n]/.test(folder)) {
            throw new UserError(
                `The lab cannot live in ${folder}.`,
                "Name an absolute path outside of /run, without a colon, comma or backslash (LAB_HOME, LAB_CACHE).",
            );
        }
    }
    return withLock(home, async () => {
        await ensureHostPackages(kind, progress);
        const running = findHolder(home);
        if (running && (await isReady(running, kind, home, 10))) return running;
        return progress.step("Starting the lab's network and libvirtd", async (say) => {
            await stopHolder(home);
            mkdirSync(home, { recursive: true, mode: 0o700 });
            await writeProxyConfiguration(cache);
            const isolatedHost = await startHolder({ home, cache, proxyPort });
            if (!(await isReady(isolatedHost, kind, home, 30)))
                throw new Error(`libvirtd did not answer within 30 s: see ${join(home, "run", "holder.log")}`);
            await resumeMachines(isolatedHost, kind, home, say);
            return isolatedHost;
        });
    });
}

async function writeProxyConfiguration(cache: string): Promise<void> {
    for (const folder of ["packages", "proxy/log"]) mkdirSync(join(cache, folder), { recursive: true });
    writeFileSync(join(cache, "proxy", "acng.conf"), proxyConfiguration(cache, await hostMirrors(), isOffline()));
}

/** Runs the program `container` (container.ts) in the lab's namespaces. */
const container = (isolatedHost: IsolatedHost, words: string[], say?: (detail: string) => void) =>
    run(isolatedHost.enter([...bundled("container"), ...words]) as [string, ...string[]], { say, cwd: checkout });

/** Copies the disks of all containers of `home` into `folder`. The caller has paused the machines. */
export const saveMachines = (isolatedHost: IsolatedHost, home: string, folder: string) =>
    container(isolatedHost, ["save", join(home, "machines"), folder]);

/** Replaces the containers of `home` by those that saveMachines copied into `folder`, and starts them. */
export const restoreMachines = (isolatedHost: IsolatedHost, home: string, folder: string) =>
    container(isolatedHost, ["restore", join(home, "machines"), folder]);

/** Starts the machines of `home` that are off: after the end of a holder, or because a user stopped them. */
export async function resumeMachines(
    isolatedHost: IsolatedHost,
    kind: MachineKind,
    home: string,
    say: (detail: string) => void,
): Promise<void> {
    if (kind === "vm") {
        const domains = async (which: string) =>
            (await virsh(isolatedHost, kind, "list", which, "--name")).split("\n").filter(Boolean);
        for (const name of await domains("--state-shutoff")) await virsh(isolatedHost, kind, "start", name);
        return;
    }
    const machines = join(home, "machines");
    if (!existsSync(machines) || !readdirSync(machines).some((name) => !name.startsWith("."))) return;
    await container(isolatedHost, ["resume", machines], say);
}

/**
 * Ends the isolated host of `home` with all its machines and removes its files; other files in `home` stay. Does
 * nothing where there is none.
 */
export async function removeIsolatedHost(options: { home: string; progress: Progress }): Promise<void> {
    const { home, progress } = options;
    await withLock(home, () =>
        progress.step("Removing the lab's network and libvirtd", async () => {
            await stopHolder(home);
            for (const folder of ["machines", "libvirt", "run"])
                rmSync(join(home, folder), { recursive: true, force: true });
            if (existsSync(home) && readdirSync(home).length === 0) rmdirSync(home);
        }),
    );
}

/** The isolated host of `home`; undefined where it does not run. */
export function findIsolatedHost(home: string): Promise<IsolatedHost | undefined> {
    return Promise.resolve(findHolder(home));
}
