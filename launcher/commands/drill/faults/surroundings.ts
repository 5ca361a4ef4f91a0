/** What can happen to the lab's surroundings: what `up` works with, and what it is told. */
import { existsSync } from "node:fs";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { ownPlace } from "../../../../artifacts/cache";
import { cacheFolder } from "../../../../lib/environment";
import { StackFile } from "../../../stack/stack-file";
import type { LivingLab } from "../../../stack/running-lab";
import { labOk } from "../launcher";
import type { Fault } from "./fault";

/** The lab's package proxy takes no calls. Other labs of this machine are not touched: the rule is in this lab's own network. */
export function proxyGone(lab: LivingLab): Fault {
    const rule = (verb: string) => [
        "iptables",
        verb,
        "INPUT",
        "-p",
        "tcp",
        "--dport",
        String(lab.description.packageProxy),
        "-j",
        "REJECT",
        "--reject-with",
        "tcp-reset",
    ];
    return {
        what: "the package proxy gone",
        inject: async () => {
            await lab.inside(rule("-I"));
        },
        heal: async () => {
            await lab.inside(rule("-D")).catch(() => undefined);
        },
    };
}

/** A file that every app server is made of is not what it was, in the cache that all labs of this machine share. Its other names (hard links) stay good. */
export function artifactCorrupted(lab: LivingLab): Fault {
    const place = ownPlace(lab.description.sessions.client, cacheFolder());
    const kept = `${place}.before-drill`;
    return {
        what: `${path.basename(place)} corrupted in the cache`,
        inject: async () => {
            await fs.rename(place, kept);
            await fs.writeFile(place, "not what it was\n");
        },
        heal: async () => {
            if (existsSync(kept)) await fs.rename(kept, place);
        },
    };
}

/** The database's password is another; there is no way back, and none is needed. `up` makes the secrets that a stack file lacks. */
export const passwordRotated = (lab: LivingLab): Fault => ({
    what: "the database's password taken out of the stack file",
    inject: () => Promise.resolve(new StackFile(lab.stack).removeSecret("databasePassword")),
    heal: () => labOk(lab.stack, ["up"]),
});
