import { controlAddresses } from "./addresses";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext, RoleDefinition } from "./role-definition";
import { nodeExporterArguments, nodeExporterPort } from "./node-exporter";
import { render } from "./template";

/** What every machine has: the names of all others, and ssh for the control machine. */
export const base: RoleDefinition = {
    name: "base",
    isImplied: () => true,
    steps: [{ name: "base", component: "lab:Base", configuration: baseConfiguration }],
    worksAfter: "base",
    logs: (_description, platform) => platform.systemLogs,
    packages: (_description, platform) => platform.packages.base,
    exporters: ({ description, monitoring: { nodeExporter } }) => [
        {
            job: "machine",
            port: nodeExporterPort,
            service: { ...nodeExporter, arguments: nodeExporterArguments(description, nodeExporter.textFolder) },
        },
    ],
    metrics: ({ machine, description }) =>
        render("usr/libexec/lab/metrics/machine", {
            vcpus: machine.vcpus,
            cgroup: "/sys/fs/cgroup",
            isVm: description.machineKind === "vm",
            lookSeconds: 60,
        }),
    doors: (description) => [{ what: "ssh", port: 22, on: description.machines, from: controlAddresses(description) }],
};

export function baseConfiguration({ description }: Pick<RoleContext, "description">): RoleConfiguration {
    return {
        files: [
            {
                path: "/etc/hosts",
                content: render("etc/hosts", {
                    machines: description.machines,
                    virtualAddress: description.virtualAddress,
                    siteName: description.site.hostName,
                }),
            },
        ],
    };
}
