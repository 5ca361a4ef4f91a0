import { platforms, type Platform } from "../../catalog/platforms/index";
import type { Access, MachineAccess } from "../../config/access";
import { hypervisorOf, type HypervisorDescription } from "../../config/description";
import { virshArgv } from "../../hypervisors/virsh";
import { run } from "../../lib/run";
import { quote } from "../../lib/shell";
import { enterLab, throughJumpHost, type Enter } from "./lab-network";
import { readAccess } from "./read-access";
import { sshToMachine, writeSshConfig } from "./ssh-config";
import { directCurl } from "../../lib/proxies";

/** A check or a drill could not be carried out: its result is `not run`. */
export class CannotRun extends Error {}

/** An HTTP answer. Header names are in lower case. If a header came several times, the last one counts. */
export interface Answer {
    status: number;
    headers: Record<string, string>;
    body: string;
}

export interface Request {
    /** Default: POST with a form, else GET. */
    method?: "GET" | "HEAD" | "POST";
    headers?: Record<string, string>;
    /** Sent as application/x-www-form-urlencoded. */
    form?: Record<string, string>;
    /** The machine that sends the request. Default: the control machine. */
    from?: MachineAccess;
    /** Default 10. */
    seconds?: number;
}

/** A lab that is up, seen from outside: through its network, through ssh and through libvirt. */
export class RunningLab {
    private constructor(
        readonly stack: string,
        readonly access: Access,
        /** Where this machine's programs reach the lab. */
        readonly enter: Enter,
        private readonly enterMachineNetwork: Enter,
        private readonly sshConfig: string,
    ) {}

    /** A UserError if the lab is not up. */
    static async open(stack: string): Promise<RunningLab> {
        const access = await readAccess(stack);
        const enter = await enterLab(stack);
        return new RunningLab(
            stack,
            access,
            enter,
            throughJumpHost(access.description, enter),
            writeSshConfig(stack, access),
        );
    }

    get description() {
        return this.access.description;
    }
    get platform(): Platform {
        return platforms[this.description.platform];
    }
    get machineNames(): string[] {
        return this.access.machines.map(({ name }) => name);
    }
    machinesWith(role: string): MachineAccess[] {
        return this.access.machines.filter(({ roles }) => roles.includes(role));
    }

    /** The machines with a role. CannotRun if there are fewer than `least`. */
    requireMachines(role: string, least = 1): MachineAccess[] {
        const machines = this.machinesWith(role);
        if (machines.length < least)
            throw new CannotRun(
                least === 1
                    ? `the lab has no machine with the role ${role}`
                    : `the lab has fewer than ${least} machines with the role ${role}`,
            );
        return machines;
    }

    /**
     * Runs shell text on a machine as root. Returns both outputs together, and the exit code. CannotRun if ssh fails.
     */
    async ssh(machine: MachineAccess, script: string): Promise<{ code: number; output: string }> {
        // The last line has the exit code. ssh's own exit code would be ambiguous: 255 also means that ssh failed.
        const wrapped = `sh -c ${quote(script)} 2>&1; echo "exit code $?"`;
        const command = this.access.loginUser === "root" ? wrapped : `sudo -n sh -c ${quote(wrapped)}`;
        const answer = await this.run(this.sshArgv(machine, command)).catch((error: unknown) => {
            throw new CannotRun(`no ssh to ${machine.name}: ${lastLine(error)}`);
        });
        const [, output, code] = /^([^]*?)exit code (\d+)\n$/.exec(answer) ?? [];
        if (output === undefined) throw new CannotRun(`${machine.name} gave no exit code`);
        return { code: Number(code), output };
    }

    /** The same as `ssh`, but an Error if a line of the script fails. Returns the output. */
    async sh(machine: MachineAccess, script: string): Promise<string> {
        const { code, output } = await this.ssh(machine, `set -e\n${script}`);
        if (code !== 0) throw new Error(`${machine.name}: ${output.trim()}`);
        return output;
    }

    /** Sends an HTTP request. An Error if no answer comes; CannotRun if ssh to the machine `from` fails. */
    async request(url: string, request: Request = {}): Promise<Answer> {
        const { method = request.form ? "POST" : "GET", headers = {}, form = {}, from, seconds = 10 } = request;
        const argv = [
            ...directCurl,
            "-sS",
            "-i",
            "--max-time",
            String(seconds),
            ...(method === "HEAD" ? ["--head"] : ["-X", method]),
            ...Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
            ...Object.entries(form).flatMap(([name, value]) => ["--data-urlencode", `${name}=${value}`]),
            url,
        ];
        if (!from)
            return parseAnswer(
                await this.inside(argv).catch((error: unknown) => {
                    throw new Error(`${url}: ${lastLine(error)}`);
                }),
            );
        const { code, output } = await this.ssh(from, argv.map(quote).join(" "));
        if (code !== 0) throw new Error(`${url} from ${from.name}: ${output.trim()}`);
        return parseAnswer(output);
    }

    /** The argv that runs `command` on a machine as the login user, with standard input and output passed through. */
    sshArgv(machine: MachineAccess, command: string): string[] {
        return this.enter(sshToMachine(this.sshConfig, machine.name, command));
    }

    /** Runs virsh at a hypervisor of the lab. It fails after `seconds`. */
    virshAt({ uri }: Pick<HypervisorDescription, "uri">, words: string[], seconds?: number): Promise<string> {
        return this.run(this.enter(virshArgv(uri, words, seconds)));
    }

    /**
     * Runs virsh at a machine's hypervisor: a command, the machine, more words. An hour is allowed, because a snapshot
     * writes the whole memory.
     */
    virsh(command: string, machine: string, ...words: string[]): Promise<string> {
        return this.virshAt(
            hypervisorOf(this.description, this.description.machines.find(({ name }) => name === machine) ?? {}),
            [command, machine, ...words],
            3600,
        );
    }

    /** The names in `virsh list` on all hypervisors. Without words, those of the domains that run. */
    async domains(...words: string[]): Promise<string[]> {
        const lists = await Promise.all(
            this.description.hypervisors.map((hypervisor) => this.virshAt(hypervisor, ["list", "--name", ...words])),
        );
        return lists
            .flatMap((list) => list.split("\n"))
            .map((name) => name.trim())
            .filter(Boolean);
    }

    /** Runs a program where the machines' addresses can be reached. */
    inside(argv: string[], input?: string): Promise<string> {
        return this.run(this.enterMachineNetwork(argv), input);
    }

    /**
     * Ctrl-C does not reach the programs started here. They are short, and a drill needs them to heal what it has
     * broken.
     */
    private run(argv: string[], input?: string): Promise<string> {
        return run(argv as [string, ...string[]], { input, detached: true });
    }
}

/** Parses the output of `curl --include`. After a "100 Continue", the second block of headers counts. */
export function parseAnswer(text: string): Answer {
    const [, head = "", body = ""] = /^((?:HTTP\/[^]*?\r\n\r\n)+)([^]*)$/.exec(text) ?? [];
    const lines = head.trim().split("\r\n\r\n").at(-1)?.split("\r\n") ?? [];
    const status = /^HTTP\/\S+ (\d+)/.exec(lines[0] ?? "")?.[1];
    if (status === undefined) throw new Error(`no HTTP answer: ${text.slice(0, 100)}`);
    const headers = lines
        .slice(1)
        .map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]);
    return { status: Number(status), headers: Object.fromEntries(headers) as Record<string, string>, body };
}

const lastLine = (error: unknown) =>
    (error instanceof Error ? error.message : String(error)).trim().split("\n").at(-1) ?? "";
