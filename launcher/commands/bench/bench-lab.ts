import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import { secretKeys } from "../../../config/schema";
import { readConfiguration, readDescription } from "../../../roles/configuration";
import type { Configuration } from "../../../config/configuration";
import type { LabDescription } from "../../../config/description";
import { UserError } from "../../../lib/errors";
import { asVariables, checkout, stackFolder } from "../../../lib/environment";
import { run } from "../../../lib/run";
import { domainResource, hypervisorResource, labResource } from "../../../config/resource-names";
import { stateFile } from "../../stack/folders";
import { enterLab } from "../../stack/lab-network";
import { readStateFile } from "../../stack/pulumi-state";
import { StackFile } from "../../stack/stack-file";
import { forgetDeletedInodes } from "./deleted-inodes";
import { labCounter } from "../../timeline/processors";
import { directCurl } from "../../../lib/proxies";

const mark = "# Made by ./lab bench, which removes it at its end.\n";

/** The seconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
    const start = performance.now();
    await work();
    return (performance.now() - start) / 1000;
}

/** What a process needs: its life and its processor time in seconds, and its most memory in bytes. */
export interface Needs {
    alive: number;
    computing: number;
    memory: number;
}

/** The word by which `up` uses no package layers and makes none. */
export const withoutLayers = "--no-layers";

/** A lab that the bench makes and removes. It has the settings of another stack, but its own name and secrets. */
export class BenchLab {
    readonly stack = "bench";
    private readonly file = path.join(checkout, `Pulumi.${this.stack}.yaml`);

    private constructor() {
        /* Only with() makes one. */
    }

    /**
     * Gives `work` a lab with the settings of the stack `like`, without machines yet, and removes it afterwards. A lab
     * left by an earlier bench is removed first. `fresh`: wait until files deleted before, such as those of an earlier
     * lab, do not slow it down any more.
     */
    static async with<T>(like: string, fresh: boolean, work: (lab: BenchLab) => Promise<T>): Promise<T> {
        const original = new StackFile(like);
        if (!original.isIsolated || original.machineKind !== "container")
            throw new UserError(
                `Stack '${like}' is not an isolated lab of containers, which the bench needs.`,
                "Use one: ./lab bench -s local",
            );
        const lab = new BenchLab();
        if (fs.existsSync(lab.file)) {
            if (!fs.readFileSync(lab.file, "utf8").startsWith(mark))
                throw new UserError(
                    "Pulumi.bench.yaml is a stack file of yours, but the bench needs this name.",
                    "Rename your stack.",
                );
            await lab.remove();
        }
        const config = Object.fromEntries(
            Object.entries(original.settings).map(([key, value]) => [`lab:${key}`, value]),
        );
        fs.writeFileSync(lab.file, mark + stringify({ config }));
        fs.mkdirSync(stackFolder(lab.stack), { recursive: true, mode: 0o700 });
        try {
            if (fresh) await forgetDeletedInodes(stackFolder(lab.stack));
            return await work(lab);
        } finally {
            await lab.remove();
        }
    }

    private async remove() {
        await this.lab("down");
        fs.rmSync(this.file);
    }

    /** Calls `./lab` with these words, as a user does. Returns its standard output; a ProgramError if it fails. */
    lab(...words: string[]): Promise<string> {
        return run([path.join(checkout, "lab"), "-s", this.stack, ...words], { name: `./lab ${words[0] ?? ""}` });
    }

    /** Makes the machines in the stack file, and nothing on them. Without `layers`, they start from the image alone. */
    async boot(layers: boolean): Promise<void> {
        // Ends of URNs. ** stands for any text.
        const targets = [
            `lab:Lab::${labResource}`,
            "lab:Hypervisor::**",
            `::${hypervisorResource()}-**`,
            "lab:Machine::**",
            "lab:SystemContainer::**",
            domainResource("**").slice(2),
        ];
        await this.lab(
            "up",
            ...(layers ? [] : [withoutLayers]),
            ...targets.flatMap((target) => ["--target", `urn:pulumi:${this.stack}::lab::**${target}`]),
        );
    }

