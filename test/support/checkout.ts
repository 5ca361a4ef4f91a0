import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "../../lib/run";
import { repository } from "./repository";

export interface Result {
    code: number;
    stdout: string;
    /** stdout and stderr as they came. */
    all: string;
}

/** A running call of ./lab. */
export interface Call {
    child: ChildProcess;
    /** stdout and stderr so far. */
    output: () => string;
    ended: Promise<Result>;
}

/** Running calls of ./lab, with their arguments. */
const underWay = new Map<Call, string[]>();

/**
 * For the message of a test that ran into its time limit: each running call's last output, and what its processes wait
 * for.
 */
export async function reportOnCalls(): Promise<string> {
    const reports = [...underWay].map(async ([{ child, output }, words]) =>
        [
            `\n./lab ${words.join(" ")} is under way:`,
            ...output().split("\n").slice(-40),
            await run([
                "ps",
                "-o",
                "pid,ppid,stat,etime,time,wchan:24,args",
                "-p",
                [...family(child.pid ?? 0)].join(","),
            ]),
        ].join("\n"),
    );
    return (await Promise.all(reports)).join("\n");
}

/**
 * A copy of this checkout with its own LAB_HOME, so that no test touches the user's lab. It shares the user's caches.
 */
export class Checkout {
    readonly folder: string;
    /** LAB_HOME. */
    readonly home: string;

    /**
     * Puts `./lab` into another place, such as an isolated host's namespaces. By default it runs where the test runs.
     */
    enter: (argv: string[]) => string[] = (argv) => argv;
    /** Added to the environment of `./lab`. */
    env: NodeJS.ProcessEnv = {};

    private constructor(
        private readonly scratch: string,
        private readonly stack: string | undefined,
    ) {
        this.folder = join(scratch, "checkout");
        this.home = join(scratch, "home");
    }

    /** `stack` is LAB_STACK, the stack of calls without `-s`. */
    static async create(stack?: string): Promise<Checkout> {
        const checkout = new Checkout(mkdtempSync(join(tmpdir(), "lab-test-")), stack);
        const files = await run([
            "git",
            "-C",
            repository(),
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--deduplicate",
        ]);
        const gone = await run(["git", "-C", repository(), "ls-files", "-z", "--deleted"]);
        for (const file of files.split("\0").filter((name) => name !== "" && !gone.split("\0").includes(name))) {
            mkdirSync(dirname(join(checkout.folder, file)), { recursive: true });
            cpSync(repository(file), join(checkout.folder, file));
        }
        // The user's own files may hold the secrets of a lab.
        for (const file of ["Pulumi.local.yaml", "Pulumi.cluster.yaml"])
            checkout.write(file, await run(["git", "-C", repository(), "show", `HEAD:${file}`]));
        symlinkSync(repository("node_modules"), join(checkout.folder, "node_modules"));
        return checkout;
    }

    read = (file: string) => readFileSync(join(this.folder, file), "utf8");
    write = (file: string, content: string) => writeFileSync(join(this.folder, file), content);

    /** Replaces `what`, which must be in `file` exactly once. */
    edit(file: string, what: string, by: string): void {
        const parts = this.read(file).split(what);
        if (parts.length !== 2) throw new Error(`${file} says ${JSON.stringify(what)} ${parts.length - 1} times`);
        this.write(file, parts.join(by));
    }

    /**
     * Starts `./lab`, without a terminal and with an empty standard input. `through` is a program that replaces itself
     * by `./lab`.
     */
    start(words: string[], env: NodeJS.ProcessEnv = {}, through: string[] = []): Call {
        const [program = "", ...rest] = [...through, ...this.enter(["./lab", ...words])];
        const child = spawn(program, rest, {
            cwd: this.folder,
            env: { ...process.env, LAB_HOME: this.home, LAB_STACK: this.stack, ...this.env, ...env },
            stdio: ["ignore", "pipe", "pipe"],
        });
        let [stdout, all] = ["", ""];
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
            stdout += text;
            all += text;
        });
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
            all += text;
        });
        const ended = new Promise<Result>((resolve, reject) =>
            child.once("error", reject).once("close", (code) => resolve({ code: code ?? -1, stdout, all })),
        );
        const call = { child, output: () => all, ended };
        underWay.set(call, words);
        void ended.catch(() => undefined).then(() => underWay.delete(call));
        return call;
    }

    /** Runs `./lab` to its end; does not fail where `./lab` fails. */
    lab = (...words: string[]): Promise<Result> => this.start(words).ended;

    /** Runs `./lab`, fails where it fails, and returns its standard output. */
    async ok(...words: string[]): Promise<string> {
        const { code, stdout, all } = await this.lab(...words);
        if (code !== 0)
            throw new Error(`./lab ${words.join(" ")} ended with ${code}:\n${all.split("\n").slice(-60).join("\n")}`);
        return stdout;
    }

    /** Runs a shell script where the machines can be reached. */
    inside = (script: string) => this.ok("exec", "sh", "-c", script);

    async remove(): Promise<void> {
        await this.lab("down");
        rmSync(this.scratch, { recursive: true, force: true });
    }
}

interface Process {
    pid: number;
    name: string;
    parent: number;
}

function processes(): Process[] {
    return readdirSync("/proc")
        .filter((entry) => /^\d+$/.test(entry))
        .flatMap((pid) => {
            try {
                const stat = readFileSync(`/proc/${pid}/stat`, "utf8"); // proc_pid_stat(5): pid (name) state parent
                return [
                    {
                        pid: Number(pid),
                        name: stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")),
                        parent: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]),
                    },
                ];
            } catch {
                return []; // The process has ended.
            }
        });
}

/** The ids of `ancestor` and its descendants. */
function family(ancestor: number, all = processes()): Set<number> {
    const members = new Set([ancestor]);
    for (let size = 0; size !== members.size;) {
        size = members.size;
        for (const { pid, parent } of all) if (members.has(parent)) members.add(pid);
    }
    return members;
}

/** The id of a descendant of `ancestor` whose program is called `name`. */
export function descendant(ancestor: number, name: string): number | undefined {
    const all = processes();
    const members = family(ancestor, all);
    return all.find((each) => each.name === name && members.has(each.pid))?.pid;
}
