import type { MachineAccess } from "../../../config/access";
import type { MachineDescription } from "../../../config/description";
import { UserError } from "../../../lib/errors";
import { inTime, until } from "../../../lib/until";
import { countCopies } from "../../../roles/memcached";
import { inTurns, newerKernel, upgradeScript } from "../../../roles/upgrade";
import { progress } from "../../progress";
import { markChange } from "../../stack/changes";
import type { RunningLab } from "../../stack/running-lab";
import { isWell } from "../verify/check";
import { problemsIn, quickChecks, untilWell } from "../verify/until-well";

/** How long a machine may take from its boot until its services work. */
const wellSeconds = 180;

type Turn = MachineDescription & MachineAccess;

const turnsOf = (lab: RunningLab): Turn[] =>
    inTurns(lab.description).flatMap((machine) =>
        lab.access.machines.filter(({ name }) => name === machine.name).map((access) => ({ ...machine, ...access })),
    );

/** Says what is newer in the repositories of each machine. */
export async function lookAtPackages(lab: RunningLab): Promise<void> {
    for (const machine of turnsOf(lab)) {
        const newer = await newerPackages(lab, machine);
        const kernel = await kernelToBoot(lab, machine);
        for (const line of [...newer, ...(kernel ? [`does not run ${kernel} yet`] : [])])
            progress.info(`${machine.name}: ${line}`);
        if (newer.length === 0 && !kernel) progress.info(`${machine.name}: nothing is newer`);
    }
}

/** A UserError before the first turn if the lab is not well, and after a turn that ends badly. */
export async function upgradeInTurns(lab: RunningLab, { reboot }: { reboot: boolean }): Promise<void> {
    const before = await untilWell(lab, quickChecks, 0);
    if (!isWell(before))
        throw new UserError(
            `The lab is not well, so a machine less could end the site: ${problemsIn(before).join("; ")}`,
            "Mend it first: ./lab up, then ./lab verify.",
        );
    for (const machine of turnsOf(lab))
        await progress.step(machine.name, (say) => upgradeMachine(lab, machine, reboot, say));
}

async function upgradeMachine(lab: RunningLab, machine: Turn, reboot: boolean, say: (text: string) => void) {
    const newer = await newerPackages(lab, machine);
    if (newer.length === 0 && !(reboot && (await kernelToBoot(lab, machine)))) return;
    await markChange(lab, `upgrade: ${machine.name}`);
    const copies = await copiesIn(lab, machine);
    if (newer.length > 0) {
        for (const line of newer) progress.info(`${machine.name}: ${line}`);
        say(`${newer.length} packages`);
        await lab.sh(machine, upgradeScript(machine, lab.description));
    }
    const kernel = await kernelToBoot(lab, machine);
    if (kernel && reboot) await boot(lab, machine, say);
    else if (kernel) progress.info(`${machine.name}: does not run ${kernel} yet; upgrade --reboot boots it`);
    say("until the lab is well");
    const after = await untilWell(lab, quickChecks, wellSeconds);
    if (!isWell(after))
        throw new UserError(
            `${machine.name} has new packages, and the lab is not well: ${problemsIn(after).join("; ")}`,
            "The machines after it were not touched. Mend this one, then call upgrade again.",
        );
    // The next memcached may go only when every session has its copy again. Sessions end meanwhile, so not for ever.
    await inTime(async () => (await copiesIn(lab, machine)) >= copies, { seconds: 30, everyMs: 500 });
}

/** As `NAME VERSION`. */
async function newerPackages(lab: RunningLab, machine: Turn): Promise<string[]> {
    const output = await lab.sh(machine, lab.platform.newerPackages);
    return output.split("\n").filter((line) => line !== "");
}

/** Empty where the machine runs its newest kernel. */
const kernelToBoot = async (lab: RunningLab, machine: Turn) => (await lab.sh(machine, newerKernel)).trim();

/** How many copies of sessions the memcached of a machine has; 0 without one. */
const copiesIn = async (lab: RunningLab, machine: Turn): Promise<number> =>
    machine.roles.includes("memcached") ? Number((await lab.ssh(machine, countCopies)).output.trim() || 0) : 0;

async function boot(lab: RunningLab, machine: Turn, say: (text: string) => void) {
    const bootId = () => lab.sh(machine, "cat /proc/sys/kernel/random/boot_id");
    const before = await bootId();
    say("boots");
    // The connection may end before the command.
    await lab.ssh(machine, "systemctl reboot").catch(() => undefined);
    await until(
        () =>
            bootId().then(
                (id) => id !== before,
                () => false,
            ),
        { seconds: wellSeconds, everyMs: 500, what: `${machine.name} has booted` },
    );
}