    /** Adds an app server with a free address to the stack file. Returns its name. */
    addAppServer(): string {
        const { machines, virtualAddress, network } = this.description;
        const [base = ""] = /^.*\./.exec(network.gateway) ?? [];
        const taken = [...machines.map(({ address }) => address), virtualAddress, network.gateway];
        const last = Array.from({ length: 253 }, (_, index) => index + 2)
            .reverse()
            .find((number) => !taken.includes(`${base}${number}`));
        const number = Array.from({ length: 1000 }, (_, index) => index).find((index) =>
            machines.every(({ name }) => name !== `nod${index}`),
        );
        const name = `nod${number ?? 0}`;
        this.stackFile.set(["machines", name], { address: `${base}${last ?? 0}`, roles: ["app"] });
        return name;
    }

    get stackFile(): StackFile {
        return new StackFile(this.stack);
    }

    get description(): LabDescription {
        return readDescription(this.stackFile.settings, this.stack);
    }

    /** The configuration with its secrets, which the first call of the launcher made. */
    async configuration(): Promise<Configuration> {
        const all = JSON.parse(await this.lab("pulumi", "config", "--show-secrets", "--json")) as Record<
            string,
            { value?: string }
        >;
        const secrets = Object.fromEntries(secretKeys.map((key) => [key, all[`lab:${key}`]?.value]));
        return readConfiguration({ ...new StackFile(this.stack).settings, ...secrets }, this.stack);
    }

    /** Runs a program where the machines' addresses can be reached. Returns its standard output. */
    async inside(
        argv: string[],
        options: { env?: NodeJS.ProcessEnv; input?: string; cwd?: string } = {},
    ): Promise<string> {
        return run((await enterLab(this.stack))(argv) as [string, ...string[]], {
            ...options,
            name: path.basename(argv[0] ?? ""),
        });
    }

    /** What the Pulumi program and the launcher need in a preview. */
    async programNeeds(): Promise<{ program: Needs; launcher: Needs }> {
        const folder = path.join(stackFolder(this.stack), "needs");
        fs.mkdirSync(folder, { recursive: true });
        await run([path.join(checkout, "lab"), "-s", this.stack, "preview"], {
            name: "./lab preview",
            env: {
                ...process.env,
                NODE_OPTIONS: `--require ${path.join(__dirname, "program-time.cjs")}`,
                ...asVariables({ programTime: folder }),
            },
        });
        const read = (name: string) => JSON.parse(fs.readFileSync(path.join(folder, name), "utf8")) as Needs;
        return { program: read("program.json"), launcher: read("launcher.json") };
    }

    /**
     * Processor time since the lab's network was started: of its machines, and of the machines and the lab's tools,
     * which include pulumi and Ansible.
     */
    get processorSeconds(): Record<"machines" | "all", number> {
        const seconds = (part: "machines" | "all") => labCounter(stackFolder(this.stack), part)?.() ?? NaN;
        return { machines: seconds("machines"), all: seconds("all") };
    }

    /** The size of pulumi's state. */
    get state(): { bytes: number; resources: number } {
        const file = stateFile(this.stack);
        return { bytes: fs.statSync(file).size, resources: readStateFile(file).resources?.length ?? 0 };
    }

    /**
     * An Error unless the site works: all directors answer, and a session counts two additions. Its time is part of
     * what is measured, for each way to build the site.
     */
    async check(): Promise<void> {
        const { description } = this;
        const directors = description.machines
            .filter(({ roles }) => roles.includes("director"))
            .map(({ address }) => `http://${address}/health`);
        const jar = path.join(stackFolder(this.stack), "cookies");
        const add = [
            ...directCurl,
            "-sS",
            "--fail",
            "--max-time",
            "10",
            "-b",
            jar,
            "-c",
            jar,
            "-d",
            "op=add",
            `http://${description.virtualAddress}/counter/bench`,
        ];
        fs.rmSync(jar, { force: true });
        await this.inside([
            ...directCurl,
            "-sS",
            "--fail",
            "--max-time",
            "10",
            ...directors.flatMap((url) => ["-o", "/dev/null", url]),
        ]);
        const [first, second] = [await this.inside(add), await this.inside(add)].map(
            (answer) => (JSON.parse(answer) as { count: number }).count,
        );
        if (first === undefined || second !== first + 1)
            throw new Error(`the site's counter went from ${String(first)} to ${String(second)}`);
    }
}
