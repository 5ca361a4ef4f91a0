import * as fs from "node:fs";
import * as path from "node:path";
import { ensureArtifacts } from "../../artifacts/cache";
import { ensureDiskImage } from "../../artifacts/disk-image";
import type { LabDescription } from "../../config/description";
import { jumpHostsOf, jumpTarget } from "../../hypervisors/jump-host";
import { cacheFolder, checkout, isOffline, stackFolder } from "../../lib/environment";
import { UserError } from "../../lib/errors";
import { sshArgv } from "../../lib/libvirt-uri";
import { withLock } from "../../lib/lock";
import { createProgress } from "../../lib/progress";
import { run } from "../../lib/run";
import { words } from "../../lib/shell";
import { readDescription } from "../../roles/configuration";
import { neededArtifacts } from "../../roles/of-machine";
import { attach } from "../command";
import { standstill } from "../commands/snapshot/archive";
import { ensureEngine, type Engine } from "../engine/index";
import { endOrphans } from "../engine/orphans";
import { ensureImage } from "../isolated-host/image";
import { ensureIsolatedHost, findIsolatedHost, type IsolatedHost } from "../isolated-host/index";
import { refuseWithoutPrograms } from "../isolated-host/required-programs";
import { recoverFromKill, recoverMachines } from "./recovery";
import { StackFile } from "./stack-file";

export const progress = createProgress(process.stderr);

/** A stack with all that pulumi needs to work on it: the engine, the network that it runs in, its backend and passphrase. */
export class Session {
    private constructor(
        readonly file: StackFile,
        private readonly engine: Engine,
        private readonly isolatedHost: IsolatedHost | undefined,
        private readonly image: string | undefined,
    ) {}

    /**
     * Puts in place whatever is missing; what is there already costs next to nothing. `plans`: the stack's configuration and artifacts
     * come first, so that what is wrong with them is said before anything is started. `makesMachines`: also the image that machines
     * are made from, where it is built here.
     */
    static async open(stack: string, { plans = false, makesMachines = false } = {}): Promise<Session> {
        const file = new StackFile(stack);
        const cache = cacheFolder();
        if (plans) {
            const description = readDescription(file.settings, stack);
            const options = { cache, progress, offline: isOffline() };
            if (makesMachines && description.machineKind === "vm" && !file.isIsolated) refuseWithoutPrograms();
            await ensureArtifacts(neededArtifacts(description), options);
            if (description.machineKind === "vm") await ensureDiskImage(description, options);
            await jumpHostsOf(description);
        }
        const [engine, image, isolatedHost] = await Promise.all([
            ensureEngine({ cache, progress }),
            makesMachines && file.wantsBuiltImage
                ? ensureImage({ cache, platform: "debian-13", kind: file.machineKind, progress }).then(
                      (image) => image.path,
                  )
                : undefined,
            file.isIsolated
                ? ensureIsolatedHost({
                      home: stackFolder(stack),
                      cache,
                      kind: file.machineKind,
                      proxyPort: file.packageProxy,
                      progress,
                  })
                : undefined,
        ]);
        return new Session(file, engine, isolatedHost, image);
    }

    private get env(): NodeJS.ProcessEnv {
        const { stack } = this.file;
        return {
            ...process.env,
            ...this.engine.env,
            PULUMI_STACK: stack,
            ...(this.file.isIsolated
                ? {
                      // Without files of metadata beside the state's: a kill while one is written leaves it empty, and pulumi then reads nothing at all.
                      PULUMI_BACKEND_URL: `file://${backendFolder(stack)}?metadata=skip`,
                      PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile(stack),
                      PULUMI_CONFIG_PASSPHRASE: undefined,
                      // The plugin asks an agent whose socket is named, and fails where nobody listens; the lab has a key of its own.
                      SSH_AUTH_SOCK: "",
                  }
                : {}),
            LAB_CACHE: cacheFolder(),
            LAB_IMAGE: this.image,
            LAB_MACHINES: path.join(stackFolder(stack), "machines"),
        };
    }

    private argv(words: string[]): string[] {
        const argv = [this.engine.pulumi, ...words];
        return this.isolatedHost ? this.isolatedHost.enter(argv) : argv;
    }

