import * as pulumi from "@pulumi/pulumi";
import { ensureArtifacts } from "./artifacts/cache";
import { localArtifacts, neededArtifacts } from "./artifacts/needed";
import { Lab } from "./components/lab";
import { outputsOf } from "./components/outputs";
import { describe } from "./config/describe";
import { readStack } from "./config/read";
import { UserError } from "./tools/lab/errors";
import { cacheFolder, isOffline } from "./tools/lab/places";
import { silent } from "./tools/lab/output";
import { withoutPulumisStackTraces } from "./tools/lab/stack-traces";

withoutPulumisStackTraces();

/** Reads and validates the configuration, gets what has to be downloaded, makes one Lab, exports its outputs. */
export = async () => {
    try {
        const configuration = describe(readStack(), pulumi.getStack());
        const paths = await ensureArtifacts(neededArtifacts(configuration.site), { cache: cacheFolder(), progress: silent, offline: isOffline() });
        new Lab("lab", { ...configuration, artifacts: localArtifacts(paths) });
        return outputsOf(configuration);
    } catch (error) {
        throw shownAsItIs(error instanceof UserError ? `${error.message}\n${error.remedy}` : error instanceof Error ? error.stack : String(error));
    }
};

/**
 * An error of which Pulumi shows the text alone. Without a stack, as Pulumi has util.inspect colour every stack, which in Node.js 20 never
 * ends over a frame in `node_modules/@pulumi/resource.ts`, where Pulumi's own source maps put it.
 */
function shownAsItIs(text?: string): pulumi.RunError {
    const error = new pulumi.RunError(text);
    error.stack = undefined;
    return error;
}
