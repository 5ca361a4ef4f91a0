/** How a director gives the virtual address away before a restart: its shell lines, run for real. */
import { afterEach, expect, test } from "vitest";
import { machinesWith, type MachineDescription } from "../../../config/description";
import { handsOver } from "../../../roles/hand-over";
import { siteWith } from "../../support/article";
import { SandboxMachine } from "../../support/sandbox-machine";
import { rolesOf } from "../../support/steps";

const description = siteWith({});
const machine = machinesWith(description, "director")[0] as MachineDescription;

let sandbox = SandboxMachine.make();
afterEach(() => {
    sandbox.remove();
    sandbox = SandboxMachine.make();
});

/**
 * Runs `leave` on a machine that loses the virtual address when it has been asked `looks` times. Returns its messages
 * and whether the director is aside.
 */
async function leave(looks: number, otherAnswers: boolean) {
    const output = await sandbox.run(`
ip() {
    echo . >> /mnt/looks
    [ "$(wc -l < /mnt/looks)" -gt ${looks} ] || echo "2: eth0 inet ${description.virtualAddress}/24 scope global"
}
curl() { echo "$*" >> /mnt/asked; ${otherAnswers}; }
sleep() { :; }
date() { wc -l < /mnt/looks; }
leave() {
${handsOver({ description, machine })?.leave.join("\n")}
}
leave 2>&1`);
    return { output, aside: sandbox.list("run"), asked: sandbox.read("mnt/asked") ?? "" };
}

test("a director without the address, or without another director, goes nowhere", async () => {
    expect(await leave(0, true)).toEqual({ output: "", aside: [], asked: "" });
    expect(handsOver({ description: { ...description, machines: [machine] }, machine })).toBeUndefined();
});

test("the holder goes aside and waits until the address is gone", async () => {
    const { output, aside, asked } = await leave(3, true);
    expect({ output, aside }).toEqual({ output: "", aside: ["lab-aside"] });
    expect(asked).toContain("/director/app-servers");
    expect(sandbox.read("mnt/looks")).toBe(".\n".repeat(4));
});

test("the holder stays where no other director reaches an app server, and says so", async () => {
    const { output, aside } = await leave(1000, false);
    expect(aside).toEqual([]);
    expect(output).toMatch(/^No other director reaches an app server/);
});

test("the wait for an address that does not go has an end", async () => {
    const { output } = await leave(1000, true);
    expect(output).toMatch(/^This director still has .* after 10 s/);
});

test("keepalived's check fails while the director is aside, and ignores a file that has been left", async () => {
    const { keepalived } = await rolesOf(description, machine.name);
    const check = keepalived?.files.find(({ path }) => path.endsWith("/check-web-server"))?.text ?? "";
    sandbox.write("mnt/check", check);
    const state = (before: string) =>
        sandbox.run(`mkdir -p /mnt/bin
printf '#!/bin/sh\\n' > /mnt/bin/curl
chmod 755 /mnt/bin/curl
${before}
PATH=/mnt/bin:$PATH
if sh /mnt/check; then echo well; else echo failed; fi`);
    expect(await state("")).toBe("well\n");
    expect(await state(": > /run/lab-aside")).toBe("failed\n");
    expect(await state("touch -d '6 minutes ago' /run/lab-aside")).toBe("well\n");
});
