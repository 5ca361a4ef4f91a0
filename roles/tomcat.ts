import { valveFile } from "../artifacts/tomcat-valve";
import { drivers, releases } from "../catalog/releases";
import type { LogFiles } from "../catalog/platforms/platform";
import { systemUser } from "../lib/posix-accounts";
import { healthPath, isSample } from "../config/application";
import { jdkOf } from "../config/chosen-jdk";
import { machinesWith, type LabDescription } from "../config/description";
import { propertyLine, withApplicationSecrets } from "./application-secrets";
import { compiledPages } from "./compiled-pages";
import { hardened } from "./hardening";
import { accountName } from "./database-accounts";
import { monitorsOf } from "./monitoring";
import { bodyBytes, formBytes, headerBytesBehindDirectors } from "./request-limits";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext } from "./role-definition";
import { copyBufferKiB, failoverNodes, jvmRoute, memcachedNodes } from "./sessions";
import { appBase, dataFolder, docBaseOf, versionsFolder, workFolderOf } from "./web-site";
import { render, verbatim } from "./template";
import { answersText } from "../lib/proxies";

/** A link to the folder of the version that runs. */
export const tomcatHome = "/usr/local/tomcat";
const home = tomcatHome;

/** Where the release's Tomcat is unpacked. */
export const tomcatFolder = ({ release }: Pick<LabDescription, "release">) =>
    `/usr/local/apache-tomcat-${releases[release].tomcat.version}`;

/** The first number of the version in the target of tomcatHome; undefined for another text. */
export const majorVersionOf = (folder: string) => /^\/usr\/local\/apache-tomcat-(\d+)\./.exec(folder)?.[1];
const readableByTomcat = { mode: "640", owner: "root:tomcat" };

/** Where the valve tells monitors of sessions, requests and the JVM. */
export const tomcatMetricsPort = 9118;

const logFolder = "/var/log/tomcat";

/**
 * Tomcat looks before each request whether its file is still there (checkExists in server.xml). An application that
 * writes logs of its own does so beside it, and knows nothing of rotation.
 */
export const tomcatLogs = (description: LabDescription): LogFiles[] => [
    { files: [`${logFolder}/*_access_log..txt`] },
    ...(isSample(description) ? [] : [{ files: [`${logFolder}/*.log`], isCopied: true }]),
];

