import * as fs from "node:fs";
import type { Access } from "../../config/access";
import { UserError } from "../../lib/errors";
import { stateFile } from "./folders";
import { enterLab } from "./lab-network";
import { Session } from "./session";

/**
 * The stack's output `access`, which the newest `up` wrote. A UserError if there was no `up`, or if the lab is not
 * running.
 */
export async function readAccess(stack: string): Promise<Access> {
    await enterLab(stack); // fails if the lab is not running
    const session = await Session.open(stack);
    const hasState = !session.file.isIsolated || fs.existsSync(stateFile(stack));
    return accessIn(
        hasState
            ? (JSON.parse(await session.ask(["stack", "output", "--json", "--show-secrets"])) as { access?: Access })
            : {},
        stack,
    );
}

/**
 * `access` among a stack's outputs. A UserError if it is missing, or was written by a version of this program with
 * another format.
 */
export function accessIn({ access }: { access?: Access }, stack: string): Access {
    if (!access)
        throw new UserError(
            `The lab '${stack}' has not been built, or not to its end.`,
            `Build it: ./lab up -s ${stack}`,
        );
    if (!("description" in access) || !("hypervisors" in access.description))
        throw new UserError(
            `The lab '${stack}' was built by an earlier version of this program.`,
            `Bring it up to date: ./lab up -s ${stack}`,
        );
    return access;
}
