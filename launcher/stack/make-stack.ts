import * as fs from "node:fs";
import { stackFolder } from "../../lib/environment";
import { withLock } from "../../lib/lock";
import { progress } from "../progress";
import { backendFolder, stateFile } from "./folders";
import { provideMovedPrograms } from "./moved-programs";
import { makeMissingSecrets, type StackPulumi } from "./secrets";
import { standstillLock } from "./standstill";

/**
 * Makes the stack, and the secrets that its file lacks. Waits for a snapshot or a revert that is under way. Needs
 * neither machines nor a hypervisor.
 */
export async function makeStack(pulumi: StackPulumi): Promise<void> {
    const { stack, isIsolated } = pulumi.file;
    await withLock(
        standstillLock(stackFolder(stack)),
        () => Promise.resolve(),
        () => progress.info("Waiting for a snapshot or a revert to end."),
    );
    if (isIsolated) {
        fs.mkdirSync(backendFolder(stack), { recursive: true, mode: 0o700 });
        provideMovedPrograms(fs.existsSync(stateFile(stack)) ? fs.readFileSync(stateFile(stack), "utf8") : "");
    }
    await makeMissingSecrets(pulumi);
}
