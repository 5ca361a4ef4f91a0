import { expect, test } from "vitest";
import { cutPower } from "../../tools/network/power";

/** A libvirt with one machine, which it sees go `looks` looks after its init was killed; `answers`: what else it says than that all is done, by command. */
function libvirt({ running = true, looks = 1, answers = {} }: { running?: boolean; looks?: number; answers?: Record<string, string> } = {}) {
    const told: string[] = [];
    let left = Infinity;
    return {
        told,
        virsh: (...words: string[]) => {
            told.push(words.join(" "));
            if (words[0] === "send-process-signal") left = looks;
            const answer = answers[words[0] ?? ""];
            if (answer !== undefined) return Promise.reject(new Error(answer));
            if (words[0] === "destroy") running = false;
            return Promise.resolve("");
        },
        isRunning: () => Promise.resolve(running && left-- > 0),
    };
}

test("a container's init is killed, and libvirt clears up alone", async () => {
    const one = libvirt({ looks: 3 });
    await cutPower(one);
    expect(one.told).toEqual(["send-process-signal 1 kill"]);
    expect(await one.isRunning()).toBe(false);
});

test("an init that was gone before is no mistake: libvirt is about to notice", async () => {
    const one = libvirt({ looks: 3, answers: { "send-process-signal": "error: Unable to send 9 signal to process 15494: No such process" } });
    await cutPower(one);
    expect(one.told).toEqual(["send-process-signal 1 kill"]);
});

test("a virtual machine has no init to kill", async () => {
    const one = libvirt({ looks: Infinity, answers: { "send-process-signal": "error: this function is not supported by the connection driver" } });
    await cutPower(one);
    expect(one.told).toEqual(["send-process-signal 1 kill", "destroy"]);
});

test("destroying what went by itself meanwhile is no mistake; what stays is one", async () => {
    const answers = { "send-process-signal": "error: not supported", destroy: "error: Requested operation is not valid: domain is not running" };
    await cutPower(libvirt({ running: false, answers }));
    await expect(cutPower(libvirt({ looks: Infinity, answers }))).rejects.toThrow("not running");
});