/** Tomcat with its sessions in memcached and the application in it (article, rows 11 to 15). */
export function tomcatConfiguration(context: RoleContext): RoleConfiguration {
    const { description, machine, platform, passwords, artifacts } = context;
    const release = releases[description.release];
    const distribution = artifacts[release.tomcat.artifact];
    const client = artifacts[description.sessions.client];
    const driver = drivers[description.database.server];
    const libraries = [...[...release.libraries, driver.artifact].map((name) => artifacts[name]), client];
    const valves = description.sessions.keepCopies ? [artifacts["tomcat-valve"]] : [];
    const versionedHome = tomcatFolder(description);
    const { address } = machine;
    const { application } = description.site;
    const { contextPath, dataSource, sessionMinutes } = application;
    const docBase = docBaseOf(context);
    const workFolder = workFolderOf(context);
    const hasProperties = Object.keys(application.properties).length > 0 || passwords.application !== undefined;
    const hasUsers = passwords.application !== undefined;
    return {
        artifacts: [distribution, ...libraries, ...valves],
        prepare: [
            ...systemUser("tomcat", { home, shell: platform.noLogin }),
            "# Unpacked beside its place and moved there: what is there is whole.",
            `if [ ! -d ${versionedHome} ]; then`,
            "    changed",
            "    rm -rf /usr/local/.tomcat-new",
            "    mkdir -p /usr/local/.tomcat-new",
            `    tar -xzf "$artifacts/${distribution.name}" --strip-components=1 --no-same-owner ` +
                "-C /usr/local/.tomcat-new",
            "    # Some releases' archives let nobody but their owner in.",
            "    chmod -R a+rX /usr/local/.tomcat-new",
            "    # Tomcat's own applications (manager, examples, ...) would only be a way in.",
            "    rm -rf /usr/local/.tomcat-new/webapps/*",
            "    chown -R root:tomcat /usr/local/.tomcat-new/conf",
            "    chmod -R u=rwX,g=rX,o= /usr/local/.tomcat-new/conf",
            `    if [ -d ${compiledPages(context)} ]; then`,
            `        cp -a ${compiledPages(context)} /usr/local/.tomcat-new/${workFolder}`,
            "    fi",
            "    (cd /usr/local/.tomcat-new && chown -R tomcat:tomcat temp work)",
            `    mv /usr/local/.tomcat-new ${versionedHome}`,
            "fi",
            `[ "$(readlink ${home})" = ${versionedHome} ] || { changed; ln -sfn ${versionedHome} ${home}; }`,
            `chmod 755 ${versionedHome}`,
            "# SELinux's policy lets logrotate work below /var/log, but not below /usr.",
            `if [ ! -L ${versionedHome}/logs ]; then`,
            "    changed",
            `    install -d -o tomcat -g tomcat -m 755 ${logFolder}`,
            `    find ${versionedHome}/logs -type f -exec mv -t ${logFolder} {} +`,
            `    rm -rf ${versionedHome}/logs`,
            `    ln -s ${logFolder} ${versionedHome}/logs`,
            "fi",
            "# Earlier versions of the lab wrote a file a day.",
            `find ${logFolder} -name '*.20??-??-??.*' -mtime +30 -delete`,
            "# What systemd starts has to be labelled as a program.",
            `label ${versionedHome}`,
            `install -d -o root -g tomcat -m 750 ${home}/conf/Site`,
            ...[...libraries, ...valves].map(
                (library) => `put 644 root:root "$artifacts/${library.name}" ${home}/lib/${library.name}`,
            ),
            "# Of two clients Tomcat would take whichever it finds first.",
            `for jar in ${home}/lib/spymemcached-*.jar; do`,
            `    [ "$jar" = ${home}/lib/${client.name} ] || { changed; rm -f "$jar"; }`,
            "done",
            ...(valves.length > 0 ? [] : [removed(`${home}/lib/${valveFile}`)]),
            ...application.writableFolders.flatMap((folder) => [
                `mkdir -p ${docBase}/${folder}`,
                `chown -R tomcat:tomcat ${docBase}/${folder}`,
            ]),
            ...(artifacts.application ? [`install -d -o tomcat -g tomcat -m 750 ${dataFolder}`] : []),
            "# What applies where an application's web.xml names nothing else.",
            `minutes='<session-timeout>${sessionMinutes ?? 30}</session-timeout>'`,
            `if ! grep -qF "$minutes" ${home}/conf/web.xml; then`,
            "    changed",
            `    sed -i "s|<session-timeout>[0-9]*</session-timeout>|$minutes|" ${home}/conf/web.xml`,
            "fi",
            "# Earlier versions compiled the valve on the machine. Classes there would win over the jar.",
            removed(`${home}/lib/de`),
            removed(`${home}/src`),
        ],
        files: [
            { path: "/etc/profile.d/tomcat.sh", content: render("etc/profile.d/tomcat.sh", { home }) },
            {
                path: "/etc/systemd/system/tomcat.service",
                content: render("etc/systemd/system/tomcat.service", {
                    home,
                    javaHome: jdkOf(description).home,
                    port: description.tomcat.port,
                }),
            },
            hardened("tomcat.service", platform, {
                writes: ["temp", "work"].map((folder) => `${home}/${folder}`),
            }),
            {
                path: "/etc/tmpfiles.d/tomcat.conf",
                content: render("etc/tmpfiles.d/tomcat.conf", { logFolder }),
            },
            {
                path: `${home}/conf/logging.properties`,
                content: verbatim("usr/local/tomcat/conf/logging.properties"),
                ...readableByTomcat,
            },
            {
                path: `${home}/bin/setenv.sh`,
                content: render("usr/local/tomcat/bin/setenv.sh", {
                    heapMiB: description.tomcat.heapMiB,
                    copyBufferBytes: copyBufferKiB(description) * 1024,
                    properties: hasProperties && { file: propertiesFile },
                    options: application.jvmOptions.length > 0 && { text: application.jvmOptions.join(" ") },
                }),
            },
            {
                path: `${home}/conf/server.xml`,
                content: render("usr/local/tomcat/conf/server.xml", {
                    port: description.tomcat.port,
                    address,
                    jvmRoute: jvmRoute(description, machine),
                    node: machine.name,
                    appBase,
                    contextPath,
                    docBase,
                    workFolder,
                    usersFile: hasUsers ? usersFile : "tomcat-users.xml",
                    maxHeaderBytes: headerBytesBehindDirectors(description),
                    maxBodyBytes: bodyBytes(description),
                    maxFormBytes: formBytes(description),
                    jasperListener: release.tomcat.hasJasperListener,
                }),
                ...readableByTomcat,
            },
            {
                path: `${home}/conf/context.xml`,
                content: withApplicationSecrets(context, ({ environment }) =>
                    render("usr/local/tomcat/conf/context.xml", {
                        dataSource,
                        environment: Object.entries(environment).map(([name, text]) => ({ name, text })),
                        memcachedNodes: memcachedNodes(description)
                            .map((node) => `${node.name}:${node.address}:${node.port}`)
                            .join(","),
                        failoverNodes: failoverNodes(description, machine).join(","),
                        keepCopies: description.sessions.keepCopies,
                        metrics: monitorsOf(description).length > 0 && {
                            address,
                            port: tomcatMetricsPort,
                            // Where directors ask for a page of the application, visitors' requests look the same.
                            healthPath:
                                (isSample(description) || application.health !== undefined) && healthPath(description),
                        },
                        transcoderFactory: transcoderFactories[description.sessions.serializer],
                        maxKiB: description.sessions.maxKiB,
                        maxSessions: description.sessions.max,
                        backupAsync: description.sessions.backup === "async",
                        node: machine.name,
                    }),
                ),
                ...readableByTomcat,
            },
            ...(hasProperties
                ? [
                      {
                          path: `${home}/conf/${propertiesFile}`,
                          content: withApplicationSecrets(context, ({ properties }) =>
                              [classFolders, ...Object.entries(properties).map(propertyLine)].join(""),
                          ),
                          ...readableByTomcat,
                      },
                  ]
                : []),
            ...(hasUsers
                ? [
                      {
                          path: `${home}/conf/${usersFile}`,
                          content: withApplicationSecrets(context, ({ users }) =>
                              render("usr/local/tomcat/conf/site-users.xml", {
                                  users: Object.entries(users).map(([name, { password, roles }]) => ({
                                      name,
                                      password,
                                      roles: roles.join(","),
                                  })),
                              }),
                          ),
                          ...readableByTomcat,
                      },
                  ]
                : []),
            {
                path: `${home}/conf/database.xml`,
                content: passwords.database.apply((text) =>
                    render("usr/local/tomcat/conf/database.xml", {
                        dataSource,
                        poolSize: application.poolSize,
                        idle: Math.min(8, application.poolSize),
                        driver: driver.className,
                        url: databaseUrl(
                            driver.scheme,
                            machinesWith(description, "database")[0]?.address ?? "",
                            description.database.name,
                        ),
                        user: accountName(description, text),
                        password: text,
                    }),
                ),
                ...readableByTomcat,
            },
        ],
        test: "systemd-tmpfiles --create /etc/tmpfiles.d/tomcat.conf",
        service: { unit: "tomcat.service" },
        ready: {
            command: answersText(`http://127.0.0.1:${description.tomcat.port}${healthPath(description)}`),
            seconds: 600,
        },
        finish: [
            "# Versions of the application that this Tomcat no longer has.",
            `for version in ${versionsFolder}/*; do`,
            `    [ "$version" = ${docBase} ] || rm -rf "$version" "${home}/work/\${version##*/}"`,
            "done",
        ],
    };
}

const transcoderFactories = {
    kryo: "de.javakaffee.web.msm.serializer.kryo.KryoTranscoderFactory",
    java: "de.javakaffee.web.msm.JavaSerializationTranscoderFactory",
};

/** Its system properties stand in a file: others could read those of the command line. */
const propertiesFile = "site.properties";
const usersFile = "site-users.xml";
/** What Tomcat needs of the file that this one replaces, catalina.properties. */
const classFolders =
    'common.loader="${catalina.base}/lib","${catalina.base}/lib/*.jar"\nserver.loader=\nshared.loader=\n';

const removed = (path: string) => `[ ! -e ${path} ] || { changed; rm -rf ${path}; }`;

/**
 * Time-outs are in milliseconds. With the pool's limits (database.xml) the health page ends before its director gives
 * up (nginx.conf).
 */
const databaseUrl = (scheme: string, address: string, name: string) =>
    `${scheme}://${address}:3306/${name}?connectTimeout=1000&socketTimeout=3000`;
