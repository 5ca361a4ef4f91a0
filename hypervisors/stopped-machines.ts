import { hypervisorOf, type LabDescription, type MachineDescription } from "../config/description";
import { run } from "../lib/run";
import { virshArgv } from "./virsh";

type Lab = Pick<LabDescription, "hypervisors" | "machines">;

const lines = (text: string) =>
    text
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean);

/**
 * The lab's virtual machines that exist and are off. Pulumi does not look: in its state they run. Empty where virsh is
 * missing or cannot connect; the provider then says what is wrong with the hypervisor.
 */
export async function stoppedMachines(description: Lab): Promise<MachineDescription[]> {
    const found = await Promise.all(
        description.hypervisors.map(async (hypervisor) => {
            const ask = (...words: string[]) => run(virshArgv(hypervisor.uri, words)).catch(() => "");
            const off = lines(await ask("list", "--state-shutoff", "--name"));
            const ours = description.machines.filter(
                (machine) => hypervisorOf(description, machine) === hypervisor && off.includes(machine.name),
            );
            // Another user's machine may have the same name, but not the same network card.
            const cards = await Promise.all(ours.map(({ name }) => ask("domiflist", name)));
            return ours.filter(({ mac }, index) => cards[index]?.includes(mac));
        }),
    );
    return found.flat();
}

/** Starts a machine that is off. */
export async function startMachine(description: Lab, machine: MachineDescription): Promise<void> {
    await run(virshArgv(hypervisorOf(description, machine).uri, ["start", machine.name]));
}
