/** What is wrong only when several values are seen together. Every check returns all that it finds; none throws. */
import type { Mistake } from "./mistakes";
import {
    jvmRoute,
    machinesWith,
    memcachedNodes,
    type HypervisorDescription,
    type MachineDescription,
    type LabDescription,
} from "./description";
import { releases } from "../catalog/releases";
import { serverSources, sourceNames } from "../catalog/director-servers";
import { platforms } from "../catalog/platforms/index";
import { imageOf } from "./chosen-image";
import { isInNetwork, isReserved } from "../lib/ipv4";
import { parseLibvirtUri } from "../lib/libvirt-uri";
import type { Role } from "./schema";

type Check = (description: LabDescription) => Mistake[];

const addressPath = (machine: MachineDescription) => `machines.${machine.name}.address`;

const addressesInNetwork: Check = (description) => {
    const { cidr } = description.network;
    const named = [
        { path: "network.gateway", address: description.network.gateway },
        { path: "virtualAddress", address: description.virtualAddress },
        ...description.machines.map((machine) => ({ path: addressPath(machine), address: machine.address })),
    ];
    return named.flatMap(({ path, address }): Mistake[] => {
        if (!isInNetwork(address, cidr))
            return [
                {
                    path,
                    problem: `${address} is outside of the network ${cidr}`,
                    remedy: "choose an address inside it, or change lab:network.cidr",
                },
            ];
        if (isReserved(address, cidr))
            return [
                { path, problem: `${address} is the network's own or its broadcast address`, remedy: "choose another" },
            ];
        return [];
    });
};

/** Reports every value that an earlier item has too. */
function repeated<T>(
    items: T[],
    value: (item: T) => string | undefined,
    mistake: (item: T, earlier: T) => Mistake,
): Mistake[] {
    const seen = new Map<string, T>();
    return items.flatMap((item) => {
        const key = value(item);
        if (key === undefined) return [];
        const earlier = seen.get(key);
        if (earlier === undefined) seen.set(key, item);
        return earlier === undefined ? [] : [mistake(item, earlier)];
    });
}

const oneOwnerPerAddress: Check = (description) =>
    repeated(
        [
            { path: "network.gateway", address: description.network.gateway, what: "the gateway" },
            { path: "virtualAddress", address: description.virtualAddress, what: "the virtual address" },
            ...description.machines.map((machine) => ({
                path: addressPath(machine),
                address: machine.address,
                what: machine.name,
            })),
        ],
        ({ address }) => address,
        (item, earlier) => ({
            path: item.path,
            problem: `${item.address} is taken: ${earlier.what} has it`,
            remedy: `give ${item.what} or ${earlier.what} an address of its own`,
        }),
    );

const oneOwnerPerMac: Check = (description) =>
    repeated(
        description.machines,
        (machine) => machine.mac,
        (machine, earlier) => ({
            path: `machines.${machine.name}.mac`,
            problem: `${machine.mac} is ${earlier.name}'s too`,
            remedy: "leave mac away: one is made from the address",
        }),
    );

const whatFor: Record<Role, string> = {
    app: "nothing would run the site",
    memcached: "sessions would have nowhere to be kept",
    director: "nothing would hold the virtual address",
    database: "the site would have no database",
};

const everyRoleHasAMachine: Check = (description) =>
    (Object.keys(whatFor) as Role[])
        .filter((role) => machinesWith(description, role).length === 0)
        .map((role) => ({
            path: "machines",
            problem: `no machine has the role ${role}: ${whatFor[role]}`,
            remedy: `add ${role} to the roles of a machine`,
        }));

const oneDatabase: Check = (description) =>
    machinesWith(description, "database")
        .slice(1)
        .map((machine) => ({
            path: `machines.${machine.name}.roles`,
            problem: "a second database: replication is not what this project does",
            remedy: "keep the role database on one machine",
        }));

const rolesOnce: Check = (description) =>
    description.machines.flatMap((machine) =>
        repeated(
            machine.roles,
            (role) => role,
            (role) => ({
                path: `machines.${machine.name}.roles`,
                problem: `${role} stands there twice`,
                remedy: "name it once",
            }),
        ),
    );

const directorsAndHttpdApart: Check = (description) =>
    description.machines
        .filter((machine) => machine.roles.includes("app") && machine.roles.includes("director"))
        .map((machine) => ({
            path: `machines.${machine.name}.roles`,
            problem: "app and director both serve port 80",
            remedy: "put them on two machines",
        }));

const priorities: Check = (description) => {
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
                problem: `${machine.priority} is ${earlier.name}'s priority too: which of the two holds the virtual address would be left to chance`,
                remedy: "give each director a priority of its own",
            }),
        ),
    ];
};

