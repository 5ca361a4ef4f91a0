/** The time in which a snapshot is taken or restored: machines are paused, and Pulumi's state may be replaced. */
import * as fs from "node:fs";
import * as path from "node:path";
import { stackFolder } from "../../lib/environment";
import { UserError } from "../../lib/errors";

/** The lock that a snapshot and a revert hold. `home` is the stack's folder. */
export const standstillLock = (home: string) => `standstill of ${home}`;

/** A file with the snapshot's name that exists while a revert is under way. It stays if the revert is interrupted. */
export const revertMark = (stack: string) => path.join(stackFolder(stack), "reverting");

/** A UserError if a revert was interrupted: some machines are those of the snapshot, others are not. */
export function refuseHalfReverted(stack: string): void {
    const mark = revertMark(stack);
    if (!fs.existsSync(mark)) return;
    const name = fs.readFileSync(mark, "utf8");
    throw new UserError(
        `A revert of the lab '${stack}' to ${name} was interrupted.`,
        `Finish it: ./lab -s ${stack} revert ${name}`,
    );
}
