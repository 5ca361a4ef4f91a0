import type { ArtifactName } from "../artifacts";

export const jdkNames = ["openjdk", "oracle-rpm"] as const;

/** A JDK 8, as one platform has it. */
export interface Jdk {
    /** The distribution's packages. */
    packages: string[];
    /** Or an RPM that the user brings. */
    rpm?: ArtifactName;
    home: string;
}

export const databaseServerNames = ["mysql", "mariadb"] as const;
export type DatabaseServerName = (typeof databaseServerNames)[number];

/** A database server, as one platform has it. */
export interface DatabaseServer {
    packages: string[];
    /** Where the packages come from, if not from the distribution. */
    repository?: Repository;
    unit: string;
    /** A file that the server reads last. */
    configurationFile: string;
    /** Lines of that file beside those that all servers have. */
    settings: string[];
    /** Shell lines before its files. */
    prepare: string[];
    /** Client that logs in as the server's administrator through the local socket. */
    client: string;
    /** Ends well once the server answers. */
    ping: string;
    /** SQL that leaves root, through the local socket, as the only account that the server came with; may be run again. */
    administrator: string[];
    /** SQL that makes an account, or gives it another password, in words that this server knows; may be run again. Both are SQL already. */
    account: (account: string, password: string) => string[];
}

/** A publisher's own package repository. */
export interface Repository {
    /** Also the name of its file and of its key's. */
    name: string;
    title: string;
    address: string;
    /** Its signing key, in OpenPGP's ASCII form: pinned here, so that nothing but a package that it signed gets in. */
    key: string;
}

/** What differs between guests, as data. Role components read it and never ask which platform they are on. */
export interface Platform {
    name: string;
    kinds: ("vm" | "container")[];
    /** Who ssh logs in as; anyone but root runs everything through sudo. */
    loginUser: string;
    /**
     * The disk image that virtual machines start from. Undefined where none is published under an address that stays: the stack file says
     * (`lab:image`), or, for an isolated lab, one is built of packages (launcher/isolated-host/image.ts).
     */
    image?: { source: string; sha256?: string };
    /** Package names by what they are for. */
    packages: Record<"base" | "memcached" | "httpd" | "keepalived" | "directorRuntime" | "directorBuild", string[]>;
    /** The file that has the package manager go through the proxy at `address` (http://...); undefined where the lab's proxy has nothing for it. */
    packageProxy?: (address: string) => { path: string; content: string };
    /** Shell text that makes sure that the packages are installed, without starting any service; safe to run again. */
    installPackages: (packages: string[], repositories?: Repository[]) => string;
    /** The distribution's OpenJDK everywhere. */
    jdks: Partial<Record<(typeof jdkNames)[number], Jdk>> & { openjdk: Jdk };
    /** MariaDB is the distribution's everywhere. */
    databases: Partial<Record<DatabaseServerName, DatabaseServer>> & { mariadb: DatabaseServer };
    memcached: { unit: string; user: string; program: string };
    httpd: {
        unit: string;
        user: string;
        virtualHostFile: string;
        /** Checks the configuration. */
        test: string;
        /** Shell lines that switch the distribution's own site off (seed row 16) and the proxy modules on; `site`: the folder that the lab's is below. */
        prepare: (site: string) => string[];
    };
    keepalived: {
        unit: string;
        /** Who its check script runs as. */
        scriptUser: string;
        /** Checks a configuration file; undefined where this keepalived cannot. */
        test: ((file: string) => string) | undefined;
        /** The shortest interval of a check script that this keepalived counts, in seconds. */
        shortestCheckInterval: number;
    };
    firewall: {
        /** nftables: loads `configurationFile` at boot, before the network is there. */
        unit: string;
        program: string;
        configurationFile: string;
        /** Shell lines for when its rules count. */
        finish: string[];
    };
    /** Unit of the ssh server. */
    sshUnit: string;
    noLogin: string;
    /**
     * Whether services are started so that nothing they run can gain privileges. Not with a SELinux whose policy lacks nnp_transition (CentOS 7):
     * a daemon started so would keep its starter's domain, and lose the confinement of its own.
     */
    noNewPrivileges: boolean;
}
