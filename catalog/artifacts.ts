/**
 * The files that the lab downloads. A key is the artifact's name and version.
 *
 * The sums of Maven's and Debian's files were computed from files that had passed those registries' checks (Maven's
 * .sha1 files, Debian's signed Sources index). Other sums have a comment that names their publisher.
 */

/** The source of a file: one key names the kind of source, its value the address there. */
export type Source =
    /**
     * Maven coordinates, `group:artifact:version` or `group:artifact:version:packaging`. The default packaging is jar.
     */
    | { maven: string }
    /** A source package of Debian 13 (trixie); the file is its upstream tarball. */
    | { debianSource: string }
    /** The publisher's address, which needs internet access. */
    | { url: string }
    /** Where users download it themselves, because it needs an account or the acceptance of a licence. */
    | { byHand: string };

export interface Artifact {
    /** The file's name at its source and on the machines. */
    file: string;
    /**
     * Lower-case hexadecimal. Undefined where none is published: a user then has to accept the file once
     * (artifacts/accepted.ts).
     */
    sha256: string | undefined;
    from: Source;
}

const entries = {
    "tomcat-7.0.62": {
        file: "tomcat-7.0.62.tar.gz",
        sha256: "a787ea12e163e78ccebbb9662d7da78e707aef051d15af9ab5be20489adf1f6d",
        from: { maven: "org.apache.tomcat:tomcat:7.0.62:tar.gz" },
    },

    // memcached-session-manager and its dependencies, in the article's versions.
    "memcached-session-manager-1.8.3": {
        file: "memcached-session-manager-1.8.3.jar",
        sha256: "dd7916722be477e02049322d73ac323959bab7a419da862a4d44e491ec064baf",
        from: { maven: "de.javakaffee.msm:memcached-session-manager:1.8.3" },
    },
    "memcached-session-manager-tc7-1.8.3": {
        file: "memcached-session-manager-tc7-1.8.3.jar",
        sha256: "e05b60fe0c6b5ffbcb62b08084997e7847cc56b9854c9e0cd08802eedea86e9a",
        from: { maven: "de.javakaffee.msm:memcached-session-manager-tc7:1.8.3" },
    },
    "msm-kryo-serializer-1.8.3": {
        file: "msm-kryo-serializer-1.8.3.jar",
        sha256: "f4d0be0eef5707a650109a425f806f897253358eb2fc2c3dec794e931881b60a",
        from: { maven: "de.javakaffee.msm:msm-kryo-serializer:1.8.3" },
    },
    "spymemcached-2.11.1": {
        file: "spymemcached-2.11.1.jar",
        sha256: "bbc95b0e028d1cb92fc5b02940afc3979dd82479092693786a346628f1c36c30",
        from: { maven: "net.spy:spymemcached:2.11.1" },
    },
    // Not the article's version: releases.ts says why.
    "spymemcached-2.11.7": {
        file: "spymemcached-2.11.7.jar",
        sha256: "9c235af8490de48d993f7f0e8844b079fe38773f2bbe567bac653e7a3f2fe80c",
        from: { maven: "net.spy:spymemcached:2.11.7" },
    },
    "kryo-1.04": {
        file: "kryo-1.04.jar",
        sha256: "66db375e68c91d3938c91ede5bf3af370cdbcccbe81c9bf325c20845de855cd8",
        from: { maven: "com.googlecode:kryo:1.04" },
    },
    "kryo-serializers-0.11": {
        file: "kryo-serializers-0.11.jar",
        sha256: "22252e3a6904917357adfaa5ed4394992c1e4e22f8dbdcf639ff9d29681d7ce7",
        from: { maven: "de.javakaffee:kryo-serializers:0.11" },
    },
    "reflectasm-1.01": {
        file: "reflectasm-1.01.jar",
        sha256: "471aec8479fc610c996acc685a85e00e98f1d89e5ca14dc226327feb8daaa6ba",
        from: { maven: "com.googlecode:reflectasm:1.01" },
    },
    "asm-3.2": {
        file: "asm-3.2.jar",
        sha256: "1ac3b6e18dbd7053cdbef7374b8401ad7ff64ceb80060ccace4dc35e6eb89d49",
        from: { maven: "asm:asm:3.2" },
    },
    "minlog-1.2": {
        file: "minlog-1.2.jar",
        sha256: "4ac7ce56b1ec76852d072cea636758d71b91e8d58a0393b6ba43ea54740ef480",
        from: { maven: "com.googlecode:minlog:1.2" },
    },

    // The newest memcached-session-manager and its dependencies, in the versions of its pom.xml.
    "tomcat-9.0.117": {
        file: "tomcat-9.0.117.tar.gz",
        sha256: "f74a0b061e2b0068ec2a17a5e01c250851f6f30f362c8127209a2a6ef7952b29",
        from: { maven: "org.apache.tomcat:tomcat:9.0.117:tar.gz" },
    },
    "memcached-session-manager-2.3.2": {
        file: "memcached-session-manager-2.3.2.jar",
        sha256: "c3b9c42e75349a8195a1007d7fa50dffe019b1b3858a872e8ea50a3c6ae7aba2",
        from: { maven: "de.javakaffee.msm:memcached-session-manager:2.3.2" },
    },
    "memcached-session-manager-tc9-2.3.2": {
        file: "memcached-session-manager-tc9-2.3.2.jar",
        sha256: "8b8135c3ff1420191434d5e3f4185a29b39cd39e8072fc62f6e1980339ed97dd",
        from: { maven: "de.javakaffee.msm:memcached-session-manager-tc9:2.3.2" },
    },
    "msm-kryo-serializer-2.3.2": {
        file: "msm-kryo-serializer-2.3.2.jar",
        sha256: "f28aababb3450303ab4dd89930b6988a5ad9562b473fe0f638c9960287de05d8",
        from: { maven: "de.javakaffee.msm:msm-kryo-serializer:2.3.2" },
    },
    "spymemcached-2.12.0": {
        file: "spymemcached-2.12.0.jar",
        sha256: "9f280de960fbe4cbecb4324f5e9dc3f67aeefc112d88f0cc11c3eea614d85d4a",
        from: { maven: "net.spy:spymemcached:2.12.0" },
    },
    "kryo-4.0.0": {
        file: "kryo-4.0.0.jar",
        sha256: "4fbb738d8f9ca41c2f9d1ea43866624037a8df1f63fe5abe7df6ea10e3f92d4c",
        from: { maven: "com.esotericsoftware:kryo:4.0.0" },
    },
    "kryo-serializers-0.41": {
        file: "kryo-serializers-0.41.jar",
        sha256: "1806df481482e0cbb6ad3bebc25be80d95f47ced6bd71fb7adc4d00a88d36051",
        from: { maven: "de.javakaffee:kryo-serializers:0.41" },
    },
    "reflectasm-1.11.3": {
        file: "reflectasm-1.11.3.jar",
        sha256: "a61b1919fc26262d1c95b0167f87e6985cdd90be3dab1a14479fb351d08c63d4",
        from: { maven: "com.esotericsoftware:reflectasm:1.11.3" },
    },
    "asm-5.0.4": {
        file: "asm-5.0.4.jar",
        sha256: "896618ed8ae62702521a78bc7be42b7c491a08e6920a15f89a3ecdec31e9a220",
        from: { maven: "org.ow2.asm:asm:5.0.4" },
    },
    "minlog-1.3.0": {
        file: "minlog-1.3.0.jar",
        sha256: "f7b399d3a5478a4f3e0d98bd1c9f47766119c66414bc33aa0f6cde0066f24cc2",
        from: { maven: "com.esotericsoftware:minlog:1.3.0" },
    },
    "objenesis-2.2": {
        file: "objenesis-2.2.jar",
        sha256: "2ee6c7e5a871d3f007b5a0c08c89b3b50772f345d45376c8ddc564647eb9aabe",
        from: { maven: "org.objenesis:objenesis:2.2" },
    },

    // JDBC 4.2 for Java 8, from each server's publisher. MySQL (tried: 9.7) refuses MariaDB's driver 2.7.12, unless
    // that has the server's public key in a file (caching_sha2_password).
    "mariadb-java-client-2.7.12": {
        file: "mariadb-java-client-2.7.12.jar",
        sha256: "ccf16f38a7bc5bd55e59aa5e3590d74faebb2fb92d111ed5641d5175c4a3624a",
        from: { maven: "org.mariadb.jdbc:mariadb-java-client:2.7.12" },
    },
    "mysql-connector-j-8.4.0": {
        file: "mysql-connector-j-8.4.0.jar",
        sha256: "d77962877d010777cff997015da90ee689f0f4bb76848340e1488f2b83332af5",
        from: { maven: "com.mysql:mysql-connector-j:8.4.0" },
    },

    "nginx-1.26.3": {
        file: "nginx_1.26.3.orig.tar.gz",
        sha256: "69ee2b237744036e61d24b836668aad3040dda461fe6f570f1787eab570c75aa",
        from: { debianSource: "nginx" },
    },
    "jemalloc-5.3.0": {
        file: "jemalloc_5.3.0.orig.tar.bz2",
        sha256: "2db82d1e7119df3e71b7640219b6dfe84789bc0537983c3b7ac4f7189aecfeaa",
        from: { debianSource: "jemalloc" },
    },

    // Neither Tengine's publisher nor a distribution publishes a sha256.
    "tengine-3.1.0": {
        file: "tengine-3.1.0.tar.gz",
        sha256: undefined,
        from: { url: "https://tengine.taobao.org/download/tengine-3.1.0.tar.gz" },
    },
    "tengine-2.1.0": {
        file: "tengine-2.1.0.tar.gz",
        sha256: undefined,
        from: { url: "https://tengine.taobao.org/download/tengine-2.1.0.tar.gz" },
    },
    "jemalloc-3.6.0": {
        file: "jemalloc-3.6.0.tar.bz2",
        // Published by Homebrew's formula for jemalloc 3.6.0.
        sha256: "e16c2159dd3c81ca2dc3b5c9ef0d43e1f2f45b04548f42db12e7c12d7bdf84fe",
        from: { url: "https://github.com/jemalloc/jemalloc/releases/download/3.6.0/jemalloc-3.6.0.tar.bz2" },
    },

    // Oracle's pages could not be read for a sum.
    "jdk-8u45": {
        file: "jdk-8u45-linux-x64.rpm",
        sha256: undefined,
        from: {
            byHand:
                "Oracle's Java SE 8 archive (8u202 and earlier), " +
                "which takes an account and the acceptance of its licence",
        },
    },
} satisfies Record<string, Artifact>;

export type ArtifactName = keyof typeof entries;

export const artifactCatalog: Record<ArtifactName, Artifact> = entries;
