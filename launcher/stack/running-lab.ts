import { platforms, type Platform } from "../../catalog/platforms/index";
import type { Access, MachineAccess } from "../../config/access";
import { hypervisorOf, type HypervisorDescription } from "../../config/description";
import { virshArgv } from "../../hypervisors/virsh";
import { run } from "../../lib/run";
import { quote } from "../../lib/shell";
import { writeSshConfig } from "../commands/access";
import { readAccess } from "./outputs";
import { amongMachinesOf, reach } from "./session";

/** What could not be looked at: the check that wanted to is `not run`, whatever else is known. */
export class CannotRun extends Error {}

/** An HTTP answer. Header names are in lower case; of a header that came several times, the last. */
export interface Answer {
    status: number;
    headers: Record<string, string>;
    body: string;
}

export interface Request {
    method?: "GET" | "HEAD" | "POST";
    headers?: Record<string, string>;
    /** application/x-www-form-urlencoded. */
    form?: Record<string, string>;
    /** The machine that asks; default: the control machine. */
    from?: MachineAccess;
    /** Default 10. */
    seconds?: number;
}

/** A lab as it is seen from outside of it: through its network, and by ssh. */
export class LivingLab {
    private constructor(
        readonly stack: string,
        readonly access: Access,
        readonly enter: (argv: string[]) => string[],
        private readonly among: (argv: string[]) => string[],
        private readonly sshConfig: string,
    ) {}

    /** A UserError if it is not there. */
    static async open(stack: string): Promise<LivingLab> {
        const access = await readAccess(stack);
        const enter = await reach(stack);
        return new LivingLab(
            stack,
            access,
            enter,
            amongMachinesOf(access.description, enter),
            writeSshConfig(stack, access),
        );
    }

    get description() {
        return this.access.description;
    }
    get platform(): Platform {
        return platforms[this.description.platform];
    }
    machinesWith(role: string): MachineAccess[] {
        return this.access.machines.filter(({ roles }) => roles.includes(role));
    }

    /** Runs shell text on a machine as root; gives its output and exit code. CannotRun where ssh does not get in. */
    async ssh(machine: MachineAccess, script: string): Promise<{ code: number; output: string }> {
        // The last line tells the exit code, so that ssh's own 255 is not taken for the script's.
        const wrapped = `sh -c ${quote(script)} 2>&1; echo "exit code $?"`;
        const command = this.access.loginUser === "root" ? wrapped : `sudo -n sh -c ${quote(wrapped)}`;
        const said = await this.run(this.into(machine, command)).catch((error: unknown) => {
            throw new CannotRun(`${machine.name} cannot be asked: ${lastLine(error)}`);
        });
        const [, output, code] = /^([^]*?)exit code (\d+)\n$/.exec(said) ?? [];
        if (output === undefined) throw new CannotRun(`${machine.name} gave no exit code`);
        return { code: Number(code), output };
    }

    /** The same where it has to end well: fails where a line of it fails. */
    async sh(machine: MachineAccess, script: string): Promise<string> {
        const { code, output } = await this.ssh(machine, `set -e\n${script}`);
        if (code !== 0) throw new Error(`${machine.name}: ${output.trim()}`);
        return output;
    }

    /** The answer to an HTTP request. Fails where there is none; CannotRun where the asking machine cannot be asked. */
    async request(url: string, request: Request = {}): Promise<Answer> {
        const { method = request.form ? "POST" : "GET", headers = {}, form = {}, from, seconds = 10 } = request;
        const argv = [
            "curl",
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

    /** The argv that runs `command` on a machine as the login user, with standard input and output carried through. */
    into(machine: MachineAccess, command: string): string[] {
        return this.enter([
            "ssh",
            "-F",
            this.sshConfig,
            "-o",
            "ConnectTimeout=5",
            "-o",
            "ServerAliveInterval=5",
            machine.name,
            command,
        ]);
    }

    /** virsh at a hypervisor, where it is called as it is here; gives up after `seconds`. */
    virshAt({ uri }: Pick<HypervisorDescription, "uri">, words: string[], seconds?: number): Promise<string> {
        return this.run(this.enter(virshArgv(uri, words, seconds)));
    }

    /** virsh at the machine's own: a command, the machine, more words. What is done with a whole memory may take its time. */
    virsh(command: string, machine: string, ...words: string[]): Promise<string> {
        return this.virshAt(
            hypervisorOf(this.description, this.description.machines.find(({ name }) => name === machine) ?? {}),
            [command, machine, ...words],
            3600,
        );
    }

    /** Names of the domains that `virsh list` with these words has, on all hypervisors: without any, of those that run. */
    async domains(...words: string[]): Promise<string[]> {
        const lists = await Promise.all(
            this.description.hypervisors.map((its) => this.virshAt(its, ["list", "--name", ...words])),
        );
        return lists
            .flatMap((list) => list.split("\n"))
            .map((name) => name.trim())
            .filter(Boolean);
    }

    /** A program run where the machines' addresses are. */
    inside(argv: string[], input?: string): Promise<string> {
        return this.run(this.among(argv), input);
    }

    /** Ctrl-C does not end what it starts, which is short: whoever broke something on purpose heals it first. */
    private run(argv: string[], input?: string): Promise<string> {
        return run(argv as [string, ...string[]], { input, detached: true });
    }
}

/** curl's --include output: after a 100 Continue there is a second header. */
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
