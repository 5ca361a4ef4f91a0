import { platforms } from "../catalog/platforms/index";
import type { Monitoring } from "../catalog/platforms/platform";
import { mistakeIf } from "../config/checks/check";
import type { LabDescription } from "../config/description";
import type { Mistake } from "../config/mistakes";
import { addressesOf } from "./addresses";
import { alertmanagerConfiguration, alertmanagerPort, clusterPort } from "./alertmanager";
import { monitoringOf, monitorsOf } from "./monitoring";
import { monitorPageConfiguration, pageDoor } from "./monitor-page";
import { onePort80 } from "./one-port-80";
import { prometheusConfiguration, prometheusPort, siteExporterConfiguration } from "./prometheus";
import type { Door, RoleDefinition } from "./role-definition";

/** A machine that watches all machines and the site, and raises alarms (article, row 24). */
export const monitor: RoleDefinition = {
    name: "monitor",
    mistakes: (description) => [
        ...platformHasPrometheus(description),
        ...onePort80(description, "monitor", "app"),
        ...onePort80(description, "monitor", "director"),
        ...mailCanGo(description),
    ],
    memoryMiB: () => 250,
    component: "lab:Monitor",
    steps: [
        { name: "alertmanager", component: "lab:Alertmanager", configuration: alertmanagerConfiguration },
        { name: "site-exporter", component: "lab:SiteExporter", configuration: siteExporterConfiguration },
        {
            name: "prometheus",
            component: "lab:Prometheus",
            after: { steps: ["alertmanager", "site-exporter"] },
            configuration: prometheusConfiguration,
        },
        { name: "monitor-page", component: "lab:MonitorPage", configuration: monitorPageConfiguration },
    ],
    worksAfter: "prometheus",
    packages: (_description, { monitoring, packages }) =>
        monitoring
            ? [...programsOf(monitoring).map((program) => program.package), ...monitoring.timeZones, ...packages.httpd]
            : [],
    units: (_description, { monitoring, httpd }) =>
        monitoring ? [...programsOf(monitoring).map(({ unit }) => unit), httpd.unit] : [],
    processes: ({ monitoring, httpd }) =>
        // The kernel cuts a name after 15 characters.
        monitoring
            ? [
                  { program: /^prometheus$/, user: monitoring.user },
                  { program: /^prometheus-aler$/, user: monitoring.user },
                  { program: /^(apache2|httpd)$/, user: httpd.user },
              ]
            : [],
    exporters: () => [
        { job: "prometheus", port: prometheusPort },
        { job: "alertmanager", port: alertmanagerPort },
    ],
    doors: (description) => (monitoringOf(description) ? [...clusterDoor(description), pageDoor(description)] : []),
};

const programsOf = ({ prometheus, alertmanager, siteExporter }: Monitoring) => [prometheus, alertmanager, siteExporter];

/** The Alertmanagers tell each other which alarm was sent. */
function clusterDoor(description: LabDescription): Door[] {
    const all = monitorsOf(description);
    return all.length < 2
        ? []
        : [{ what: "the other Alertmanagers", port: clusterPort, udp: true, on: all, from: addressesOf(all) }];
}

const platformHasPrometheus = (description: LabDescription): Mistake[] =>
    monitorsOf(description)
        .slice(0, 1)
        .flatMap((machine) =>
            mistakeIf(platforms[description.platform].monitoring === undefined, () => ({
                path: `machines.${machine.name}.roles`,
                problem: `${description.platform} has no packages of Prometheus`,
                remedy: "take the role monitor away, or use debian-13",
            })),
        );

function mailCanGo(description: LabDescription): Mistake[] {
    const { mail, webhook } = description.monitoring;
    const silent = (path: string) => ({
        path,
        problem: "no machine has the role monitor: nothing would raise an alarm",
        remedy: "give a machine the role monitor, or take the setting away",
    });
    const hasMonitor = monitorsOf(description).length > 0;
    return [
        ...mistakeIf(mail.to.length > 0 && mail.relay === undefined, () => ({
            path: "monitoring.mail.relay",
            problem: "is missing: nothing would take the mails to monitoring.mail.to",
            remedy: "name the site's mail server, for example 192.168.0.10:25",
        })),
        ...mistakeIf(mail.to.length > 0 && !hasMonitor, () => silent("monitoring.mail.to")),
        ...mistakeIf(webhook !== undefined && !hasMonitor, () => silent("monitoring.webhook")),
    ];
}
