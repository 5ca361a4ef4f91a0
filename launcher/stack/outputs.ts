import * as fs from "node:fs";
import type { Access } from "../../config/access";
import { UserError } from "../../lib/errors";
import { reach, Session, stateFile } from "./session";

/** What the newest `up` left for tools. A UserError where there has been none, or where the lab is not running. */
export async function readAccess(stack: string): Promise<Access> {
    await reach(stack);
    const session = await Session.open(stack);
    const isThere = !session.file.isIsolated || fs.existsSync(stateFile(stack));
    return accessIn(
        isThere
            ? (JSON.parse(await session.ask(["stack", "output", "--json", "--show-secrets"])) as { access?: Access })
            : {},
        stack,
    );
}

/** `access` among a stack's outputs; a UserError where it is not there, or in the shape of an earlier version of this program. */
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
