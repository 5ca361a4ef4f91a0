import type { StackOutputs } from "../../components/outputs";
import { UserError } from "./errors";
import { reach, Session } from "./session";

/** The stack's outputs as they come back from Pulumi, secrets in plain. */
export type Outputs = Omit<StackOutputs, "loginKey"> & { loginKey: string };

/** What the newest `up` left. A UserError where there has been none. */
export async function readOutputs(stack: string): Promise<Outputs> {
    await reach(stack);
    const session = await Session.open(stack);
    const outputs = JSON.parse(await session.ask(["stack", "output", "--json", "--show-secrets"])) as Partial<Outputs>;
    if (!outputs.machines) throw new UserError(`The lab '${stack}' has not been built.`, `Build it: ./lab up -s ${stack}`);
    return outputs as Outputs;
}
