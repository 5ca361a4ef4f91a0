import type { MachineDescription } from "../../../../config/description";
import { warning, type Look } from "../finding";

/** A machine with more virtual processors than its hypervisor has works, but is slower than with fewer. */
export const processorsFinding = (subject: string, machines: MachineDescription[], processors: number): Look[] => {
    const tooMany = machines.filter(({ vcpus }) => vcpus > processors);
    return tooMany.length === 0
        ? []
        : [
              warning(
                  subject,
                  `has ${processors} processors; ` +
                      tooMany.map(({ name, vcpus }) => `${name} has ${vcpus}`).join(", "),
                  `Give the machines ${processors} or fewer (machineSize.vcpus, machines.NAME.vcpus).`,
              ),
          ];
};
