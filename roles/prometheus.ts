import { healthPath, isSample } from "../config/application";
import { answersText } from "../lib/proxies";
import { alertRules } from "./alert-rules";
import { alertmanagerPort } from "./alertmanager";
import { exporterUnit } from "./exporters";
import { hardened } from "./hardening";
import { monitoringOf, monitorsOf } from "./monitoring";
import { restarted } from "./restarted";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext, Target } from "./role-definition";
import { render } from "./template";

export const prometheusPort = 9090;
/** On loopback. */
const siteExporterPort = 9115;

/** Prometheus: measures, keeps what it measured, and finds out when an alarm is due. */
export function prometheusConfiguration({ description, platform, targets }: RoleContext): RoleConfiguration {
    const monitoring = monitoringOf(description);
    if (!monitoring) return {};
    const { prometheus } = monitoring;
    const { configurationFolder: folder } = prometheus;
    const { retentionDays, retentionMiB, scrapeSeconds } = description.monitoring;
    return {
        files: [
            {
                path: `${folder}/prometheus.yml`,
                content: render("etc/prometheus/prometheus.yml", {
                    scrapeSeconds,
                    // An answer that takes longer than the interval would delay the next one.
                    timeoutSeconds: scrapeSeconds > 1 ? scrapeSeconds - 1 : scrapeSeconds,
                    rules: `${folder}/rules.yml`,
                    alertmanagers: monitorsOf(description).map(({ address }) => ({ address, port: alertmanagerPort })),
                    jobs: jobsOf(targets),
                    virtualAddress: description.virtualAddress,
                    sitePath: isSample(description) ? "/" : healthPath(description),
                    siteName: description.site.hostName,
                    siteExporterPort,
                }),
            },
            { path: `${folder}/rules.yml`, content: alertRules(description) },
            exporterUnit(
                {
                    ...prometheus,
                    arguments: [
                        `--config.file=${folder}/prometheus.yml`,
                        `--storage.tsdb.path=${prometheus.dataFolder}`,
                        `--storage.tsdb.retention.time=${retentionDays}d`,
                        `--storage.tsdb.retention.size=${retentionMiB}MB`,
                        "--storage.tsdb.wal-compression",
                        `--web.listen-address=:${prometheusPort}`,
                    ],
                },
                monitoring,
                110,
            ),
            restarted(prometheus.unit),
            hardened(prometheus.unit, platform),
        ],
        test: `promtool check config ${folder}/prometheus.yml`,
        service: { unit: prometheus.unit, onChange: "reload" },
        ready: {
            command: answersText(`http://127.0.0.1:${prometheusPort}/-/ready`),
            seconds: 300,
        },
    };
}

/** The prober of the site, through the virtual address. */
export function siteExporterConfiguration({ description, platform }: RoleContext): RoleConfiguration {
    const monitoring = monitoringOf(description);
    if (!monitoring) return {};
    const { siteExporter, prometheus } = monitoring;
    const file = `${prometheus.configurationFolder}/blackbox.yml`;
    return {
        files: [
            {
                path: file,
                content: render("etc/prometheus/blackbox.yml", {
                    siteName: description.site.hostName,
                    // A page of another application may send its visitor on.
                    statuses: isSample(description) ? "200" : "200, 204, 301, 302, 303, 307, 308",
                }),
            },
            exporterUnit(
                {
                    ...siteExporter,
                    arguments: [`--config.file=${file}`, `--web.listen-address=127.0.0.1:${siteExporterPort}`],
                },
                monitoring,
            ),
            restarted(siteExporter.unit),
            hardened(siteExporter.unit, platform),
        ],
        test: `${siteExporter.program} --config.check --config.file=${file}`,
        service: { unit: siteExporter.unit, onChange: "reload" },
    };
}

/** The targets of each job. */
function jobsOf(targets: Target[]) {
    const names = [...new Set(targets.map(({ exporter }) => exporter.job))];
    return names.map((job) => {
        const own = targets.filter(({ exporter }) => exporter.job === job);
        return {
            job,
            path: own[0]?.exporter.path ?? "/metrics",
            targets: own.map(({ machine: { name, address }, exporter: { port } }) => ({ name, address, port })),
        };
    });
}