const oneRoutePerAppServer: Check = (description) =>
    repeated(machinesWith(description, "app"), jvmRoute, (machine, earlier) => ({
        path: addressPath(machine),
        problem: `its session route would be ${jvmRoute(machine)}, which is ${earlier.name}'s: the last number of their addresses is the same`,
        remedy: "choose addresses of app servers that differ in their last number",
    }));

const failoverNodesExist: Check = (description) => {
    const names = memcachedNodes(description).map(({ name }) => name);
    const { failoverNodes = [] } = description.sessions;
    return failoverNodes
        .flatMap((name, index): Mistake[] => {
            const path = `sessions.failoverNodes[${index}]`;
            if (!names.includes(name))
                return [
                    {
                        path,
                        problem: `there is no ${name}`,
                        remedy: `choose from ${names.join(", ") || "the machines with the role memcached, once there are some"}`,
                    },
                ];
            return [];
        })
        .concat(
            names.length > 0 && names.every((name) => failoverNodes.includes(name))
                ? [
                      {
                          path: "sessions.failoverNodes",
                          problem: "every memcached is a failover node: none is left for daily use",
                          remedy: "leave at least one out; with a single memcached, set it to []",
                      },
                  ]
                : [],
        );
};

const sessionClientFits: Check = ({ release, sessions }) => {
    const { sessionClients } = releases[release];
    return sessionClients.includes(sessions.client)
        ? []
        : [
              {
                  path: "sessions.client",
                  problem: `${sessions.client} does not go with the session manager of the release ${release}`,
                  remedy: `choose from ${sessionClients.join(", ")}, or leave it away`,
              },
          ];
};

const databaseServerInstalls: Check = ({ platform, database }) => {
    const { databases } = platforms[platform];
    return databases[database.server]
        ? []
        : [
              {
                  path: "database.server",
                  problem: `no ${database.server} installs on ${platform}`,
                  remedy: `choose from ${Object.keys(databases).join(", ")}, or leave it away`,
              },
          ];
};

const jdkInstalls: Check = ({ platform, java }) => {
    const { jdks } = platforms[platform];
    return jdks[java]
        ? []
        : [
              {
                  path: "java",
                  problem: `no ${java} installs on ${platform}`,
                  remedy: `choose from ${Object.keys(jdks).join(", ")}, or leave it away`,
              },
          ];
};

const directorSourceCompiles: Check = ({ platform, director }) => {
    const { onlyOn } = serverSources[director.source];
    const others = sourceNames.filter((name) => serverSources[name].onlyOn?.platforms.includes(platform) ?? true);
    return (onlyOn?.platforms.includes(platform) ?? true)
        ? []
        : [
              {
                  path: "director.source",
                  problem: `${director.source} does not compile on ${platform}: ${onlyOn?.because}`,
                  remedy: `choose from ${others.join(", ")}`,
              },
          ];
};

const advertInterval: Check = (description) => {
    const interval = description.keepalived.advertInterval;
    const centiseconds = interval * 100;
    return Math.abs(centiseconds - Math.round(centiseconds)) < 1e-9
        ? []
        : [
              {
                  path: "keepalived.advertInterval",
                  problem: `${interval} s is no whole number of centiseconds, which is how VRRP counts`,
                  remedy: "choose for example 0.2 or 1",
              },
          ];
};

const machineKind: Check = (description) => {
    const driver = description.machineKind === "container" ? "lxc" : "qemu";
    return [
        ...description.hypervisors
            .filter(({ uri }) => parseLibvirtUri(uri).driver !== driver)
            .map((hypervisor) => ({
                path: hypervisorPath(hypervisor),
                problem: `${hypervisor.uri} makes no machine of kind ${description.machineKind}`,
                remedy: `use ${driver}:///system, or the other machineKind`,
            })),
        ...(description.machineKind === "container" && !description.isolated
            ? [
                  {
                      path: "isolated",
                      problem: "containers are made in a lab of this machine's own",
                      remedy: "set it to true",
                  },
              ]
            : []),
        ...(description.isolated && description.packageProxy === "none"
            ? [
                  {
                      path: "packageProxy",
                      problem: "the machines of an isolated lab reach no mirror without a package proxy",
                      remedy: "set it to a port, for example 3142",
                  },
              ]
            : []),
        ...(description.machineKind === "vm" &&
        description.packageProxy !== "none" &&
        !platforms[description.platform].packageProxy
            ? [
                  {
                      path: "packageProxy",
                      problem: `${description.platform} has no words for one, and the lab's has Debian's packages only`,
                      remedy: "leave it away",
                  },
              ]
            : []),
        ...(description.machineKind === "vm" && !imageOf(description) && !description.isolated
            ? [
                  {
                      path: "image",
                      problem: `${description.platform} has no image to start virtual machines from, but for isolated labs`,
                      remedy: "name one: lab:image: { source: PATH-OR-ADDRESS, sha256: SUM }",
                  },
              ]
            : []),
        ...(platforms[description.platform].kinds.includes(description.machineKind)
            ? []
            : [
                  {
                      path: "platform",
                      problem: `${description.platform} is not to be had as a ${description.machineKind}`,
                      remedy: `choose from ${Object.values(platforms)
                          .filter((platform) => platform.kinds.includes(description.machineKind))
                          .map((platform) => platform.name)
                          .join(", ")}`,
                  },
              ]),
    ];
};

