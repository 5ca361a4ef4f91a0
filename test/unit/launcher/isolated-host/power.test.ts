import { expect, test } from "vitest";
import { cutPower, powerOn, shutDown } from "../../../../launcher/isolated-host/power";

const deaf = { "send-process-signal 1 nop": "error: Requested operation is not valid: Init pid is not yet available" };
const virtual = Object.fromEntries(
    ["kill", "nop", "rt6"].map((signal) => [
        `send-process-signal 1 ${signal}`,
        "error: this function is not supported by the connection driver: virDomainSendProcessSignal",
    ]),
);

/**
 * A fake libvirt with one machine. After the machine's init was killed, it notices the end at look number `looks`.
 * `refuses` has the error by command; errors of a start come for the first `starts` starts.
 */
function libvirt({
    running = true,
    looks = 1,
    refuses = {},
    starts = Infinity,
}: { running?: boolean; looks?: number; refuses?: Record<string, string>; starts?: number } = {}) {
    const told: string[] = [];
    let [left, started] = [Infinity, 0];
    return {
        told,
        patience: 0.1,
        virsh: (...words: string[]) => {
            const command = words.join(" ");
            if (told.at(-1) !== command) told.push(command);
            if (command === "start") [running, left, started] = [true, Infinity, started + 1];
            const refusal = started <= starts ? refuses[command] : undefined;
            if (refusal !== undefined) return Promise.reject(new Error(refusal));
            if (/ (kill|rt6)$/.test(command)) left = looks;
            if (command === "destroy") running = false;
            return Promise.resolve("");
        },
        isRunning: () => {
            if (left-- <= 0) running = false;
            return Promise.resolve(running);
        },
    };
}

test("a container's init is killed, and libvirt cleans up by itself", async () => {
    const one = libvirt({ looks: 3 });
    await cutPower(one);
    expect(one.told).toEqual(["send-process-signal 1 kill"]);
    expect(await one.isRunning()).toBe(false);
});

test("an init that has ended already is no error", async () => {
    const gone = { "send-process-signal 1 kill": "error: Unable to send 9 signal to process 15494: No such process" };
    const one = libvirt({ refuses: gone });
    await cutPower(one);
    expect(one.told).toEqual(["send-process-signal 1 kill", "destroy"]);
    expect(await one.isRunning()).toBe(false);
});

test("a virtual machine has no init to kill", async () => {
    const one = libvirt({ refuses: virtual });
    await cutPower(one);
    expect(one.told).toEqual(["send-process-signal 1 kill", "destroy"]);
});

test("destroying a machine that has ended is no error; a machine that stays is one", async () => {
    const refuses = { ...virtual, destroy: "error: Requested operation is not valid: domain is not running" };
    await cutPower(libvirt({ running: false, refuses }));
    await expect(cutPower(libvirt({ refuses }))).rejects.toThrow("not running");
});

test("a stopped machine is started, a running one is not", async () => {
    for (const [running, told] of [
        [false, ["start", "send-process-signal 1 nop"]],
        [true, ["send-process-signal 1 nop"]],
    ] as const) {
        const one = libvirt({ running });
        await powerOn(one);
        expect(one.told).toEqual(told);
    }
    await powerOn(libvirt({ running: false, refuses: virtual }));
});

test("a machine that libvirt lost is started again, a limited number of times", async () => {
    const one = libvirt({ running: false, refuses: deaf, starts: 1 });
    await powerOn(one);
    expect(one.told).toEqual([
        "start",
        "send-process-signal 1 nop",
        "send-process-signal 1 kill",
        "start",
        "send-process-signal 1 nop",
    ]);
    await expect(powerOn(libvirt({ running: false, refuses: deaf }))).rejects.toThrow("lost contact with it each time");
});

test("a container that is told to power off ends by itself", async () => {
    const one = libvirt({ looks: 3 });
    await shutDown(one);
    expect(one.told).toEqual(["send-process-signal 1 rt6"]);
    expect(await one.isRunning()).toBe(false);
});

test("one that does not end in time has its power cut", async () => {
    const one = libvirt({ looks: Infinity });
    await shutDown(one, 0.1);
    expect(one.told).toEqual(["send-process-signal 1 rt6", "send-process-signal 1 kill", "destroy"]);
});

test("one that takes no signal has its power cut at once", async () => {
    const one = libvirt({ refuses: virtual, looks: 1 });
    await shutDown(one, 60);
    expect(one.told.at(-1)).toBe("destroy");
});
