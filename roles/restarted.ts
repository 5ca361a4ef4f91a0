import type { ManagedFile } from "./role-configuration";
import { verbatim } from "./template";

/** A systemd drop-in by which a distribution's service comes back after a crash, a kill or an out-of-memory. */
export const restarted = (unit: string): ManagedFile => ({
    path: `/etc/systemd/system/${unit}.d/restart.conf`,
    content: verbatim("etc/systemd/system/restart.conf"),
});
