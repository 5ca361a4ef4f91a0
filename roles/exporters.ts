import type { Monitoring } from "../catalog/platforms/platform";
import { stepsFolder } from "./apply";
import { driftScript } from "./drift";
import { hardened } from "./hardening";
import { monitoringOf } from "./monitoring";
import { restarted } from "./restarted";
import type { RoleConfiguration } from "./role-configuration";
import type { Exporter, ExporterService, RoleContext, RoleDefinition } from "./role-definition";
import { render, verbatim } from "./template";

const metricsUnit = "lab-metrics.service";
const driftTimer = "lab-drift.timer";
const driftProgram = "/usr/libexec/lab/look-for-drift";

/** What monitors ask of a machine. Which exporters there are, the machine's other roles say. */
export const exporters: RoleDefinition = {
    name: "exporters",
    isImplied: (_machine, description) => monitoringOf(description) !== undefined,
    units: () => [metricsUnit],
    steps: [{ name: "exporters", component: "lab:Exporters", configuration: exportersConfiguration }],
    worksAfter: "exporters",
};

/** The services that an exporter needs. */
export const servicesOf = (all: Exporter[]): ExporterService[] => all.flatMap(({ service }) => service ?? []);

function exportersConfiguration({ description, platform, exporters: own, metrics }: RoleContext): RoleConfiguration {
    const monitoring = monitoringOf(description);
    if (!monitoring) return {};
    const services = servicesOf(own);
    const { textFolder } = monitoring.nodeExporter;
    const program = "/usr/libexec/lab/metrics";
    return {
        prepare: [`install -d -o ${monitoring.user} -g ${monitoring.user} -m 755 ${textFolder}`],
        files: [
            ...services.flatMap((service) => [
                ...(service.files ?? []),
                exporterUnit(service, monitoring),
                restarted(service.unit),
                hardened(service.unit, platform, service.needs),
            ]),
            {
                path: program,
                content: render("usr/libexec/lab/metrics", {
                    texts: metrics.map((text) => text.trimEnd()),
                    seconds: description.monitoring.scrapeSeconds,
                }),
                mode: "755",
            },
            {
                path: `/etc/systemd/system/${metricsUnit}`,
                content: render(`etc/systemd/system/${metricsUnit}`, {
                    user: monitoring.user,
                    program,
                    file: `${textFolder}/lab.prom`,
                }),
            },
            restarted(metricsUnit),
            hardened(metricsUnit, platform),
            {
                path: driftProgram,
                content: render("usr/libexec/lab/look-for-drift", { stepsFolder, script: driftScript }),
                mode: "755",
            },
            {
                path: "/etc/systemd/system/lab-drift.service",
                content: render("etc/systemd/system/lab-drift.service", {
                    program: driftProgram,
                    file: `${textFolder}/drift.prom`,
                }),
            },
            { path: `/etc/systemd/system/${driftTimer}`, content: verbatim(`etc/systemd/system/${driftTimer}`) },
        ],
        service: { unit: metricsUnit, others: [driftTimer, ...services.map(({ unit }) => unit)] },
    };
}

/** How a service of the monitoring runs. Go takes up to twice the memory that it uses, unless a limit is set. */
export const exporterUnit = (
    { unit, program, arguments: words }: ExporterService,
    { user }: Monitoring,
    mebibytes = 10,
) => ({
    path: `/etc/systemd/system/${unit}.d/lab.conf`,
    content: render("etc/systemd/system/exporter.conf", {
        user,
        mebibytes,
        program,
        // systemd reads both signs as the beginning of a name.
        words: words.map((word) => word.replaceAll("$", "$$$$").replaceAll("%", "%%")),
    }),
});
