import * as pulumi from "@pulumi/pulumi";
import { ensureDiskImage, type DiskImage } from "./artifacts/disk-image";
import { ensureLabArtifacts } from "./artifacts/lab-artifacts";
import type { HypervisorFacts } from "./components/hypervisor";
import { Lab } from "./components/lab";
import { outputsOf } from "./components/outputs";
import type { LabDescription } from "./config/description";
import { stackConfiguration } from "./config/stack-configuration";
import { findAcceleration, type Acceleration } from "./hypervisors/acceleration";
import { jumpHostsOf } from "./hypervisors/jump-host";
import { startMachine, stoppedMachines } from "./hypervisors/stopped-machines";
import { builtImagePath, cacheFolder, isFirstTime, isOffline, packageLayers } from "./lib/environment";
import { UserError } from "./lib/errors";
import { silent } from "./lib/progress";
import { withoutPulumisDebugging } from "./lib/pulumi-debugging";
import { readConfiguration } from "./roles/configuration";
import { neededArtifacts } from "./roles/of-machine";

withoutPulumisDebugging();

/** The program: reads the configuration, downloads what is missing in the cache, makes one Lab, exports its outputs. */
export = async () => {
    try {
        const configuration = readConfiguration(stackConfiguration(), pulumi.getStack());
        const { description } = configuration;
        const artifacts = await ensureLabArtifacts(description, neededArtifacts(description), {
            cache: cacheFolder(),
            progress: silent,
            offline: isOffline(),
        });
        const facts = await factsOf(description);
        await startStopped(description);
        new Lab("lab", {
            ...configuration,
            artifacts,
            facts,
            firstTime: isFirstTime(),
        });
        return outputsOf(configuration);
    } catch (error) {
        throw shownAsItIs(
            error instanceof UserError
                ? `${error.message}\n${error.remedy}`
                : error instanceof Error
                  ? error.stack
                  : String(error),
        );
    }
};

/**
 * What has to be found out of each hypervisor, by libvirt URI: the way to its machines, their image and acceleration.
 */
async function factsOf(description: LabDescription): Promise<Record<string, HypervisorFacts>> {
    const jumpHosts = await jumpHostsOf(description);
    const image =
        description.machineKind === "vm"
            ? ((await ensureDiskImage(description, { cache: cacheFolder(), progress: silent, offline: isOffline() })) ??
              builtImage())
            : undefined;
    return Object.fromEntries(
        await Promise.all(
            description.hypervisors.map(
                async ({ uri }) =>
                    [
                        uri,
                        {
                            jumpHost: jumpHosts[uri],
                            virtualization: image && {
                                image,
                                acceleration: description.acceleration ?? (await accelerationAt(uri)),
                                layers: packageLayers(),
                            },
                        },
                    ] as const,
            ),
        ),
    );
}

/**
 * Starts the virtual machines that were powered off, also from inside; a preview only names them. The launcher has
 * looked after those of an isolated stack.
 */
async function startStopped(description: LabDescription): Promise<void> {
    if (description.machineKind !== "vm" || description.isolated) return;
    for (const machine of await stoppedMachines(description)) {
        if (pulumi.runtime.isDryRun()) {
            void pulumi.log.warn(`${machine.name} is off. up starts it.`);
        } else {
            await startMachine(description, machine);
            void pulumi.log.info(`${machine.name} was off. It has been started.`);
        }
    }
}

async function accelerationAt(uri: string): Promise<Acceleration> {
    const { acceleration, fault } = await findAcceleration(uri);
    if (fault !== undefined)
        void pulumi.log.info(
            `KVM does not work here (${fault}): virtual machines are emulated, which is about ten times slower.`,
        );
    return acceleration;
}

/**
 * The image that the launcher has built of packages and names in LAB_IMAGE. A preview does without it. The image's
 * identity never changes, so existing machines keep the image that they were made from.
 */
function builtImage(): DiskImage {
    const path = builtImagePath();
    if (!path && !pulumi.runtime.isDryRun())
        throw new UserError(
            "The image of this stack's machines is built by ./lab.",
            `Run ./lab up -s ${pulumi.getStack()}, or name an image: lab:image.`,
        );
    return { path: path ?? "built by ./lab up", identity: "built" };
}

/**
 * An error of which Pulumi shows the text alone. It has no stack, because Pulumi calls util.inspect on every stack, and
 * in Node.js 20 that never ends over a frame in `node_modules/@pulumi/resource.ts`.
 */
function shownAsItIs(text?: string): pulumi.RunError {
    const error = new pulumi.RunError(text);
    error.stack = undefined;
    return error;
}
