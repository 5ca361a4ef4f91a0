/**
 * Runs apply scripts for real, in a mount namespace. The programs are this machine's; /var/lib, /run and /mnt are the
 * sandbox's own, and systemctl only records its calls.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { text } from "node:stream/consumers";
import * as pulumi from "@pulumi/pulumi";
import { applyCommand, applyScript, stepFolder, secretLines, secretTexts, stagedPath } from "../../roles/apply";
import type { RoleConfiguration } from "../../roles/role-configuration";

/**
 * The programs that apply scripts use. Each is wrapped: the wrapper records the call, and can kill the script before
 * it.
 */
const programs = [
    "base64",
    "cat",
    "chmod",
    "chown",
    "cmp",
    "cp",
    "curl",
    "flock",
    "grep",
    "ls",
    "mkdir",
    "mktemp",
    "mv",
    "rm",
    "sleep",
    "stat",
];

/** A systemctl with one unit. A start, restart or reload "reads" all files in /mnt. */
const systemctl = `#!/bin/sh
while [ "\${1#--}" != "$1" ]; do shift; done
echo "$@" >> "$STATE/systemctl"
case $1 in
    is-enabled) [ -e "$STATE/enabled" ] && echo enabled ;;
    enable) : > "$STATE/enabled" ;;
    is-active) [ -e "$STATE/active" ] ;;
    is-failed) [ -e "$STATE/failed" ] ;;
    start | restart | reload)
        [ ! -e "$STATE/broken" ] || { echo "the unit is broken" >&2; exit 1; }
        : > "$STATE/active"
        cat /mnt/* > "$STATE/read" 2>/dev/null || true
        ;;
    status) echo "what the unit says" ;;
esac
`;

/** Counts calls by creating files exclusively, because the programs of a pipeline start at the same time. */
const wrapper = (program: string) => `#!/bin/sh
echo "\${0##*/} $*" >> "$STATE/argv"
set -C
count=1
until true 2>/dev/null > "$STATE/count/$count"; do
    # The sandbox was removed.
    [ -d "$STATE/count" ] || exit 1
    count=$((count + 1))
done
set +C
[ "$count" != "\${KILL_AT-}" ] || { kill -9 "$VICTIM"; exit 1; }
exec ${program} "$@"
`;

/** /run comes last, because mount itself writes into /run. */
const enter = `
mount --bind "$ROOT/lib" /var/lib
mount --bind "$ROOT/mnt" /mnt
mount --bind "$ROOT/run" /run
STATE=$ROOT/state
VICTIM=$$
PATH=$BIN:$PATH
export STATE VICTIM PATH
`;

/** Makes the folder of wrapped programs, which all sandboxes share. */
function makePrograms(): string {
    const bin = fs.mkdtempSync(path.join(os.tmpdir(), "programs-"));
    const put = (name: string, script: string) => fs.writeFileSync(path.join(bin, name), script, { mode: 0o755 });
    put(".systemctl", systemctl);
    put("systemctl", wrapper(path.join(bin, ".systemctl")));
    const folders = (process.env.PATH ?? "").split(":");
    for (const program of programs)
        put(
            program,
            wrapper(folders.map((folder) => path.join(folder, program)).find((file) => fs.existsSync(file)) ?? program),
        );
    process.on("exit", () => fs.rmSync(bin, { recursive: true, force: true }));
    return bin;
}
let bin: string | undefined;

export class SandboxMachine {
    private constructor(private readonly root: string) {}

    static make(): SandboxMachine {
        bin ??= makePrograms();
        const root = fs.mkdtempSync(path.join(os.tmpdir(), "machine-"));
        for (const name of ["lib", "run", "mnt", "state/count"])
            fs.mkdirSync(path.join(root, name), { recursive: true });
        return new SandboxMachine(root);
    }

    /** A second sandbox in the same state. */
    copy(): SandboxMachine {
        const other = SandboxMachine.make();
        for (const name of ["lib", "mnt", "state"])
            fs.cpSync(path.join(this.root, name), path.join(other.root, name), {
                recursive: true,
                preserveTimestamps: true,
            });
        return other;
    }