    /** pulumi with these words and this terminal, and `env` more in its environment; gives its exit code. */
    pulumi(words: string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
        const debug = words.includes("--debug") || words.includes("-d") ? { LAB_DEBUG: "true" } : {};
        return attach(this.argv(words), { cwd: checkout, env: { ...this.env, ...debug, ...env } }).finally(() =>
            endOrphans(this.engine),
        );
    }

    /** The same without a terminal; gives what it wrote to standard output and fails when it fails. */
    ask(words: string[], input?: string): Promise<string> {
        return run(this.argv(words) as [string, ...string[]], {
            cwd: checkout,
            env: this.env,
            input,
            name: `pulumi ${words[0] ?? ""}`,
        });
    }

    /** The stack, and the secrets that its file has none of: made now. What a killed pulumi left is tidied up; a snapshot or a revert that is at work is waited for. */
    async ensureStack(): Promise<void> {
        await withLock(
            standstill(stackFolder(this.file.stack)),
            () => Promise.resolve(),
            () => progress.info("Waiting for a snapshot or a revert to end."),
        );
        if (this.file.isIsolated) fs.mkdirSync(backendFolder(this.file.stack), { recursive: true, mode: 0o700 });
        const { initialise } = await import("./init");
        await initialise(this);
        if (this.isolatedHost) await recoverFromKill(this, this.isolatedHost);
    }

    /** For `up`'s environment: that no app server is there yet (LabArgs.firstTime), as far as the state tells. */
    async firstTime(): Promise<NodeJS.ProcessEnv> {
        const { stack, isIsolated } = this.file;
        // Asking pulumi takes half a second on every run.
        const state = !isIsolated
            ? await this.ask(["stack", "export"])
            : fs.existsSync(stateFile(stack))
              ? fs.readFileSync(stateFile(stack), "utf8")
              : "";
        return /Command::[^":]+-tomcat"/.test(state) ? {} : { LAB_FIRST_TIME: "true" };
    }

    /** Words for pulumi's up and preview, by which machines that were taken away behind its back are made anew. */
    async replacements(): Promise<string[]> {
        if (!this.isolatedHost) return [];
        return recoverMachines(this, this.isolatedHost, readDescription(this.file.settings, this.file.stack));
    }
}

/** An isolated lab's state is in files of its own. */
export const backendFolder = (stack: string) => path.join(stackFolder(stack), "pulumi");
/** The file backend's: its folder is the project's name in Pulumi.yaml. */
export const stateFile = (stack: string) =>
    path.join(backendFolder(stack), ".pulumi", "stacks", "lab", `${stack}.json`);
export const passphraseFile = (stack: string) => path.join(stackFolder(stack), "passphrase");

/** The argv that runs something of this machine's, ssh or virsh, on the stack: for an isolated one in its namespaces, and it has to be up. */
export async function reach(stack: string): Promise<(argv: string[]) => string[]> {
    if (!new StackFile(stack).isIsolated) return (argv) => argv;
    const isolatedHost = await runningIsolatedHost(stack);
    return (argv) => isolatedHost.enter(argv);
}

/** An isolated lab's network; a UserError where it is not up. */
export async function runningIsolatedHost(stack: string): Promise<IsolatedHost> {
    const isolatedHost = await findIsolatedHost(stackFolder(stack));
    if (!isolatedHost) throw new UserError(`The lab '${stack}' is not running.`, `Start it: ./lab up -s ${stack}`);
    return isolatedHost;
}

/** The argv that runs something where the machines' addresses are: on their hypervisor, where this machine has no other way to them. */
export async function amongMachines(stack: string): Promise<(argv: string[]) => string[]> {
    const file = new StackFile(stack);
    const enter = await reach(stack);
    // Its machines are here, whatever else is wrong in its file.
    return file.isIsolated ? enter : amongMachinesOf(readDescription(file.settings, stack), enter);
}

/** The same of a site that is known, `enter` being what reaches it. */
export function amongMachinesOf(
    description: Pick<LabDescription, "hypervisors" | "network">,
    enter: (argv: string[]) => string[],
): (argv: string[]) => string[] {
    const jump = jumpTarget(description);
    return jump ? (argv) => [...sshArgv(jump), words(argv)] : enter;
}
