import type { LabDescription, MachineDescription } from "../config/description";

export const addressesOf = (machines: MachineDescription[]) => machines.map(({ address }) => address);

/**
 * Addresses and networks that ssh to the machines may come from. Default: the gateway, where the lab's network begins.
 */
export const controlAddresses = ({ network }: LabDescription) => network.control ?? [network.gateway];
