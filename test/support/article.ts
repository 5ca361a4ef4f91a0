/** The article's lab (article, rows 1 to 7) as a stack file describes it, with the same secrets in each run. */
import * as fs from "node:fs";
import * as path from "node:path";
import type { Artifacts, LocalArtifact } from "../../artifacts/local-artifacts";
import { valveFile } from "../../artifacts/tomcat-valve";
import { artifactCatalog } from "../../catalog/artifacts";
import type { LabDescription } from "../../config/description";
import { hostKeyOf } from "../../lib/ssh-keys";
import { readConfiguration as describeSite } from "../../roles/configuration";

/** No secret is part of another one or of any other setting, so that a search for one finds only that secret. */
export const secrets = {
    databasePassword: "Datab4se~Passw0rd",
    vrrpPassword: "1111",
    loginKey: hostKeyOf("ab".repeat(32), "login").privateKey,
    hostKeySeed: "0123456789abcdef".repeat(4),
};

/** The parsed stack file. Each call returns a new object, which a test may change. */
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

/** The article's lab with changed settings. */
export const siteWith = (changes: Record<string, unknown> = {}): LabDescription =>
    describeSite({ ...articleLab(), ...changes }, "test").description;

/** The article's lab on CentOS, which has virtual machines only. */
export const onCentos = (platform: string, changes: Record<string, unknown> = {}): LabDescription =>
    siteWith({
        platform,
        machineKind: "vm",
        hypervisor: "qemu:///system",
        isolated: false,
        packageProxy: "none",
        ...changes,
    });

function valveIn(folder: string): [string, LocalArtifact] {
    const source = path.join(folder, valveFile);
    fs.writeFileSync(source, valveFile);
    return ["tomcat-valve", { name: valveFile, source, sha256: "7a".repeat(32) }];
}

/** Writes all artifacts to `folder`. The content of each file is its name. */
export function artifactsIn(folder: string): Artifacts {
    const entries = Object.entries(artifactCatalog).map(([name, { file, sha256 }]): [string, LocalArtifact] => {
        const source = path.join(folder, file);
        fs.writeFileSync(source, file);
        return [name, { name: file, source, sha256: sha256 ?? `sha256 of ${file}` }];
    });
    return Object.fromEntries([...entries, valveIn(folder)]) as Artifacts;
}
