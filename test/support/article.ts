/** The article's lab (seed rows 1 to 7) as a stack file describes it, with secrets that are the same at every run. */
import * as fs from "node:fs";
import * as path from "node:path";
import type { Artifacts, LocalArtifact } from "../../artifacts/local-artifacts";
import { artifactCatalog } from "../../catalog/artifacts";
import type { LabDescription } from "../../config/description";
import { hostKeyOf } from "../../lib/ssh-keys";
import { readConfiguration as describeSite } from "../../roles/configuration";

/** None of them is part of another, nor of anything else in the configuration: where one turns up, it is there. */
export const secrets = {
    databasePassword: "Datab4se~Passw0rd",
    vrrpPassword: "1111",
    loginKey: hostKeyOf("ab".repeat(32), "login").privateKey,
    hostKeySeed: "0123456789abcdef".repeat(4),
};

/** What Pulumi hands over, parsed: made anew at each call, so that a test may change it. */
export const articleLab = () =>
    ({
        machineKind: "container",
        platform: "debian-13",
        hypervisor: "lxc:///system",
        isolated: true,
        packageProxy: 3142,
        network: { cidr: "192.168.0.0/24", gateway: "192.168.0.1" },
        virtualAddress: "192.168.0.111",
        machines: {
            nod0: { address: "192.168.0.200", roles: ["app"] },
            nod1: { address: "192.168.0.201", roles: ["memcached"] },
            nod2: { address: "192.168.0.202", roles: ["app", "memcached"] },
            nod3: { address: "192.168.0.203", roles: ["director"], priority: 180 },
            nod4: { address: "192.168.0.204", roles: ["director"], priority: 179 },
            mysql: { address: "192.168.0.205", roles: ["database"] },
        },
        director: { source: "nginx-1.26.3" },
        ...secrets,
    }) as Record<string, unknown> & {
        machines: Record<string, { address: string; roles: string[]; [key: string]: unknown }>;
    };

/** The article's lab with `changes` in place of its own settings. */
export const siteWith = (changes: Record<string, unknown> = {}): LabDescription =>
    describeSite({ ...articleLab(), ...changes }, "test").description;

/** The same on CentOS, whose machines are virtual. */
export const onCentos = (platform: string, changes: Record<string, unknown> = {}): LabDescription =>
    siteWith({
        platform,
        machineKind: "vm",
        hypervisor: "qemu:///system",
        isolated: false,
        packageProxy: "none",
        ...changes,
    });

/** All artifacts, each with its file's name for content, as files in `folder`. */
export function artifactsIn(folder: string): Artifacts {
    const entries = Object.entries(artifactCatalog).map(([name, { file, sha256 }]): [string, LocalArtifact] => {
        const source = path.join(folder, file);
        fs.writeFileSync(source, file);
        return [name, { name: file, source, sha256: sha256 ?? `sha256 of ${file}` }];
    });
    return Object.fromEntries(entries) as Artifacts;
}
