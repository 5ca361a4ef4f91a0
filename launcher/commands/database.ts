import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { Argument, type Command } from "commander";
import type { MachineAccess } from "../../config/access";
import { databaseOf } from "../../config/chosen-database";
import { resolveForCaller } from "../../lib/environment";
import { UserError } from "../../lib/errors";
import { quote } from "../../lib/shell";
import { beforeRestore, dumpScript, restoreScript } from "../../roles/database-dumps";
import { attach } from "../attach";
import { labCommand } from "../command";
import { progress } from "../progress";
import { markChange } from "../stack/changes";
import { enterLab } from "../stack/lab-network";
import { RunningLab } from "../stack/running-lab";
import { writeSshConfig } from "../stack/ssh-config";

const actions = ["dump", "restore", "console"] as const;

export const databaseCommand = (): Command =>
    labCommand({
        name: "database",
        group: "access",
        help: "`dump FILE` writes the site's database to a file, `restore FILE` reads it back, `console` asks it",
        run: async ({ stack, words: [action, name] }) => {
            const lab = await RunningLab.open(stack);
            const [machine] = lab.requireMachines("database");
            if (!machine) return 1;
            if (action === "console") return openConsole(lab, machine);
            if (name === undefined)
                throw new UserError(
                    `database ${action} needs a file.`,
                    `For example: ./lab database ${action} site.sql.gz`,
                );
            const file = resolveForCaller(name);
            await (action === "dump" ? dump(lab, machine, file) : restore(lab, machine, file));
            return 0;
        },
    })
        .addArgument(new Argument("<ACTION>", "what to do").choices(actions))
        .argument("[FILE]", "SQL; compressed if the name ends in .gz");

/** The machine's database client on this terminal. */
async function openConsole(lab: RunningLab, machine: MachineAccess): Promise<number> {
    const enter = await enterLab(lab.stack);
    const client = `${databaseOf(lab.description).client} ${lab.description.database.name}`;
    const command = lab.access.loginUser === "root" ? client : `sudo -n ${client}`;
    const terminal = process.stdin.isTTY ? ["-t"] : [];
    return attach(enter(["ssh", ...terminal, "-F", writeSshConfig(lab.stack, lab.access), machine.name, command]));
}

/** The file is there as a whole, or not at all. */
async function dump(lab: RunningLab, machine: MachineAccess, file: string): Promise<void> {
    const fresh = `${file}.new-${process.pid}`;
    try {
        await progress.step(`Writing ${file}`, async () => {
            const { child, ended } = start(lab, machine, dumpScript(lab.description), "ignore");
            const sink = fs.createWriteStream(fresh, { mode: 0o600 });
            const content = child.stdout ?? Readable.from([]);
            await Promise.all([
                file.endsWith(".gz") ? pipeline(content, createGzip(), sink) : pipeline(content, sink),
                ended,
            ]);
        });
        fs.renameSync(fresh, file);
    } finally {
        fs.rmSync(fresh, { force: true });
    }
}

async function restore(lab: RunningLab, machine: MachineAccess, file: string): Promise<void> {
    if (!fs.existsSync(file))
        throw new UserError(`There is no ${file}.`, "Name a file that database dump has written.");
    await markChange(lab, "database restore");
    await progress.step(`Reading ${file}`, async () => {
        const { child, ended } = start(lab, machine, restoreScript(lab.description), "pipe");
        if (!child.stdin) throw new Error("ssh has no standard input");
        const content = fs.createReadStream(file);
        // A machine that refuses the dump reads no further.
        const sent = file.endsWith(".gz")
            ? pipeline(content, createGunzip(), child.stdin)
            : pipeline(content, child.stdin);
        const [, result] = await Promise.allSettled([sent, ended]);
        if (result.status === "rejected") throw result.reason;
        await sent;
    });
    progress.info(`What the database was before lies in ${beforeRestore} on ${machine.name}.`);
}

/** Runs shell text on a machine as root. `ended` fails with what it wrote to standard error. */
function start(lab: RunningLab, machine: MachineAccess, script: string, stdin: "ignore" | "pipe") {
    const text = `sh -c ${quote(script)}`;
    const [program = "", ...words] = lab.sshArgv(machine, lab.access.loginUser === "root" ? text : `sudo -n ${text}`);
    const child = spawn(program, words, { stdio: [stdin, "pipe", "pipe"] });
    const said: Buffer[] = [];
    child.stderr?.on("data", (part: Buffer) => said.push(part));
    const ended = new Promise<void>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) => {
            const text = Buffer.concat(said).toString().trim();
            if (code === 0) resolve();
            else
                reject(
                    new UserError(
                        `${machine.name}: ${text || `exit code ${code}`}`,
                        "./lab logs shows the server's log.",
                    ),
                );
        });
    });
    return { child, ended };
}
