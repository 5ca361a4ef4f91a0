/** Whether virtual machines can run on the processor itself, which only trying tells: /dev/kvm may be there and not work, or hang whoever uses it. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { isInstalled, searchPath } from "../lib/programs";

/** `kvm`: the processor runs the machines. `emulation`: QEMU reads their instructions one by one, about ten times slower. */
export type Acceleration = "kvm" | "emulation";

/** 64 KiB that a PC starts in instead of its BIOS. At the reset vector: counts to 100 million, and tells QEMU's isa-debug-exit to end with code 3. */
function firmware(): Buffer {
    const rom = Buffer.alloc(0x10000);
    Buffer.from("66b900e1f505" + "6649" + "75fc" + "b001" + "e6f4" + "f4", "hex").copy(rom, 0xfff0); // mov ecx,100000000; dec ecx; jnz; mov al,1; out 0xf4,al; hlt
    return rom;
}

/**
 * Why the accelerator cannot be used, or undefined where it can: a machine with the domains' own kind of processor runs `firmware`, which takes
 * KVM 0.1 s and emulation 0.3 s. What only pretends to be a processor (nested or half-made KVM) takes longer than the ten seconds that it has.
 */
export async function faultOf(accelerator: "kvm" | "tcg", seconds = 10): Promise<string | undefined> {
    if (accelerator === "kvm" && !fs.existsSync("/dev/kvm")) return "there is no /dev/kvm";
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "lab-kvm-"));
    try {
        const rom = path.join(folder, "rom");
        fs.writeFileSync(rom, firmware());
        const child = spawn(
            "qemu-system-x86_64",
            [
                "-nodefaults",
                "-display",
                "none",
                "-machine",
                `pc,accel=${accelerator}`,
                "-cpu",
                accelerator === "kvm" ? "host" : "max",
                "-bios",
                rom,
                "-device",
                "isa-debug-exit,iobase=0xf4,iosize=1",
            ],
            { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, PATH: searchPath } },
        );
        let said = "";
        child.stderr.on("data", (chunk: Buffer) => {
            said += chunk.toString();
        });
        return await new Promise<string | undefined>((resolve) => {
            const timer = setTimeout(() => {
                resolve(`a machine did not do within ${seconds} s what takes a fraction of one`);
                child.kill("SIGKILL");
            }, seconds * 1000);
            child
                .on("error", (error) => resolve(error.message))
                .on("close", (code) => {
                    resolve(
                        code === 3
                            ? undefined
                            : (said
                                  .trim()
                                  .split("\n")
                                  .find((line) => line !== "") ?? `QEMU ended with ${String(code)}`),
                    );
                })
                .on("close", () => {
                    clearTimeout(timer);
                });
        });
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
}

/** Whether a trial here tells what libvirt will find: on this machine, with the QEMU that is called so, and a KVM that this user may open. */
function canTry(uri: string): boolean {
    if (!/^qemu(\+unix)?:\/\/\//.test(uri) || !isInstalled("qemu-system-x86_64")) return false;
    try {
        fs.accessSync("/dev/kvm", fs.constants.R_OK | fs.constants.W_OK);
        return true;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "ENOENT"; // that there is none is an answer too
    }
}

/** How machines run at libvirt `uri` where the stack file does not say. Where it cannot be tried: KVM, as nearly everywhere. */
export async function findAcceleration(uri: string): Promise<{ acceleration: Acceleration; fault?: string }> {
    const fault = canTry(uri) ? await faultOf("kvm") : undefined;
    return { acceleration: fault === undefined ? "kvm" : "emulation", fault };
}
