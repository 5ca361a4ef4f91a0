/** Switches a machine on and off through virsh. */
import { inTime } from "../../lib/until";

export interface PowerSwitch {
    /** Runs `virsh COMMAND MACHINE WORDS` and gives its output; the error of a failed command has virsh's message. */
    virsh: (command: string, ...words: string[]) => Promise<string>;
    isRunning: () => Promise<boolean>;
    /**
     * Seconds that libvirt has to notice a machine's end, and to learn of its start. Default: 2; usually both take less
     * than 0.3.
     */
    patience?: number;
}

/**
 * Ends a machine as a power cut does, and returns when libvirt has cleaned up after it. A machine that is off stays
 * off.
 *
 * `virsh destroy` first sends a container's init a signal that systemd ignores for 2 s, so this function kills init
 * instead. libvirt then notices the end by itself; a `destroy` at that moment would clean up a second time
 * (virLXCProcessCleanup releases its lock half-way).
 */
export async function cutPower({ virsh, isRunning, patience = 2 }: PowerSwitch): Promise<void> {
    // "No such process": init has ended already. A virtual machine has no init that libvirt could kill.
    const isEnding = await virsh("send-process-signal", "1", "kill").then(
        () => true,
        (error: unknown) => /No such process/.test(String(error)),
    );
    if (isEnding && (await inTime(async () => !(await isRunning()), { seconds: patience, everyMs: 20 }))) return;
    await virsh("destroy").catch(async (error: unknown) => {
        if (await isRunning()) throw error;
    });
}

/**
 * Ends a container in good order: its services end the requests under way. After `seconds` its power is cut. A machine
 * that is off stays off.
 */
export async function shutDown(power: PowerSwitch, seconds = 15): Promise<void> {
    // systemd powers off at SIGRTMIN+4 (systemd(1)). libvirt counts from the kernel's SIGRTMIN, which the C library and
    // systemd begin two signals later.
    const isTold = await power.virsh("send-process-signal", "1", "rt6").then(
        () => true,
        () => false,
    );
    if (isTold && (await inTime(async () => !(await power.isRunning()), { seconds, everyMs: 50 }))) return;
    await cutPower(power);
}

/**
 * Starts a machine that is off, and starts it again if libvirt has lost contact with it. README.md ("libvirt must know
 * the machine") explains the fault in libvirt 9.0.0 that makes this necessary.
 */
export async function powerOn(power: PowerSwitch): Promise<void> {
    const { virsh, isRunning, patience = 2 } = power;
    // "not supported": a virtual machine, which does not have the fault.
    const knowsInit = () =>
        virsh("send-process-signal", "1", "nop").then(
            () => true,
            (error: unknown) => /not supported/.test(String(error)),
        );
    for (let attempt = 0; attempt < 5; attempt++) {
        if (!(await isRunning())) await virsh("start");
        if (await inTime(knowsInit, { seconds: patience, everyMs: 20 })) return;
        await cutPower(power);
    }
    throw new Error("libvirt started the machine five times and lost contact with it each time.");
}
