/** Faults of what `up` works with: the package proxy, the cache, the stack file. */
import { existsSync } from "node:fs";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { ownPlace } from "../../../../artifacts/cache";
import type { MachineAccess } from "../../../../config/access";
import { cacheFolder } from "../../../../lib/environment";
import { StackFile } from "../../../stack/stack-file";
import type { RunningLab } from "../../../stack/running-lab";
import { labOk } from "../launcher";
import type { Fault } from "./fault";

/**
 * The lab's package proxy refuses connections. Other labs on this machine are not affected, because the rule is in this
 * lab's namespace.
 */
export function proxyGone(lab: RunningLab): Fault {
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
        what: "the package proxy refuses connections",
        inject: async () => {
            await lab.inside(rule("-I"));
        },
        heal: async () => {
            await lab.inside(rule("-D")).catch(() => undefined);
        },
    };
}

/**
 * A file that every app server needs is corrupted in the cache, which all labs on this machine share. Hard links to the
 * file stay intact.
 */
export function artifactCorrupted(lab: RunningLab): Fault {
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

/**
 * The stack file is another one for a while, and `up` makes the lab so. `place` is a setting's name and the keys below it.
 */
export function settingChanged(lab: RunningLab, what: string, place: string[], value: unknown): Fault {
    const file = new StackFile(lab.stack);
    const before = file.text();
    return {
        what,
        inject: async () => {
            file.set(place, value);
            await labOk(lab.stack, ["up"]);
        },
        heal: async () => {
            file.restore(before);
            await labOk(lab.stack, ["up"]);
        },
    };
}

/** Lines more in unit files of several machines. The next `up` takes them for drift and restarts the units. */
export const unitsDrifted = (lab: RunningLab, machines: MachineAccess[], files: string[]): Fault => ({
    what: `${files.join(" and ")} drifted on ${machines.map(({ name }) => name).join(" and ")}, and mended by up`,
    inject: async () => {
        await Promise.all(
            machines.map((machine) => lab.sh(machine, files.map((file) => `echo '# drill' >> ${file}`).join("\n"))),
        );
        await labOk(lab.stack, ["up"]);
    },
    heal: () => labOk(lab.stack, ["up"]),
});

/**
 * The database gets another password. `up` makes the missing secret, so healing is an `up`; the old password does not
 * come back.
 */
export const passwordRotated = (lab: RunningLab): Fault => ({
    what: "the database's password removed from the stack file",
    inject: () => Promise.resolve(new StackFile(lab.stack).removeSecret("databasePassword")),
    heal: () => labOk(lab.stack, ["up"]),
});
