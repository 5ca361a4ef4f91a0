import { ensureDiskImage } from "../../artifacts/disk-image";
import { ensureLabArtifacts } from "../../artifacts/lab-artifacts";
import { neededArtifacts } from "../../roles/of-machine";
import { readDescription } from "../../roles/configuration";
import { jumpHostsOf } from "../../hypervisors/jump-host";
import { asVariables, cacheFolder, checkout, isOffline, stackFolder } from "../../lib/environment";
import { run } from "../../lib/run";
import { attach } from "../attach";
import { ensureEngine, type Engine } from "../engine/index";
import { endOrphans } from "../engine/orphans";
import { builtImageOf, ensureImage } from "../isolated-host/image";
import { defaultProxyPort, ensureIsolatedHost, type IsolatedHost } from "../isolated-host/index";
import { findLayers, layerMaker, layerRecipes, layersOfMachines, type Layer } from "../isolated-host/layers";
import { refuseWithoutPrograms } from "../isolated-host/required-programs";
import { progress } from "../progress";
import { backendFolder, layersFolder, machinesFolder, passphraseFile } from "./folders";
import { mistakesHere } from "./host-size";
import { makeStack } from "./make-stack";
import type { StackPulumi } from "./secrets";
import { StackFile } from "./stack-file";

/** What every pulumi of a stack gets from its environment. */
const environmentOf = ({ stack, isIsolated }: StackFile, engine: Engine): NodeJS.ProcessEnv => ({
    ...process.env,
    ...engine.env,
    PULUMI_STACK: stack,
    ...(isIsolated
        ? {
              // metadata=skip: a pulumi that is killed while it writes a metadata file leaves an empty file, and no
              // later pulumi can read the state.
              PULUMI_BACKEND_URL: `file://${backendFolder(stack)}?metadata=skip`,
              PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile(stack),
              PULUMI_CONFIG_PASSPHRASE: undefined,
              // The command plugin fails if SSH_AUTH_SOCK names a socket without an agent. The lab has a login key of
              // its own.
              SSH_AUTH_SOCK: "",
          }
        : {}),
});

/** Pulumi outside of the lab's namespaces, for what concerns the stack and its file only. */
const outsideOf = (file: StackFile, engine: Engine): StackPulumi => ({
    file,
    ask: (words, input) =>
        run([engine.pulumi, ...words], {
            cwd: checkout,
            env: environmentOf(file, engine),
            input,
            name: `pulumi ${words[0] ?? ""}`,
        }),
});

/**
 * A stack with everything that pulumi needs to work on it: the engine, the network that it runs in, its backend and its
 * passphrase.
 */
export class Session {
    private constructor(
        readonly file: StackFile,
        private readonly engine: Engine,
        /** The namespaces of an isolated lab. */
        readonly isolatedHost: IsolatedHost | undefined,
        private readonly image: string | undefined,
        /** Looks for the package layers of machines whose image is built here. Other machines have none. */
        readonly findLayers: () => Layer[],
    ) {}

    /**
     * Puts in place what is missing, and reuses what is there. With `plans`, the stack file is validated and the
     * artifacts are fetched before anything is started. With `makesMachines`, the image of the machines is built too,
     * if the stack uses one that is built here. Without `layers`, machines start from the image alone. With
     * `makesStack`, the stack and its secrets are made meanwhile (makeStack).
     */
    static async open(
        stack: string,
        { plans = false, makesMachines = false, layers = true, makesStack = false } = {},
    ): Promise<Session> {
        const file = new StackFile(stack);
        const cache = cacheFolder();
        const description = plans ? readDescription(file.settings, stack, [mistakesHere(stack)]) : undefined;
        if (description) {
            const options = { cache, progress, offline: isOffline() };
            if (makesMachines && description.machineKind === "vm" && !file.isIsolated) refuseWithoutPrograms();
            await ensureLabArtifacts(description, neededArtifacts(description), options);
            if (description.machineKind === "vm") await ensureDiskImage(description, options);
            await jumpHostsOf(description);
        }
        const engineReady = ensureEngine({ cache, progress });
        const [engine, image, isolatedHost] = await Promise.all([
            engineReady,
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
            makesStack ? engineReady.then((ready) => makeStack(outsideOf(file, ready))) : undefined,
        ]);
        const recipes =
            layers && makesMachines && description
                ? layerRecipes(description, await builtImageOf(description, cache), cache)
                : [];
        const refreshDays = description?.packages.refreshDays ?? 0;
        return new Session(file, engine, isolatedHost, image, () => findLayers(recipes, refreshDays));
    }

    /** The argv that makes the missing package layers; undefined where none is missing. */
    layerMaker(): [string, ...string[]] | undefined {
        const { stack, packageProxy: proxyPort = defaultProxyPort } = this.file;
        const { isolatedHost } = this;
        const folder = layersFolder(stack);
        return isolatedHost && layerMaker(this.findLayers(), { cache: cacheFolder(), folder, proxyPort, isolatedHost });
    }

    private get env(): NodeJS.ProcessEnv {
        return {
            ...environmentOf(this.file, this.engine),
            ...asVariables({
                cache: cacheFolder(),
                image: this.image,
                layers: JSON.stringify(layersOfMachines(this.findLayers())),
                machines: machinesFolder(this.file.stack),
            }),
        };
    }

    private argv(words: string[]): [string, ...string[]] {
        const argv: [string, ...string[]] = [this.engine.pulumi, ...words];
        return this.isolatedHost ? (this.isolatedHost.enter(argv) as [string, ...string[]]) : argv;
    }

    /** Runs pulumi on this terminal, with `env` added to its environment. Returns its exit code. */
    pulumi(words: string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
        const debug = words.includes("--debug") || words.includes("-d") ? asVariables({ debug: "true" }) : {};
        return attach(this.argv(words), { cwd: checkout, env: { ...this.env, ...debug, ...env } }).finally(() =>
            endOrphans(this.engine),
        );
    }

    /** Runs pulumi without a terminal. Returns its standard output; a ProgramError if it fails. */
    ask(words: string[], input?: string): Promise<string> {
        return run(this.argv(words), { cwd: checkout, env: this.env, input, name: `pulumi ${words[0] ?? ""}` });
    }
}
