/** Faults of what `up` works with: the package proxy, the cache, the stack file. */
import { existsSync } from "node:fs";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { ownPlace } from "../../../../artifacts/cache";
import type { MachineAccess } from "../../../../config/access";
import { cacheFolder } from "../../../../lib/environment";
import { StackFile } from "../../../stack/stack-file";
import { RunningLab } from "../../../stack/running-lab";
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

/** A setting of the stack file: its name and the keys below it, and its value. Undefined: the file has it no more. */
export interface Setting {
    place: string[];
    value: unknown;
}

/** The stack file is another one for a while, and `up` makes the lab so. */
export function settingsChanged(lab: RunningLab, what: string, settings: Setting[]): Fault {
    const file = new StackFile(lab.stack);
    const before = file.text();
    return {
        what,
        inject: async () => {
            for (const { place, value } of settings) file.set(place, value);
            await labOk(lab.stack, ["up"]);
        },
        heal: async () => {
            file.restore(before);
            await labOk(lab.stack, ["up"]);
            // Writes the present addresses for ssh.
            await RunningLab.open(lab.stack);
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

/**
 * The repositories of every machine have a newer version of one package, and `upgrade` brings it. The package is made
 * for this, and has nothing in it. Debian only.
 */
export function packagesRenewed(lab: RunningLab): Fault {
    const onAll = (script: string) => Promise.all(lab.access.machines.map((machine) => lab.sh(machine, script)));
    return {
        what: "a newer package on every machine, and upgrade",
        inject: async () => {
            await onAll(newerPackage);
            await labOk(lab.stack, ["upgrade"]);
        },
        heal: async () => {
            await onAll("dpkg --purge lab-drill; rm -rf /var/lib/lab-drill /etc/apt/sources.list.d/lab-drill.list");
        },
    };
}

/** Installs version 1 of a package, and has version 2 in a repository on the machine itself. */
const newerPackage = `cd "$(mktemp -d)"
mkdir -p lab-drill/DEBIAN /var/lib/lab-drill
for version in 1 2; do
    printf '%s\\n' 'Package: lab-drill' "Version: $version" 'Architecture: all' 'Maintainer: lab' 'Description: drill' \
        > lab-drill/DEBIAN/control
    dpkg-deb --root-owner-group --build lab-drill "/var/lib/lab-drill/$version.deb" >/dev/null
done
dpkg --install /var/lib/lab-drill/1.deb >/dev/null
cd /var/lib/lab-drill
{
    dpkg-deb --field 2.deb
    echo "Filename: ./2.deb"
    echo "Size: $(stat -c %s 2.deb)"
    echo "SHA256: $(sha256sum < 2.deb | cut -d ' ' -f 1)"
} > Packages
echo 'deb [trusted=yes] file:/var/lib/lab-drill ./' > /etc/apt/sources.list.d/lab-drill.list`;
