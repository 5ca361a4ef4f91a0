import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Command } from "commander";
import type { MachineAccess } from "../../../config/access";
import { UserError } from "../../../lib/errors";
import { quote, words } from "../../../lib/shell";
import { labCommand, wholeNumber } from "../../command";
import { progress } from "../../progress";
import { RunningLab } from "../../stack/running-lab";
import { InOrder } from "./follow";
import { MachineLog, type LogLine } from "./log-line";
import { clockOf, parseSince } from "./since";

interface Options {
    follow?: boolean;
    since?: number;
    lines?: number;
}

export const logsCommand = (): Command =>
    labCommand<Options>({
        name: "logs",
        group: "look",
        help: "the journals and log files of all machines, or of some, in one stream ordered by time",
        run: async ({ stack, words: wanted, options }) => {
            const lab = await RunningLab.open(stack);
            const machines = chosenMachines(lab.access.machines, wanted);
            // Loaded on demand: most commands do not need the roles.
            const { logsOf } = await import("../../../roles/of-machine");
            const patterns = Object.fromEntries(
                lab.description.machines.map((machine) => [
                    machine.name,
                    logsOf(machine, lab.description).flatMap(({ files }) => files),
                ]),
            );
            return showLogs(lab, machines, patterns, options);
        },
    })
        .argument("[MACHINE|ROLE...]", "machines, or all machines with a role; default: all")
        .option("-f, --follow", "go on with new lines, until Ctrl-C")
        .option("--since <TIME>", "from this time on: 10m, 2h, 3d, 08:30, 2026-11-28T08:30", (text) => parseSince(text))
        .option(
            "--lines <N>",
            `at most the newest N lines; default: ${defaultLines}, or all with --since`,
            wholeNumber(0, 1_000_000),
        );

const defaultLines = 100;

/** The machines that have one of these names or roles. */
export function chosenMachines(machines: MachineAccess[], wanted: string[]): MachineAccess[] {
    const chosen = machines.filter(
        ({ name, roles }) => wanted.length === 0 || wanted.some((word) => word === name || roles.includes(word)),
    );
    const known = [...machines.map(({ name }) => name), ...new Set(machines.flatMap(({ roles }) => roles))];
    const unknown = wanted.filter((word) => !known.includes(word));
    if (unknown.length > 0)
        throw new UserError(
            `No machine has the name or the role ${unknown.join(", ")}.`,
            `Choose from ${known.join(", ")}.`,
        );
    return chosen;
}

/** The shell command that prints a machine's logs (read-logs.sh). */
export const logsScript = (
    patterns: string[],
    { follow, since, lines = since === undefined ? defaultLines : undefined }: Options,
) =>
    `sh -c ${quote(readFileSync(join(__dirname, "read-logs.sh"), "utf8"))} ` +
    words([
        "logs",
        follow ? "follow" : "",
        String(since ?? ""),
        lines === undefined ? "+1" : String(lines),
        ...patterns,
    ]);

/** `patterns`: the log files of each machine. */
async function showLogs(
    lab: RunningLab,
    machines: MachineAccess[],
    patterns: Record<string, string[]>,
    options: Options,
): Promise<number> {
    const write = printer(machines.map(({ name }) => name));
    const { lines = options.since === undefined ? defaultLines : Infinity } = options;
    const order = new InOrder();
    const readers = machines.map((machine) => new Reader(lab, machine, patterns[machine.name] ?? [], options, order));
    const stopped = new Promise<void>((resolve) => {
        process.once("SIGINT", resolve).once("SIGTERM", resolve);
        // The reader of the output has ended: ./lab logs -f | head
        process.stdout.once("error", () => resolve());
    });
    const ends = Promise.all(readers.map(({ end }) => end));
    const isStopped = await Promise.race([
        Promise.all(readers.map(({ hasCaughtUp }) => hasCaughtUp)).then(() => false),
        stopped.then(() => true),
    ]);
    const before = order.rest();
    write(lines === 0 ? [] : before.slice(-lines));
    if (options.follow && !isStopped) {
        const turns = setInterval(() => write(order.turn()), turnMs);
        await Promise.race([ends, stopped]);
        clearInterval(turns);
        write(order.rest());
    }
    for (const reader of readers) reader.stop();
    await ends;
    return readers.some(({ hasFailed }) => hasFailed) ? 1 : 0;
}

