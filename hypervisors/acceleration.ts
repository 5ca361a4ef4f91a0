/** Finds out whether KVM works. Only a trial tells: /dev/kvm may exist, and machines that use it may fail or hang. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { isInstalled, searchPath } from "../lib/programs";

/** `kvm`: the processor executes the machines' instructions. `emulation`: QEMU does, about ten times slower. */
export type Acceleration = "kvm" | "emulation";

/** A BIOS of 64 KiB that counts to 100 million and then makes QEMU's isa-debug-exit device end QEMU with code 3. */
function firmware(): Buffer {
    const rom = Buffer.alloc(0x10000);
    // At the reset vector: mov ecx,100000000; dec ecx; jnz; mov al,1; out 0xf4,al; hlt
    Buffer.from("66b900e1f505" + "6649" + "75fc" + "b001" + "e6f4" + "f4", "hex").copy(rom, 0xfff0);
    return rom;
}

/**
 * Why a QEMU accelerator cannot be used; undefined where it can. A machine with the processor type of the lab's
 * machines runs `firmware`, which takes 0.1 s with KVM and 0.3 s with emulation. Incomplete nested KVM takes longer
 * than `seconds`.
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
        let errors = "";
        child.stderr.on("data", (chunk: Buffer) => {
            errors += chunk.toString();
        });
        return await new Promise<string | undefined>((resolve) => {
            const timer = setTimeout(() => {
                resolve(`a trial machine that needs less than a second did not end within ${seconds} s`);
                child.kill("SIGKILL");
            }, seconds * 1000);
            child
                .on("error", (error) => resolve(error.message))
                .on("close", (code) => {
                    resolve(
                        code === 3
                            ? undefined
                            : (errors
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

/**
 * Whether a trial on this machine says how libvirt's machines will run: libvirt is here, QEMU is installed, and this
 * user may open /dev/kvm.
 */
function canTry(uri: string): boolean {
    if (!/^qemu(\+unix)?:\/\/\//.test(uri) || !isInstalled("qemu-system-x86_64")) return false;
    try {
        fs.accessSync("/dev/kvm", fs.constants.R_OK | fs.constants.W_OK);
        return true;
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "ENOENT"; // the trial then says that there is no /dev/kvm
    }
}

/**
 * How machines run at libvirt `uri` if the stack file does not say. Where no trial is possible: KVM, which nearly all
 * hypervisors have.
 */
export async function findAcceleration(uri: string): Promise<{ acceleration: Acceleration; fault?: string }> {
    const fault = canTry(uri) ? await faultOf("kvm") : undefined;
    return { acceleration: fault === undefined ? "kvm" : "emulation", fault };
}
