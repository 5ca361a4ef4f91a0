import type { Platform } from "../catalog/platforms/index";
import type { ManagedFile } from "./role-configuration";
import { render } from "./template";

/** What a service needs. Everything else is forbidden. */
export interface Needs {
    /** Capabilities (capabilities(7)) of its root processes, without `CAP_`. Default: none. */
    capabilities?: string[];
    /** Folders below /usr and /etc that the service writes to. */
    writes?: string[];
    /** Address families besides AF_UNIX, AF_INET and AF_INET6. */
    families?: string[];
    /** Whether other processes have to see the service's files below /tmp or /var/tmp. */
    sharesTmp?: boolean;
    /** Whether the service uses a device, such as a modem. */
    devices?: boolean;
}

/**
 * A systemd drop-in that forbids a service everything that it does not need (systemd.exec(5)). `./lab verify` asks its
 * processes.
 */
export function hardened(
    unit: string,
    platform: Platform,
    { capabilities = [], writes = [], families = [], sharesTmp = false, devices = false }: Needs = {},
): ManagedFile {
    return {
        path: `/etc/systemd/system/${unit}.d/hardening.conf`,
        content: render("etc/systemd/system/hardening.conf", {
            noNewPrivileges: platform.noNewPrivileges,
            capabilities: capabilities.map((name) => `CAP_${name}`).join(" "),
            writes,
            privateTmp: !sharesTmp,
            privateDevices: !devices,
            families: ["AF_UNIX", "AF_INET", "AF_INET6", ...families].join(" "),
        }),
    };
}
