import { setTimeout as wait } from "node:timers/promises";

/** For how long libvirt may take to notice that a machine is gone, in seconds. Here it takes less than 0.3. */
const patience = 5;

/**
 * Ends a machine as a power cut does, and comes back when libvirt has cleared up after it; one that is off already is fine. `virsh`: what
 * libvirt's client does with a command and the machine's name; it fails with the client's words.
 *
 * `destroy` alone first asks a container, and systemd ignores that for 2 s. So its init is killed; then libvirt notices by itself, and has to be let:
 * a `destroy` at that moment makes two of its threads clear up after one machine, and the second may hit the machine's next start (virLXCProcessCleanup
 * lets go of its lock in the middle).
 */
export async function cutPower({ virsh, isRunning }: { virsh: (command: string, ...words: string[]) => Promise<string>; isRunning: () => Promise<boolean> }): Promise<void> {
    // An init that was gone before is as good; virtual machines have none that could be told.
    const isGoing = await virsh("send-process-signal", "1", "kill").then(() => true, (error: unknown) => /No such process/.test(String(error)));
    for (const deadline = Date.now() + patience * 1000; isGoing && Date.now() < deadline; await wait(20)) if (!await isRunning()) return;
    await virsh("destroy").catch(async (error: unknown) => {
        if (await isRunning()) throw error;
    });
}
