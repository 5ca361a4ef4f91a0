import { answersText } from "../lib/proxies";
import { alertmanagerText } from "./alertmanager-config";
import { exporterUnit } from "./exporters";
import { hardened } from "./hardening";
import { monitoringOf, monitorsOf } from "./monitoring";
import { restarted } from "./restarted";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext } from "./role-definition";

export const alertmanagerPort = 9093;
export const clusterPort = 9094;

/** Alertmanager: tells people of alarms. */
export function alertmanagerConfiguration({ description, machine, platform }: RoleContext): RoleConfiguration {
    const monitoring = monitoringOf(description);
    if (!monitoring) return {};
    const { alertmanager, prometheus } = monitoring;
    const file = `${prometheus.configurationFolder}/alertmanager.yml`;
    const others = monitorsOf(description).filter(({ name }) => name !== machine.name);
    return {
        files: [
            { path: file, content: alertmanagerText(description) },
            exporterUnit(
                {
                    ...alertmanager,
                    arguments: [
                        `--config.file=${file}`,
                        `--storage.path=${alertmanager.dataFolder}`,
                        `--web.listen-address=:${alertmanagerPort}`,
                        // `./lab alarm test` asks for the notifications of each receiver.
                        "--enable-feature=receiver-name-in-metrics",
                        // An empty address: without others it opens no port for them.
                        others.length > 0
                            ? `--cluster.listen-address=${machine.address}:${clusterPort}`
                            : "--cluster.listen-address=",
                        ...others.map(({ address }) => `--cluster.peer=${address}:${clusterPort}`),
                    ],
                },
                monitoring,
                40,
            ),
            restarted(alertmanager.unit),
            hardened(alertmanager.unit, platform),
        ],
        test: `amtool check-config ${file}`,
        service: { unit: alertmanager.unit, onChange: "reload" },
        ready: {
            command: answersText(`http://127.0.0.1:${alertmanagerPort}/-/ready`),
            seconds: 300,
        },
    };
}
