import type { Platform } from "../catalog/platforms/index";
import type { ManagedFile } from "./role-configuration";
import { render } from "./template";

/** What a service has to be allowed. */
export interface Needs {
    /** capabilities(7) without `CAP_`, of its processes that run as root; by default none. */
    capabilities?: string[];
    /** Folders below /usr and /etc, which are read-only to it otherwise. */
    writes?: string[];
    /** Address families besides AF_UNIX, AF_INET and AF_INET6. */
    families?: string[];
    /** It keeps files below /tmp or /var/tmp that others have to see. */
    sharesTmp?: boolean;
}

/** A drop-in that takes from a systemd service whatever it does not need (systemd.exec(5)). `./lab verify` asks the processes whether it did. */
export function hardened(
    unit: string,
    platform: Platform,
    { capabilities = [], writes = [], families = [], sharesTmp = false }: Needs = {},
): ManagedFile {
    return {
        path: `/etc/systemd/system/${unit}.d/hardening.conf`,
        content: render("etc/systemd/system/hardening.conf", {
            noNewPrivileges: platform.noNewPrivileges,
            capabilities: capabilities.map((name) => `CAP_${name}`).join(" "),
            writes,
            privateTmp: !sharesTmp,
            families: ["AF_UNIX", "AF_INET", "AF_INET6", ...families].join(" "),
        }),
    };
}
