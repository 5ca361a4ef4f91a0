import type { SourceName } from "./director-servers";
import type { DatabaseServerName } from "./platforms/index";
import type { ArtifactName } from "./artifacts";

/** Versions that work together; one line in a stack file chooses (`lab:release`). */
export interface Release {
    tomcat: {
        artifact: ArtifactName;
        version: string;
        /** Up to Tomcat 7 a listener of its own starts the JSP engine. */
        hasJasperListener: boolean;
    };
    /** The jars for Tomcat's own lib folder: the session manager with its serializer. */
    libraries: ArtifactName[];
    /** What the session manager speaks to memcached with: one more jar. The first is for stack files that name none (`lab:sessions.client`). */
    sessionClients: [SessionClient, ...SessionClient[]];
    /** What the directors run where the stack file does not say. */
    directorSource: SourceName;
}

export const sessionClients = [
    "spymemcached-2.11.1",
    "spymemcached-2.11.7",
    "spymemcached-2.12.0",
] as const satisfies readonly ArtifactName[];
export type SessionClient = (typeof sessionClients)[number];

export const releaseNames = ["article", "maintained"] as const;
export type ReleaseName = (typeof releaseNames)[number];

export const releases: Record<ReleaseName, Release> = {
    // Seed rows 11, 13 and 18.
    article: {
        tomcat: { artifact: "tomcat-7.0.62", version: "7.0.62", hasJasperListener: true },
        libraries: [
            "memcached-session-manager-1.8.3",
            "memcached-session-manager-tc7-1.8.3",
            "msm-kryo-serializer-1.8.3",
            "kryo-1.04",
            "kryo-serializers-0.11",
            "reflectasm-1.01",
            "asm-3.2",
            "minlog-1.2",
        ],
        // Seed row 13 has 2.11.1. It takes its limit's milliseconds for seconds (MemcachedConnection.queueReconnect), so that a memcached that was
        // away is not asked again until as much time again has passed: sessions have no copy until then. Mended since 2.11.5.
        sessionClients: ["spymemcached-2.11.7", "spymemcached-2.11.1"],
        directorSource: "tengine-2.1.0",
    },
    // Tomcat 9 is the newest line that the session manager's newest version knows, and it still gets fixes.
    maintained: {
        tomcat: { artifact: "tomcat-9.0.117", version: "9.0.117", hasJasperListener: false },
        libraries: [
            "memcached-session-manager-2.3.2",
            "memcached-session-manager-tc9-2.3.2",
            "msm-kryo-serializer-2.3.2",
            "kryo-4.0.0",
            "kryo-serializers-0.41",
            "reflectasm-1.11.3",
            "asm-5.0.4",
            "minlog-1.3.0",
            "objenesis-2.2",
        ],
        sessionClients: ["spymemcached-2.12.0"],
        directorSource: "tengine-3.1.0",
    },
};

/** How Tomcat's pool speaks to a database server: one more jar for its lib folder. */
export const drivers: Record<DatabaseServerName, { artifact: ArtifactName; className: string; scheme: string }> = {
    mysql: { artifact: "mysql-connector-j-8.4.0", className: "com.mysql.cj.jdbc.Driver", scheme: "jdbc:mysql" },
    mariadb: { artifact: "mariadb-java-client-2.7.12", className: "org.mariadb.jdbc.Driver", scheme: "jdbc:mariadb" },
};
