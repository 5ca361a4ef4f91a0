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

/** The TCP port of the package proxy on every address that the lab's host end has. */
export const defaultProxyPort = 3142;

/**
 * The local lab's network in `home`, running: namespaces, a libvirtd of its own and the package proxy. What is there already is left alone.
 * After a crash, or a reboot of the host, the machines of `home` are running again when it returns. Installs what the host lacks.
 * Both folders are absolute paths. `kind`: of the lab's machines. `proxyPort` (default 3142) counts when the network starts.
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
        return progress.step("Starting the local network", async (say) => {
            await stopHolder(home);
            mkdirSync(home, { recursive: true, mode: 0o700 });
            await writeProxyConfiguration(cache);
            const isolatedHost = await startHolder({ home, cache, proxyPort });
            if (!(await isReady(isolatedHost, kind, home, 30)))
                throw new Error(`libvirtd does not answer: see ${join(home, "run", "holder.log")}`);
            await resumeMachines(isolatedHost, kind, home, say);
            return isolatedHost;
        });
    });
}

async function writeProxyConfiguration(cache: string): Promise<void> {
    for (const folder of ["packages", "proxy/log"]) mkdirSync(join(cache, folder), { recursive: true });
    writeFileSync(join(cache, "proxy", "acng.conf"), proxyConfiguration(cache, await hostMirrors(), isOffline()));
}

const container = (isolatedHost: IsolatedHost, words: string[], say?: (detail: string) => void) =>
    run(isolatedHost.enter([...bundled("container"), ...words]) as [string, ...string[]], { say, cwd: checkout });

/** Copies the disks of all machines of `home`, which have to stand still, into `folder`. */
export const saveMachines = (isolatedHost: IsolatedHost, home: string, folder: string) =>
    container(isolatedHost, ["save", join(home, "machines"), folder]);

/** Makes the machines of `home` those that were saved into `folder`, running. */
export const restoreMachines = (isolatedHost: IsolatedHost, home: string, folder: string) =>
    container(isolatedHost, ["restore", join(home, "machines"), folder]);

/** Brings back those machines of `home` that stand still: after the end of a holder, or stopped by hand. */
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

/** Ends the lab in `home` with all its machines, and removes its files. Other files in `home` stay. Nothing to remove is fine. */
export async function removeIsolatedHost(options: { home: string; progress: Progress }): Promise<void> {
    const { home, progress } = options;
    await withLock(home, () =>
        progress.step("Removing the local network", async () => {
            await stopHolder(home);
            for (const folder of ["machines", "libvirt", "run"])
                rmSync(join(home, folder), { recursive: true, force: true });
            if (existsSync(home) && readdirSync(home).length === 0) rmdirSync(home);
        }),
    );
}

/** The local network in `home`, if it runs. */
export function findIsolatedHost(home: string): Promise<IsolatedHost | undefined> {
    return Promise.resolve(findHolder(home));
}
