/** A machine's power, as libvirt's client (virsh) switches it, for whoever knows how to call that. */
import { setTimeout as wait } from "node:timers/promises";

export interface PowerSwitch {
    /** What virsh does with a command and the machine's name; fails with virsh's own words. */
    virsh: (command: string, ...words: string[]) => Promise<string>;
    isRunning: () => Promise<boolean>;
    /** For how long libvirt may take to notice a machine's end, and to hear of its beginning, in seconds; default: 2. Here both take less than 0.3. */
    patience?: number;
}

/** Asks until it is so; says whether it was in time. */
async function inTime({ patience = 2 }: PowerSwitch, isSo: () => Promise<boolean>): Promise<boolean> {
    for (const deadline = Date.now() + patience * 1000; ; await wait(20)) {
        if (await isSo()) return true;
        if (Date.now() > deadline) return false;
    }
}

/**
 * Ends a machine as a power cut does, and comes back when libvirt has cleared up after it; one that is off already is fine.
 *
 * `destroy` alone first asks a container, and systemd ignores that for 2 s. So its init is killed; then libvirt notices by itself, and is let: it lets go
 * of its lock in the middle of clearing up (virLXCProcessCleanup), where a `destroy` would have a second thread do the same.
 */
export async function cutPower(power: PowerSwitch): Promise<void> {
    const { virsh, isRunning } = power;
    // An init that is gone already is as good; virtual machines have none that could be told.
    const isGoing = await virsh("send-process-signal", "1", "kill").then(
        () => true,
        (error: unknown) => /No such process/.test(String(error)),
    );
    if (isGoing && (await inTime(power, async () => !(await isRunning())))) return;
    await virsh("destroy").catch(async (error: unknown) => {
        if (await isRunning()) throw error;
    });
}

/**
 * Starts a machine, if it is off, and has libvirt know of it; again where libvirt does not.
 *
 * libvirt (9.0.0, virLXCMonitorNew) connects to a container's monitor before it is able to take in what that says. It rarely says its first word that
 * soon, but then libvirt hangs up: the machine runs and libvirt never learns of its end, not of a reboot either, from which it does not come back. What that
 * first word tells, which process its init is, is then what libvirt does not know. Shown with a libvirtd that was held up there for 0.3 s.
 */
export async function powerOn(power: PowerSwitch): Promise<void> {
    const { virsh, isRunning } = power;
    // A virtual machine's monitor is another.
    const isKnown = () =>
        virsh("send-process-signal", "1", "nop").then(
            () => true,
            (error: unknown) => /not supported/.test(String(error)),
        );
    for (let attempt = 0; attempt < 5; attempt++) {
        if (!(await isRunning())) await virsh("start");
        if (await inTime(power, isKnown)) return;
        await cutPower(power);
    }
    throw new Error("libvirt started the machine five times over and never heard of it.");
}
