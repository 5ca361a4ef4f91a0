/**
 * What the lab downloads, as data. A key is the artifact's name and version.
 *
 * The sums of Maven's and Debian's files were computed from files that had passed those registries' own checks (Maven's .sha1; the
 * Sources index that Debian signs). Where another source is named, it is the one that published the sum.
 */

/** Where a file comes from: one key, which names the kind, and its address there. */
export type Source =
    /** Maven coordinates, `group:artifact:version` or `group:artifact:version:packaging`; packaging is jar unless said. */
    | { maven: string }
    /** The name of the source package of Debian 13 (trixie) whose upstream tarball it is. */
    | { debianSource: string }
    /** Its publisher's address, which takes the internet. */
    | { url: string };

export interface Artifact {
    /** The file's name, as its source has it: the machines get it under this name. */
    file: string;
    /** Lower-case hexadecimal. Undefined where no source has published one: then the file is taken as it comes. */
    sha256: string | undefined;
    from: Source;
}

const artifacts = {
    "tomcat-7.0.62": {
        file: "tomcat-7.0.62.tar.gz",
        sha256: "a787ea12e163e78ccebbb9662d7da78e707aef051d15af9ab5be20489adf1f6d",
        from: { maven: "org.apache.tomcat:tomcat:7.0.62:tar.gz" },
    },

    // memcached-session-manager and what it needs, in the versions of the article.
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

    // JDBC 4.2 for Java 8: the 3.x driver wants MySQL's URLs rewritten and brings nothing that the site uses.
    "mariadb-java-client-2.7.12": {
        file: "mariadb-java-client-2.7.12.jar",
        sha256: "ccf16f38a7bc5bd55e59aa5e3590d74faebb2fb92d111ed5641d5175c4a3624a",
        from: { maven: "org.mariadb.jdbc:mariadb-java-client:2.7.12" },
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

    // Tengine's publisher gives no sums, and no distribution that packages it has published sha256 ones.
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
        // Homebrew's formula for jemalloc 3.6.0.
        sha256: "e16c2159dd3c81ca2dc3b5c9ef0d43e1f2f45b04548f42db12e7c12d7bdf84fe",
        from: { url: "https://github.com/jemalloc/jemalloc/releases/download/3.6.0/jemalloc-3.6.0.tar.bz2" },
    },
} satisfies Record<string, Artifact>;

export type ArtifactName = keyof typeof artifacts;

export const catalogue: Record<ArtifactName, Artifact> = artifacts;

/** The jars that go into Tomcat's own lib folder: the session manager with its serializer, and the JDBC driver of the pool. */
export const tomcatLibraries: readonly ArtifactName[] = [
    "memcached-session-manager-1.8.3",
    "memcached-session-manager-tc7-1.8.3",
    "msm-kryo-serializer-1.8.3",
    "spymemcached-2.11.1",
    "kryo-1.04",
    "kryo-serializers-0.11",
    "reflectasm-1.01",
    "asm-3.2",
    "minlog-1.2",
    "mariadb-java-client-2.7.12",
];
