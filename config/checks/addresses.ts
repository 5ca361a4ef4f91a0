/** Addresses, MACs and networks. */
import { isInNetwork, isReserved } from "../../lib/ipv4";
import type { LabDescription, MachineDescription } from "../description";
import type { Mistake } from "../mistakes";
import { repeated, type Check } from "./check";

export const addressPath = (machine: MachineDescription) => `machines.${machine.name}.address`;

/** Every address that the stack file gives away, with the setting that does so. */
const givenAddresses = (description: LabDescription) => [
    { path: "network.gateway", address: description.network.gateway, what: "the gateway" },
    { path: "virtualAddress", address: description.virtualAddress, what: "the virtual address" },
    ...description.machines.map((machine) => ({
        path: addressPath(machine),
        address: machine.address,
        what: machine.name,
    })),
];

export const addressesInNetwork: Check = (description) => {
    const { cidr } = description.network;
    return givenAddresses(description).flatMap(({ path, address }): Mistake[] => {
        if (!isInNetwork(address, cidr)) {
            const problem = `${address} is outside of the network ${cidr}`;
            return [{ path, problem, remedy: "choose an address inside it, or change lab:network.cidr" }];
        }
        if (isReserved(address, cidr)) {
            const problem = `${address} is the network's own or its broadcast address`;
            return [{ path, problem, remedy: "choose another" }];
        }
        return [];
    });
};

export const oneOwnerPerAddress: Check = (description) =>
    repeated(
        givenAddresses(description),
        ({ address }) => address,
        (item, earlier) => ({
            path: item.path,
            problem: `${item.address} is taken: ${earlier.what} has it`,
            remedy: `give ${item.what} or ${earlier.what} an address of its own`,
        }),
    );

export const oneOwnerPerMac: Check = (description) =>
    repeated(
        description.machines,
        (machine) => machine.mac,
        (machine, earlier) => ({
            path: `machines.${machine.name}.mac`,
            problem: `${machine.mac} is ${earlier.name}'s too`,
            remedy: "leave mac away: one is made from the address",
        }),
    );
