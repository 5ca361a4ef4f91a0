import type { SourceName } from "./director-servers";
import type { DatabaseServerName } from "./platforms/index";
import type { ArtifactName } from "./artifacts";

/** A set of versions that work together. Setting `lab:release` of the stack file chooses one. */
export interface Release {
    tomcat: {
        artifact: ArtifactName;
        version: string;
        /** The newest version of the servlet API that it has. */
        servlet: number;
        /** Tomcat 7 and older need a listener that starts the JSP engine. */
        hasJasperListener: boolean;
        /** Tomcat 7 parses cookies by RFC 2109. Later versions parse them by RFC 6265, as browsers send them. */
        hasLegacyCookieParser: boolean;
    };
    /** Jars for Tomcat's lib folder: the session manager with its serializer. */
    libraries: ArtifactName[];
    /**
     * Jars from which setting `lab:sessions.client` chooses the session manager's memcached client. The first is the
     * default.
     */
    sessionClients: [SessionClient, ...SessionClient[]];
    /** Default of setting `lab:director.source`. */
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
    // Article, rows 11, 13 and 18.
    article: {
        tomcat: {
            artifact: "tomcat-7.0.62",
            version: "7.0.62",
            servlet: 3.0,
            hasJasperListener: true,
            hasLegacyCookieParser: true,
        },
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
        // The article has 2.11.1 (row 13). It waits too long before it reconnects to a memcached that was away, about
        // as long again as that was away (MemcachedConnection.queueReconnect), and sessions have no copy meanwhile.
        // Fixed in 2.11.5.
        sessionClients: ["spymemcached-2.11.7", "spymemcached-2.11.1"],
        directorSource: "tengine-2.1.0",
    },
    // Tomcat 9 is the newest that the newest session manager supports. It still gets fixes.
    maintained: {
        tomcat: {
            artifact: "tomcat-9.0.117",
            version: "9.0.117",
            servlet: 4.0,
            hasJasperListener: false,
            hasLegacyCookieParser: false,
        },
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

/** The JDBC driver for each database server, one more jar for Tomcat's lib folder. */
export const drivers: Record<DatabaseServerName, { artifact: ArtifactName; className: string; scheme: string }> = {
    mysql: { artifact: "mysql-connector-j-8.4.0", className: "com.mysql.cj.jdbc.Driver", scheme: "jdbc:mysql" },
    mariadb: { artifact: "mariadb-java-client-2.7.12", className: "org.mariadb.jdbc.Driver", scheme: "jdbc:mariadb" },
};
