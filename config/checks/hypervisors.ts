/** Where machines live, what makes them, and how they are reached. */
import { platforms } from "../../catalog/platforms/index";
import { parseLibvirtUri } from "../../lib/libvirt-uri";
import { imageOf } from "../chosen-image";
import type { HypervisorDescription, MachineDescription } from "../description";
import { repeated, type Check } from "./check";

export const machineKind: Check = (description) => {
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
                      problem: `${description.platform} has an image for virtual machines in isolated labs only`,
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

export const placement: Check = ({ hypervisors, machines }) => {
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
export const reachable: Check = ({ network, hypervisors, isolated, machineKind }) => {
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
                      remedy:
                          "set it to bridge, " +
                          "and network.bridge to a bridge that each hypervisor has into that network",
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
