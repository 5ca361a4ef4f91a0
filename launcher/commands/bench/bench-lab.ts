import * as fs from "node:fs";
import * as path from "node:path";
import { stringify, parseDocument } from "yaml";
import { type Configuration } from "../../../config/configuration";
import type { LabDescription } from "../../../config/description";
import { secretKeys } from "../../../config/schema";
import { checkout, stackFolder } from "../../../lib/environment";
import { UserError } from "../../../lib/errors";
import { run } from "../../../lib/run";
import { readConfiguration, readDescription } from "../../../roles/configuration";
import { reach, stateFile } from "../../stack/session";
import { StackFile } from "../../stack/stack-file";
import { labCounter } from "../../timeline/processors";
import { forgetDeletedInodes } from "./deleted-inodes";

const mark = "# Made by ./lab bench, which removes it at its end.\n";

/** Seconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
    const start = performance.now();
    await work();
    return (performance.now() - start) / 1000;
}

/** A lab of the bench's own: with the settings of another stack and secrets of its own, beside whatever else there is, and gone at its end. */
export class BenchLab {
    readonly stack = "bench";
    private readonly file = path.join(checkout, `Pulumi.${this.stack}.yaml`);

    private constructor() {
        /* see with() */
    }

    /**
     * Lends a lab with the settings of stack `like`, none of whose machines is there yet. One that an ended bench has left is taken away first.
     * `fresh`: what was deleted before, this lab's predecessor for one, is not to cost it anything.
     */
    static async with<T>(like: string, fresh: boolean, work: (lab: BenchLab) => Promise<T>): Promise<T> {
        const original = new StackFile(like);
        if (!original.isIsolated || original.machineKind !== "container")
            throw new UserError(
                `Stack '${like}' is no isolated lab of containers.`,
                "The bench measures one: ./lab bench -s local",
            );
        const lab = new BenchLab();
        if (fs.existsSync(lab.file)) {
            if (!fs.readFileSync(lab.file, "utf8").startsWith(mark))
                throw new UserError(
                    `There is a stack 'bench' of your own.`,
                    "The bench needs the name: call yours another.",
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

    /** `./lab` with these words, as a person would call it; gives its standard output. Fails where it fails. */
    lab(...words: string[]): Promise<string> {
        return run([path.join(checkout, "lab"), "-s", this.stack, ...words], { name: `./lab ${words[0] ?? ""}` });
    }

    /** Makes the machines that the stack file names, and nothing on them. */
    async boot(): Promise<void> {
        const targets = [
            "lab:Lab::**",
            "lab:Hypervisor::**",
            "**lab-hypervisor-**",
            "lab:Machine::**",
            "lab:SystemContainer::**",
            "**-domain",
        ];
        await this.lab(
            "up",
            ...targets.flatMap((target) => [
                "--target",
                `urn:pulumi:${this.stack}::lab::**${target.replace(/^\*\*/, "")}`,
            ]),
        );
    }

    /** Sets, or with undefined takes out, a setting; `place` begins with its name. */
    change(place: string[], value: unknown): void {
        const document = parseDocument(fs.readFileSync(this.file, "utf8"));
        const [name = "", ...rest] = place;
        document.setIn(["config", `lab:${name}`, ...rest], value);
        fs.writeFileSync(this.file, document.toString({ lineWidth: 0 }));
    }

    /** A line more in the stack file: an app server with the next free address. Gives its name. */
    addAppServer(): string {
        const { machines, virtualAddress, network } = this.description;
        const [base = ""] = /^.*\./.exec(network.gateway) ?? [];
        const taken = [...machines.map(({ address }) => address), virtualAddress, network.gateway];
        const last = Array.from({ length: 253 }, (_, index) => index + 2)
            .reverse()
            .find((number) => !taken.includes(`${base}${number}`));
        const number = Array.from({ length: 1000 }, (_, index) => index).find((each) =>
            machines.every(({ name }) => name !== `nod${each}`),
        );
        const name = `nod${number ?? 0}`;
        this.change(["machines", name], { address: `${base}${last ?? 0}`, roles: ["app"] });
        return name;
    }

    get description(): LabDescription {
        return readDescription(new StackFile(this.stack).settings, this.stack);
    }

    /** With the secrets, which the first call of the launcher has made. */
    async configuration(): Promise<Configuration> {
        const all = JSON.parse(await this.lab("pulumi", "config", "--show-secrets", "--json")) as Record<
            string,
            { value?: string }
        >;
        const secrets = Object.fromEntries(secretKeys.map((key) => [key, all[`lab:${key}`]?.value]));
        return readConfiguration({ ...new StackFile(this.stack).settings, ...secrets }, this.stack);
    }

    /** A program, run where the machines' addresses are; gives its standard output. */
    async inside(
        argv: string[],
        options: { env?: NodeJS.ProcessEnv; input?: string; cwd?: string } = {},
    ): Promise<string> {
        return run((await reach(this.stack))(argv) as [string, ...string[]], {
            ...options,
            name: path.basename(argv[0] ?? ""),
        });
    }

    /** How long the Pulumi program is there in a preview, and how much of that it computes: the rest it waits for the engine. Seconds. */
    async programTime(): Promise<{ alive: number; computing: number }> {
        const file = path.join(stackFolder(this.stack), "program-time.json");
        await run([path.join(checkout, "lab"), "-s", this.stack, "preview"], {
            name: "./lab preview",
            env: {
                ...process.env,
                NODE_OPTIONS: `--require ${path.join(__dirname, "program-time.cjs")}`,
                LAB_PROGRAM_TIME: file,
            },
        });
        return JSON.parse(fs.readFileSync(file, "utf8")) as { alive: number; computing: number };
    }

    /** What the lab's machines, and they and its tools, have computed since its network was there; pulumi and Ansible are among the tools. */
    get processorSeconds(): Record<"machines" | "all", number> {
        const of = (part: "machines" | "all") => labCounter(stackFolder(this.stack), part)?.() ?? NaN;
        return { machines: of("machines"), all: of("all") };
    }

    /** How large pulumi's state is. */
    get state(): { bytes: number; resources: number } {
        const text = fs.readFileSync(stateFile(this.stack), "utf8");
        return {
            bytes: Buffer.byteLength(text),
            resources: (JSON.parse(text) as { checkpoint: { latest: { resources: unknown[] } } }).checkpoint.latest
                .resources.length,
        };
    }

    /**
     * Fails unless the site works: both directors answer, and a session that two requests go through counts on.
     * What it takes is part of what is measured, for whoever built the site.
     */
    async check(): Promise<void> {
        const { description } = this;
        const directors = description.machines
            .filter(({ roles }) => roles.includes("director"))
            .map(({ address }) => `http://${address}/health`);
        const jar = path.join(stackFolder(this.stack), "cookies");
        const add = [
            "curl",
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
            "curl",
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
