/** What differs between guests, as data. Role components read it and never ask which platform they are on. */
export interface Platform {
    name: string;
    kinds: ("vm" | "container")[];
    /** Who ssh logs in as; anyone but root runs everything through sudo. */
    loginUser: string;
    /**
     * The disk image that virtual machines start from. Undefined where none is published under an address that stays: the stack file says
     * (`lab:image`), or, for an isolated lab, one is built of packages (tools/network/image.ts).
     */
    image?: { source: string; sha256?: string };
    /** Package names by what they are for. */
    packages: Record<"base" | "database" | "memcached" | "java" | "httpd" | "keepalived" | "directorRuntime" | "directorBuild", string[]>;
    /** The file that has the package manager go through the proxy at `address` (http://...); undefined where the lab's proxy has nothing for it. */
    packageProxy?: (address: string) => { path: string; content: string };
    /** Shell text that makes sure that the packages are installed, without starting any service; safe to run again. */
    installPackages: (packages: string[]) => string;
    javaHome: string;
    database: {
        unit: string;
        /** A file that the server reads last. */
        configurationFile: string;
        /** Client that logs in as the server's administrator through the local socket. */
        client: string;
        /** Prints nothing and ends well once the server answers. */
        ping: string;
    };
    memcached: { unit: string; user: string; program: string };
    httpd: {
        unit: string;
        user: string;
        virtualHostFile: string;
        /** Checks the configuration. */
        test: string;
        /** Shell lines that switch the distribution's own site off (seed row 16) and the proxy modules on. */
        prepare: string[];
    };
    keepalived: {
        unit: string;
        /** Shell lines before its files. */
        prepare: string[];
        /** Checks a configuration file; undefined where this keepalived cannot. */
        test: ((file: string) => string) | undefined;
        /** The shortest interval of a check script that this keepalived counts, in seconds. */
        shortestCheckInterval: number;
    };
    /** nftables: `unit` loads `configurationFile` at boot, before the network is there. */
    firewall: { unit: string; program: string; configurationFile: string };
    /** Unit of the ssh server. */
    sshUnit: string;
    noLogin: string;
    /**
     * Whether services are started so that nothing they run can gain privileges. Not with a SELinux whose policy lacks nnp_transition (CentOS 7):
     * a daemon started so would keep its starter's domain, and lose the confinement of its own.
     */
    noNewPrivileges: boolean;
}
