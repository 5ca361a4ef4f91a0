import type { ArtifactName } from "../artifacts";

export const jdkNames = ["openjdk", "oracle-rpm"] as const;

/** A JDK 8 on one platform. */
export interface Jdk {
    /** The distribution's packages. */
    packages: string[];
    /** An RPM that the user downloads, instead of packages. */
    rpm?: ArtifactName;
    home: string;
}

export const databaseServerNames = ["mysql", "mariadb"] as const;
export type DatabaseServerName = (typeof databaseServerNames)[number];

/** Log files that a service writes, and that roles/logs.ts has rotated. */
export interface LogFiles {
    /** Absolute paths. The last part of a path may be a shell pattern. */
    files: string[];
    /**
     * A command by which the service opens new files after the old ones were renamed. It succeeds also while the
     * service is stopped. Undefined: the service notices by itself.
     */
    reopen?: string;
    /** The service begins new files by itself and puts a number behind their names. Old files are only deleted. */
    areNumbered?: boolean;
    /** The service keeps its files open for ever: they are copied and emptied, and lines in between may be lost. */
    isCopied?: boolean;
    /** `MODE USER GROUP` of new files. Undefined: the service makes them itself. */
    create?: string;
    /** The distribution's logrotate configuration of the same files. It is emptied: two programs would rotate them. */
    replaces?: string;
}

/** A database server on one platform. */
export interface DatabaseServer {
    packages: string[];
    /** The repository of the packages. Undefined: the distribution's. */
    repository?: Repository;
    unit: string;
    logs: LogFiles[];
    /** The configuration file that the server reads last. */
    configurationFile: string;
    /** Lines of that file in addition to those for all servers. */
    settings: string[];
    /** Shell lines that run before its files are installed. */
    prepare: string[];
    /** The client program; it logs in as the server's administrator through the local socket. */
    client: string;
    /** The program that writes dumps; it logs in as `client` does. */
    dump: string;
    /** The local socket. */
    socket: string;
    /** A command that succeeds when the server answers. */
    ping: string;
    /** SQL that removes every account of the installation but root through the local socket. May be run again. */
    administrator: string[];
    /** SQL that makes an account or sets its password. May be run again. Both arguments are quoted for SQL. */
    account: (account: string, password: string) => string[];
}

/** A publisher's own package repository. */
export interface Repository {
    /** Also the name of its configuration file and of its key file. */
    name: string;
    title: string;
    address: string;
    /** Its signing key in OpenPGP's ASCII format. Only packages signed by this key are installed. */
    key: string;
}

/** A program of the monitoring: Prometheus, an exporter, ... */
export interface MonitoringProgram {
    package: string;
    unit: string;
    program: string;
}

/** The monitoring's programs on one platform. They run as one user. */
export interface Monitoring {
    user: string;
    prometheus: MonitoringProgram & { configurationFolder: string; dataFolder: string };
    alertmanager: MonitoringProgram & { dataFolder: string };
    nodeExporter: MonitoringProgram & { textFolder: string };
    directorExporter: MonitoringProgram;
    databaseExporter: MonitoringProgram;
    httpdExporter: MonitoringProgram;
    siteExporter: MonitoringProgram;
    /** Packages of the tz database. */
    timeZones: string[];
}

/** What differs between operating systems of machines, as data. Roles read it and do not test for a platform's name. */
export interface Platform {
    name: string;
    kinds: ("vm" | "container")[];
    /** The user that ssh logs in as. A user other than root runs everything through sudo. */
    loginUser: string;
    /**
     * The disk image of virtual machines. Undefined: no publisher has an image at a permanent address. The stack file
     * names one then (`lab:image`), or the launcher builds one for an isolated lab (launcher/isolated-host/image.ts).
     */
    image?: { source: string; sha256?: string };
    /** Package names by purpose. */
    packages: Record<"base" | "memcached" | "httpd" | "keepalived" | "directorRuntime" | "directorBuild", string[]>;
    /**
     * The file that makes the package manager use the proxy at `address` (http://...). Undefined: the lab's proxy does
     * not serve this platform.
     */
    packageProxy?: (address: string) => { path: string; content: string };
    /** Shell text that installs missing packages and starts no service. May be run again. */
    installPackages: (packages: string[], repositories?: Repository[]) => string;
    /** Shell text that prints a line, `NAME VERSION`, for each package of which the repositories have a newer version. */
    newerPackages: string;
    /** Shell text that installs these versions, keeps configuration files, and starts and restarts nothing. */
    upgradePackages: string;
    /** Every platform has the distribution's OpenJDK. */
    jdks: Partial<Record<(typeof jdkNames)[number], Jdk>> & { openjdk: Jdk };
    /** Every platform has the distribution's MariaDB. */
    databases: Partial<Record<DatabaseServerName, DatabaseServer>> & { mariadb: DatabaseServer };
    memcached: { unit: string; user: string; program: string };
    chrony: {
        unit: string;
        user: string;
        configurationFile: string;
        /** The distribution's time servers. */
        pool: string;
    };
    httpd: {
        logFolder: string;
        /** The distribution's logrotate configuration. It reloads httpd, which may cost a request. */
        rotation: string;
        /** httpd's program that writes a log and begins new files. */
        rotatelogs: string;
        unit: string;
        user: string;
        virtualHostFile: string;
        /** Undefined where httpd itself tells systemd its main process. */
        pidFile?: string;
        /** A command that checks the configuration. */
        test: string;
        /**
         * Shell lines that disable the distribution's own site (article, row 16) and enable the modules of
         * virtual.conf. `site`: the folder of the lab's sites.
         */
        prepare: (site: string) => string[];
        /**
         * Whether it has `responsefieldsize` (since httpd 2.4.34). Without it a field of an answer has 8 KiB at most.
         */
        hasResponseFieldSize: boolean;
        /** Whether mod_headers looks at an answer's status (`expr=`, since httpd 2.4.10). */
        hasHeaderExpressions: boolean;
    };
    keepalived: {
        unit: string;
        /** The user that runs its check script. */
        scriptUser: string;
        /** A command that checks a configuration file; undefined where this version of keepalived has none. */
        test: ((file: string) => string) | undefined;
        /** The shortest interval of a check script that this version of keepalived supports, in seconds. */
        shortestCheckInterval: number;
        /** Whether kernel and nft find a packet's socket and send copies (`socket wildcard` and `dup`). */
        keepsConnections: boolean;
    };
    firewall: {
        /** The unit of nftables, which loads `configurationFile` at boot before the network starts. */
        unit: string;
        program: string;
        configurationFile: string;
        /** Shell lines that run when its rules are in effect. */
        finish: string[];
    };
    /** Undefined: the distribution has no packages of Prometheus. */
    monitoring?: Monitoring;
    /** gammu-smsd and what the bridge to it runs on. Undefined: the distribution has no package of gammu-smsd. */
    sms?: { packages: string[]; unit: string; user: string; program: string };
    /** Log files of the system itself. The journal is none of them. */
    systemLogs: LogFiles[];
    /** Unit of the ssh server. */
    sshUnit: string;
    noLogin: string;
    /**
     * Whether units have NoNewPrivileges. Not where SELinux's policy lacks nnp_transition (CentOS 7): a daemon would
     * then stay in the domain of its parent instead of its own.
     */
    noNewPrivileges: boolean;
}
