/** Addresses, MACs and networks. */
import * as net from "node:net";
import type { LabDescription, MachineDescription } from "../description";
import type { Mistake } from "../mistakes";
import { repeated, type Check } from "./check";

export const addressPath = (machine: MachineDescription) => `machines.${machine.name}.address`;

function subnet(cidr: string) {
    const [address = "", prefix] = cidr.split("/");
    const list = new net.BlockList();
    list.addSubnet(address, Number(prefix));
    const toNumber = (text: string) => text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    const size = 2 ** (32 - Number(prefix));
    const first = Math.floor(toNumber(address) / size) * size;
    return {
        contains: (text: string) => list.check(text),
        /** The network's own address and its broadcast address belong to no machine. */
        isReserved: (text: string) => [first, first + size - 1].includes(toNumber(text)),
    };
}

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
    const { contains, isReserved } = subnet(description.network.cidr);
    return givenAddresses(description).flatMap(({ path, address }): Mistake[] => {
        if (!contains(address)) {
            const problem = `${address} is outside of the network ${description.network.cidr}`;
            return [{ path, problem, remedy: "choose an address inside it, or change lab:network.cidr" }];
        }
        if (isReserved(address)) {
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
