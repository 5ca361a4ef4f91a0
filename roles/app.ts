import { drivers, releases } from "../catalog/releases";
import { platforms } from "../catalog/platforms/index";
import { mistakeIf } from "../config/checks/check";
import { jdkOf } from "../config/chosen-jdk";
import { machinesWith, type LabDescription } from "../config/description";
import type { Mistake } from "../config/mistakes";
import { addressesOf } from "./addresses";
import { pagesBuild } from "./compiled-pages";
import { httpdConfiguration, httpdLogs, httpdStatusPort } from "./httpd";
import { javaConfiguration } from "./java";
import type { RoleDefinition } from "./role-definition";
import { tomcatConfiguration, tomcatLogs, tomcatMetricsPort } from "./tomcat";
import { webSiteConfiguration } from "./web-site";

const httpdExporterPort = 9117;

/**
 * A machine that runs the application: JDK, the application's files, Tomcat, httpd in front (article, rows 10 to 16).
 */
export const app: RoleDefinition = {
    name: "app",
    withoutIt: "nothing would run the site",
    mistakes: (description) => [...sessionClientFits(description), ...jdkInstalls(description)],
    // Beside the heap a JVM takes about 160 MiB (metaspace, code cache, threads), and httpd 32.
    memoryMiB: ({ tomcat }) => tomcat.heapMiB + 192,
    component: "lab:AppServer",
    takesTurns: true,
    steps: [
        { name: "java", component: "lab:Java", configuration: javaConfiguration },
        { name: "site", component: "lab:WebSite", configuration: webSiteConfiguration },
        {
            name: "tomcat",
            component: "lab:Tomcat",
            after: { steps: ["java", "site"], roles: ["database", "memcached"] },
            build: pagesBuild,
            configuration: tomcatConfiguration,
        },
        { name: "httpd", component: "lab:Httpd", after: { steps: ["tomcat"] }, configuration: httpdConfiguration },
    ],
    worksAfter: "httpd",
    packages: (description, platform) => [...jdkOf(description).packages, ...platform.packages.httpd],
    artifacts: (description) => {
        const { rpm } = jdkOf(description);
        const { tomcat, libraries } = releases[description.release];
        const driver = drivers[description.database.server].artifact;
        return [...(rpm ? [rpm] : []), tomcat.artifact, ...libraries, driver, description.sessions.client];
    },
    logs: (description, platform) => [...tomcatLogs(description), httpdLogs(platform)],
    units: (_description, platform) => ["tomcat.service", platform.httpd.unit],
    processes: (platform) => [
        { program: /^java$/, user: "tomcat" },
        { program: /^(apache2|httpd)$/, user: platform.httpd.user },
    ],
    exporters: ({ description, monitoring: { httpdExporter } }) => [
        // Tomcat's numbers come from the valve's jar.
        ...(description.sessions.keepCopies ? [{ job: "tomcat", port: tomcatMetricsPort }] : []),
        {
            job: "httpd",
            port: httpdExporterPort,
            service: {
                ...httpdExporter,
                arguments: [
                    `--web.listen-address=:${httpdExporterPort}`,
                    `--scrape_uri=http://127.0.0.1:${httpdStatusPort}/server-status?auto`,
                ],
            },
        },
    ],
    doors: (description) => [
        {
            what: "httpd",
            port: 80,
            on: machinesWith(description, "app"),
            from: addressesOf(machinesWith(description, "director")),
        },
    ],
    answersHealthChecks: true,
};

const sessionClientFits = ({ release, sessions }: LabDescription): Mistake[] => {
    const { sessionClients } = releases[release];
    return mistakeIf(!sessionClients.includes(sessions.client), () => ({
        path: "sessions.client",
        problem: `${sessions.client} does not go with the session manager of the release ${release}`,
        remedy: `choose from ${sessionClients.join(", ")}, or leave it away`,
    }));
};

const jdkInstalls = ({ platform, java }: LabDescription): Mistake[] => {
    const { jdks } = platforms[platform];
    return mistakeIf(!jdks[java], () => ({
        path: "java",
        problem: `no ${java} installs on ${platform}`,
        remedy: `choose from ${Object.keys(jdks).join(", ")}, or leave it away`,
    }));
};
