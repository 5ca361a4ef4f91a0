import * as pulumi from "@pulumi/pulumi";
import { machinesWith, memcachedPort, type MachineDescription, type LabDescription } from "../config/description";
import type { RoleArgs, RoleContext } from "../components/role";
import type { RoleConfiguration } from "./role-configuration";
import { render } from "./template";

/** Every machine's packet filter: who may speak to which of its services. */
export class Firewall extends pulumi.ComponentResource {
    constructor(name: string, args: RoleArgs, opts: pulumi.ComponentResourceOptions) {
        super("lab:Firewall", name, {}, opts);
        args.host.configure("firewall", firewallConfiguration(args), { parent: this });
        this.registerOutputs();
    }
}

/** A TCP port that some may reach and nobody else. */
export interface Door {
    what: string;
    port: number;
    on: MachineDescription[];
    /** Addresses and networks; `anyone` for what is there for the public. */
    from: "anyone" | string[];
}

const addresses = (machines: MachineDescription[]) => machines.map(({ address }) => address);
/** MariaDB's and MySQL's. */
export const databasePort = 3306;

/** Where ssh may come from: without a word about it, from where the lab's network begins. */
export const controlAddresses = ({ network }: LabDescription) => network.control ?? [network.gateway];

/** All doors of the site, as data: rules for a packet filter are rendered from it, and `./lab verify` tries each. */
export const doors = (description: LabDescription): Door[] => [
    { what: "ssh", port: 22, on: description.machines, from: controlAddresses(description) },
    { what: "the site", port: 80, on: machinesWith(description, "director"), from: "anyone" },
    {
        what: "httpd",
        port: 80,
        on: machinesWith(description, "app"),
        from: addresses(machinesWith(description, "director")),
    },
    {
        what: "memcached",
        port: memcachedPort,
        on: machinesWith(description, "memcached"),
        from: addresses(machinesWith(description, "app")),
    },
    {
        what: "the database",
        port: databasePort,
        on: machinesWith(description, "database"),
        from: addresses(machinesWith(description, "app")),
    },
];

/** Of a director: whose VRRP adverts it hears. Two directors more would talk to each other the same way. */
export const vrrpNeighbours = (description: LabDescription, machine: MachineDescription) =>
    machine.roles.includes("director")
        ? addresses(machinesWith(description, "director").filter(({ name }) => name !== machine.name))
        : [];

export function firewallConfiguration({ description, machine, platform }: RoleContext): RoleConfiguration {
    const { unit, configurationFile, program, finish } = platform.firewall;
    return {
        prepare: [notLockedOut(program, controlAddresses(description))],
        files: [
            {
                path: configurationFile,
                content: render("etc/nftables.conf", {
                    program,
                    doors: doors(description)
                        .filter(({ on }) => on.includes(machine))
                        .map(({ what, port, from }) => ({
                            what,
                            port,
                            from: from === "anyone" ? false : from.join(", "),
                        })),
                    vrrpNeighbours: vrrpNeighbours(description, machine).join(", ") || false,
                }),
            },
        ],
        test: `${program} --check --file ${configurationFile}`,
        service: { unit, onChange: "reload" },
        ready: { command: `${program} list table inet lab`, seconds: 60 },
        finish,
    };
}

/**
 * Rules that would keep this very connection's next one out are refused. nft itself is asked whether the address is among the control
 * addresses, in a table that filters nothing. sudo hides where the connection comes from: then there is no such check.
 */
const notLockedOut = (program: string, control: string[]) => `if [ -n "\${SSH_CONNECTION-}" ]; then
    ${program} "add table inet lab-control; flush table inet lab-control; delete table inet lab-control; add table inet lab-control; add set inet lab-control control { type ipv4_addr; flags interval; elements = { ${control.join(", ")} }; }"
    ${program} get element inet lab-control control "{ \${SSH_CONNECTION%% *} }" >/dev/null 2>&1 && allowed=yes || allowed=no
    ${program} delete table inet lab-control
    [ "$allowed" = yes ] || { echo "\${SSH_CONNECTION%% *} is not in lab:network.control (${control.join(", ")}): these rules would lock this program out" >&2; exit 1; }
fi`;