/** A line of an access log is later than its time by up to a second, and its way here takes some milliseconds. */
const turnMs = 300;

/** One ssh connection to a machine, which brings its logs. A machine that does not answer stops no other. */
class Reader {
    hasFailed = false;
    /** Everything that was logged before is there, or nothing more will come. */
    readonly hasCaughtUp: Promise<void>;
    readonly end: Promise<void>;
    private isStopped = false;
    private readonly ssh: ChildProcess;

    constructor(lab: RunningLab, machine: MachineAccess, patterns: string[], options: Options, order: InOrder) {
        const log = new MachineLog(machine.name);
        const script = logsScript(patterns, options);
        const command = lab.access.loginUser === "root" ? script : `sudo -n ${script}`;
        const [program = "", ...argv] = lab.sshArgv(machine, command);
        // A group of its own: Ctrl-C stops the machine's programs through the end of their input, and leaves none.
        const ssh = spawn(program, argv, { stdio: ["pipe", "pipe", "pipe"], detached: true });
        this.ssh = ssh;
        ssh.stdin.on("error", () => undefined);
        let said = "";
        ssh.stderr.setEncoding("utf8").on("data", (text: string) => (said = `${said}${text}`.slice(-1000)));
        let caughtUp: () => void = () => undefined;
        this.hasCaughtUp = new Promise((resolve) => (caughtUp = resolve));
        createInterface({ input: ssh.stdout, crlfDelay: Infinity }).on("line", (line) => {
            order.add(log.read(line));
            if (log.ended) caughtUp();
        });
        this.end = new Promise((resolve) => {
            const finish = (why: string) => {
                const isDone = log.ended && !options.follow;
                if (!isDone && !this.isStopped) {
                    this.hasFailed = true;
                    progress.info(`${machine.name} ${log.ended ? "went away" : "does not answer"}: ${why}`);
                }
                caughtUp();
                resolve();
            };
            ssh.on("error", (error) => finish(error.message));
            ssh.on("close", () => finish(said.trim().split("\n").at(-1) || "ssh ended"));
        });
    }

    /** The machine's programs end with their standard input. An ssh that hangs is killed. */
    stop(): void {
        this.isStopped = true;
        this.ssh.stdin?.end();
        const { pid } = this.ssh;
        if (pid === undefined || this.ssh.exitCode !== null) return;
        setTimeout(() => this.ssh.kill(), stopMs).unref();
    }
}

/** tail looks once a second whether its shell still runs. */
const stopMs = 3000;

/** Cyan, yellow, green, magenta, blue, and the bright ones of them (ECMA-48, SGR). */
const colours = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

/** Prints lines, coloured by machine on a terminal. NO_COLOR forbids that (no-color.org). */
export function printer(
    machines: string[],
    {
        isColoured = process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== "dumb",
        write = (text: string): void => void process.stdout.write(text),
    } = {},
): (lines: LogLine[]) => void {
    const width = Math.max(...machines.map((name) => name.length));
    const colourOf = (machine: string) => colours[machines.indexOf(machine) % colours.length];
    return (lines) => {
        if (lines.length === 0) return;
        const texts = lines.map(({ machine, source, text, time }) => {
            const line = `${clockOf(time)} ${machine.padEnd(width)} ${source}: ${text}`;
            return isColoured ? `\u001b[${colourOf(machine)}m${line}\u001b[0m\n` : `${line}\n`;
        });
        write(texts.join(""));
    };
}