const hypervisorPath = ({ name }: HypervisorDescription) => (name === undefined ? "hypervisor" : `hypervisors.${name}`);

const placement: Check = ({ hypervisors, machines }) => {
    const named = hypervisors.flatMap(({ name }) => name ?? []);
    const path = (machine: MachineDescription) => `machines.${machine.name}.hypervisor`;
    return [
        ...(named.length > 0 && named.length < hypervisors.length
            ? [{ path: "hypervisor", problem: "stands beside lab:hypervisors", remedy: "keep one of the two" }]
            : []),
        ...repeated(
            hypervisors,
            ({ uri }) => uri,
            (hypervisor, earlier) => ({
                path: hypervisorPath(hypervisor),
                problem: `${hypervisor.uri} is ${earlier.name ?? "lab:hypervisor"}'s too`,
                remedy: "name each hypervisor once",
            }),
        ),
        ...machines
            .filter(({ hypervisor }) => hypervisor !== undefined && !named.includes(hypervisor))
            .map((machine) => ({
                path: path(machine),
                problem: `there is no hypervisor ${machine.hypervisor}`,
                remedy:
                    named.length > 0
                        ? `choose from ${named.join(", ")}`
                        : "leave it away, or name hypervisors: lab:hypervisors",
            })),
        ...(named.length > 0
            ? machines
                  .filter(({ hypervisor }) => hypervisor === undefined)
                  .map((machine) => ({
                      path: path(machine),
                      problem: "does not say where the machine lives",
                      remedy: `choose from ${named.join(", ")}`,
                  }))
            : []),
    ];
};

/** Where the lab's network is, and what that asks of the rest. */
const reachable: Check = ({ network, hypervisors, isolated, machineKind }) => {
    const remote = hypervisors.filter(({ uri }) => parseLibvirtUri(uri).ssh !== undefined);
    const isBridge = network.mode === "bridge";
    return [
        ...(isolated && (remote.length > 0 || hypervisors.length > 1)
            ? [
                  {
                      path: hypervisorPath(remote[0] ?? hypervisors[0]),
                      problem: "an isolated lab has a hypervisor of its own, on this machine",
                      remedy: "take isolated away, or name qemu:///system or lxc:///system alone",
                  },
              ]
            : []),
        ...(isolated && isBridge
            ? [
                  {
                      path: "network.mode",
                      problem: "an isolated lab has a network of its own",
                      remedy: "take isolated away, or mode",
                  },
              ]
            : []),
        ...(!isolated && isBridge && machineKind === "container"
            ? [{ path: "network.mode", problem: "containers are on a network of libvirt's", remedy: "leave it away" }]
            : []),
        ...(hypervisors.length > 1 && !isBridge
            ? [
                  {
                      path: "network.mode",
                      problem: "several hypervisors have no network in common but one that is there already",
                      remedy: "set it to bridge, and network.bridge to the name of a bridge that each of them has into it",
                  },
              ]
            : []),
        ...(isBridge && !network.control
            ? [
                  {
                      path: "network.control",
                      problem: "in a network that is there already nobody knows where ssh to the machines comes from",
                      remedy: network.jump
                          ? "name the addresses of the hypervisors in it"
                          : "name the address that the machine that runs pulumi has in it, or its network",
                  },
              ]
            : []),
        ...(network.jump && remote.length < hypervisors.length
            ? [
                  {
                      path: "network.jump",
                      problem: "a hypervisor without ssh in its URI is no jump host",
                      remedy: "leave it away, or use qemu+ssh:// for each hypervisor",
                  },
              ]
            : []),
    ];
};

const checks: Check[] = [
    addressesInNetwork,
    oneOwnerPerAddress,
    oneOwnerPerMac,
    everyRoleHasAMachine,
    oneDatabase,
    rolesOnce,
    directorsAndHttpdApart,
    priorities,
    oneRoutePerAppServer,
    failoverNodesExist,
    sessionClientFits,
    databaseServerInstalls,
    jdkInstalls,
    directorSourceCompiles,
    advertInterval,
    machineKind,
    placement,
    reachable,
];

/** Everything that is wrong with `site` as a whole. */
export const findMistakes: Check = (description) => checks.flatMap((check) => check(description));
