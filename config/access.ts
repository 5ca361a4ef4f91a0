import type { LabDescription } from "./description";

/** A machine as the launcher has to know it. */
export interface MachineAccess {
    name: string;
    address: string;
    roles: string[];
    /** systemd units of its roles. */
    services: string[];
    /** OpenSSH public key. */
    hostKey: string;
}

/** What the launcher needs to log in to a lab and to know what to look for. The stack's output `access`. */
export interface Access {
    url: string;
    siteName: string;
    virtualAddress: string;
    loginUser: string;
    /** Private key in OpenSSH format. */
    loginKey: string;
    /** What the directors' server was compiled from. */
    directorSource: string;
    /** What the newest `up` made. The stack file may have changed since. */
    description: LabDescription;
    machines: MachineAccess[];
}
