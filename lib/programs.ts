import { existsSync } from "node:fs";
import { join } from "node:path";

/** PATH with the folders of administration programs, which PATH lacks after `su` without a login shell. */
export const searchPath = [
    ...new Set([
        ...(process.env.PATH ?? "").split(":").filter(Boolean),
        "/usr/local/sbin",
        "/usr/sbin",
        "/sbin",
        "/usr/bin",
        "/bin",
    ]),
].join(":");

/** Whether this machine has a program of that name, or a file of that absolute path. */
export const isInstalled = (programOrFile: string) =>
    programOrFile.startsWith("/")
        ? existsSync(programOrFile)
        : searchPath.split(":").some((folder) => existsSync(join(folder, programOrFile)));