    remove() {
        // A run that still writes puts files into a folder that is about to go. rmSync's own retries do not look for them.
        for (let attempt = 1; ; attempt++) {
            try {
                return fs.rmSync(this.root, { recursive: true, force: true });
            } catch (error) {
                if ((error as NodeJS.ErrnoException).code !== "ENOTEMPTY" || attempt === 1000) throw error;
            }
        }
    }

    /** A file by its path on the machine; undefined if it does not exist. Folder `state` has the wrappers' records. */
    read(name: string): string | undefined {
        const file = this.path(name);
        return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined;
    }
    write(name: string, content: string) {
        fs.writeFileSync(this.path(name), content);
    }
    list(name: string): string[] {
        return fs.readdirSync(this.path(name)).sort();
    }
    path(name: string): string {
        return path.join(this.root, name.replace(/^\/var\/lib(?=\/|$)/, "lib"));
    }

    /** Uploads a step's folder as Host does, and runs its script. `killAt` kills the script before its nth program. */
    async apply(role: string, configuration: RoleConfiguration, { killAt }: { killAt?: number } = {}) {
        return this.start(role, configuration, { killAt }).done;
    }

    start(role: string, configuration: RoleConfiguration, { killAt }: { killAt?: number } = {}) {
        this.upload(role, { apply: applyScript(role, configuration) });
        for (const file of configuration.files ?? [])
            if (typeof file.content === "string") this.upload(role, { [stagedPath(file)]: file.content });
        for (const name of ["systemctl", "argv"]) this.write(`state/${name}`, "");
        // Empty the folder instead of making a new one: an earlier run that still runs would take the sandbox for
        // removed.
        fs.mkdirSync(this.path("state/count"), { recursive: true });
        for (const count of this.list("state/count")) fs.rmSync(this.path(`state/count/${count}`), { force: true });
        const asRoot = process.getuid?.() === 0 ? [] : ["--map-root-user"];
        const child = spawn("unshare", ["--mount", ...asRoot, "sh", "-euc", `${enter}${applyCommand(role)}`], {
            env: {
                PATH: process.env.PATH,
                ROOT: this.root,
                BIN: bin,
                ...(killAt === undefined ? {} : { KILL_AT: String(killAt) }),
            },
        });
        const done = (async () => {
            const texts = await Promise.all(
                secretTexts(configuration).map(async ([name, content]): Promise<[string, string]> => [
                    name,
                    await new Promise((resolve) => {
                        pulumi.output(content).apply(resolve);
                    }),
                ]),
            );
            child.stdin.on("error", () => undefined).end(secretLines(texts));
            const [stdout, stderr, code] = await Promise.all([
                text(child.stdout),
                text(child.stderr),
                new Promise<number | string>((resolve) => {
                    child.on("exit", (exitCode, signal) => resolve(exitCode ?? signal ?? ""));
                }),
            ]);
            return { code, stdout, stderr, services: this.services(), argv: this.read("state/argv") ?? "" };
        })();
        return { child, done };
    }

    /** Runs shell text in the sandbox. Returns its standard output. */
    async run(script: string): Promise<string> {
        const asRoot = process.getuid?.() === 0 ? [] : ["--map-root-user"];
        const child = spawn("unshare", ["--mount", ...asRoot, "sh", "-euc", `${enter}exec sh -c "$SCRIPT"`], {
            env: { PATH: process.env.PATH, ROOT: this.root, BIN: bin, SCRIPT: script },
            stdio: ["ignore", "pipe", "inherit"],
        });
        return text(child.stdout);
    }

    /** systemctl's calls that start, restart, reload or disable, in the newest run. */
    private services(): string[] {
        return (this.read("state/systemctl") ?? "")
            .split("\n")
            .filter((line) => /^(start|restart|reload|disable) /.test(line));
    }

    private upload(role: string, files: Record<string, string>) {
        for (const [name, content] of Object.entries(files)) {
            const target = this.path(path.join(stepFolder(role), name));
            fs.mkdirSync(path.dirname(target), { recursive: true });
            fs.writeFileSync(target, content);
        }
    }
}
