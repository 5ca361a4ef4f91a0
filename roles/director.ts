import { platforms } from "../catalog/platforms/index";
import { serverSources, sourceNames } from "../catalog/director-servers";
import { mistakeIf, repeated } from "../config/checks/check";
import { machinesWith, type LabDescription, type MachineDescription } from "../config/description";
import type { Mistake } from "../config/mistakes";
import { addressesOf } from "./addresses";
import { connectionsConfiguration, connectionsPeer } from "./connections";
import { appServerLists, checksUnit, healthChecksConfiguration, needsChecks } from "./health-checks";
import { keepalivedConfiguration } from "./keepalived";
import { onePort80 } from "./one-port-80";
import type { Door, RoleDefinition } from "./role-definition";
import { render } from "./template";
import { connectionsPath, tengineConfiguration, tengineLogs } from "./tengine";
import { tengineBuild } from "./tengine-build";

const directorExporterPort = 9113;

/**
 * A machine that takes the site's visitors: Tengine, and keepalived for the virtual address (article, rows 17 to 22).
 */
export const director: RoleDefinition = {
    name: "director",
    withoutIt: "nothing would hold the virtual address",
    mistakes: (description) => [
        ...onePort80(description, "app", "director"),
        ...priorities(description),
        ...sourceCompiles(description),
        ...advertInterval(description),
        ...timeouts(description),
    ],
    memoryMiB: () => 48,
    component: "lab:Director",
    // The holder of the virtual address comes last, so that the address moves only once and back.
    takesTurns: ({ priority = 0 }) => priority,
    steps: [
        {
            name: "tengine",
            component: "lab:Tengine",
            after: { roles: ["app"] },
            build: tengineBuild,
            configuration: tengineConfiguration,
        },
        {
            name: "health-checks",
            component: "lab:HealthChecks",
            after: { steps: ["tengine"] },
            configuration: healthChecksConfiguration,
        },
        {
            name: "connections",
            component: "lab:Connections",
            after: { steps: ["tengine"] },
            configuration: connectionsConfiguration,
        },
        {
            name: "keepalived",
            component: "lab:Keepalived",
            after: { steps: ["tengine", "connections"] },
            configuration: keepalivedConfiguration,
        },
    ],
    worksAfter: "keepalived",
    packages: (_description, { packages }) => [...packages.directorRuntime, ...packages.keepalived],
    artifacts: ({ director: { source } }) => [serverSources[source].server, serverSources[source].jemalloc],
    units: (description, platform) => [
        "tengine.service",
        ...(needsChecks(description) ? [checksUnit] : []),
        platform.keepalived.unit,
    ],
    logs: () => [tengineLogs],
    processes: () => [{ program: /^nginx$/, user: "nginx" }],
    exporters: ({ description, machine: { address }, monitoring: { directorExporter } }) => [
        {
            job: "director",
            port: directorExporterPort,
            service: {
                ...directorExporter,
                arguments: [
                    `--web.listen-address=:${directorExporterPort}`,
                    `--nginx.scrape-uri=http://${address}${connectionsPath(description)}`,
                ],
            },
        },
    ],
    metrics: ({ description, machine, machine: { address } }) =>
        render("usr/libexec/lab/metrics/director", {
            virtualAddress: description.virtualAddress,
            keepsConnections:
                connectionsPeer({ description, machine, platform: platforms[description.platform] }) !== undefined,
            tengine: !needsChecks(description),
            address,
            listsFolder: appServerLists(description).folder,
            appServers: machinesWith(description, "app"),
        }),
    doors: (description) => [
        { what: "the site", port: 80, on: machinesWith(description, "director"), from: "anyone" },
        ...machinesWith(description, "director").flatMap((machine) => vrrpDoor(description, machine)),
    ],
    answersHealthChecks: true,
};

/** Each director hears the VRRP adverts of the others. */
function vrrpDoor(description: LabDescription, machine: MachineDescription): Door[] {
    const others = machinesWith(description, "director").filter(({ name }) => name !== machine.name);
    return others.length === 0 ? [] : [{ what: "VRRP", port: "vrrp", on: [machine], from: addressesOf(others) }];
}

function priorities(description: LabDescription): Mistake[] {
    const directors = machinesWith(description, "director");
    const path = (machine: MachineDescription) => `machines.${machine.name}.priority`;
    return [
        ...directors
            .filter((machine) => machine.priority === undefined)
            .map((machine) => ({
                path: path(machine),
                problem: "a director has no priority",
                remedy: "give each director a number from 1 to 254; the highest one holds the virtual address",
            })),
        ...description.machines
            .filter((machine) => machine.priority !== undefined && !machine.roles.includes("director"))
            .map((machine) => ({
                path: path(machine),
                problem: "only directors have a priority",
                remedy: "remove it, or add director to the machine's roles",
            })),
        ...repeated(
            directors,
            (machine) => machine.priority?.toString(),
            (machine, earlier) => ({
                path: path(machine),
                problem:
                    `${machine.priority} is ${earlier.name}'s priority, too: ` +
                    "chance would choose the holder of the virtual address",
                remedy: "give each director a priority of its own",
            }),
        ),
    ];
}

function sourceCompiles({ platform, director: { source } }: LabDescription): Mistake[] {
    const compilesHere = (name: typeof source) => serverSources[name].onlyOn?.platforms.includes(platform) ?? true;
    return mistakeIf(!compilesHere(source), () => ({
        path: "director.source",
        problem: `${source} does not compile on ${platform}: ${serverSources[source].onlyOn?.because}`,
        remedy: `choose from ${sourceNames.filter(compilesHere).join(", ")}`,
    }));
}

function advertInterval({ keepalived: { advertInterval: interval } }: LabDescription): Mistake[] {
    const centiseconds = interval * 100;
    return mistakeIf(Math.abs(centiseconds - Math.round(centiseconds)) >= 1e-9, () => ({
        path: "keepalived.advertInterval",
        problem: `${interval} s is no whole number of centiseconds, which is how VRRP counts`,
        remedy: "choose for example 0.2 or 1",
    }));
}

function timeouts({ director: { timeouts } }: LabDescription): Mistake[] {
    const attempts = 2 * timeouts.connectSeconds;
    return mistakeIf(timeouts.answerSeconds <= attempts, () => ({
        path: "director.timeouts.answerSeconds",
        problem:
            `${timeouts.answerSeconds} s do not suffice for two attempts to connect, ` +
            `of ${timeouts.connectSeconds} s each`,
        remedy: `choose more than ${attempts}, or less for director.timeouts.connectSeconds`,
    }));
}
