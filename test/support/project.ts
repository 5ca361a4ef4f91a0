import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { silent } from "../../lib/progress";
import { ensureEngine } from "../../launcher/engine/index";
import { readable } from "./pulumi-values";
import { cacheFolder } from "../../lib/environment";
import { repository } from "./repository";

/** The same folder as the launcher's. */
export const CACHE = cacheFolder();

/** A resource for program/index.ts to make; see there for what `args` can hold. */
export interface ResourceSpec {
    type: "local.Command" | "remote.Command" | "remote.CopyToRemote";
    args: Record<string, unknown>;
    options?: { dependsOn?: string[]; deleteBeforeReplace?: boolean; ignoreChanges?: string[] };
}

export type Resources = Record<string, ResourceSpec>;

/** What a run of pulumi did and said. */
export interface Run {
    /** Whether the run ended with an error. */
    failed: boolean;
    /** The operation on each resource except the stack itself, in the terms of `pulumi up`. */
    steps: Record<string, { op: string; diff: Record<string, string> }>;
    /** The stack's outputs, by resource, as `readable` of pulumi-values.ts writes them. */
    outputs: Record<string, Record<string, unknown>>;
    /** All diagnostics. */
    messages: { resource: string; severity: string; message: string; ephemeral: boolean }[];
}

/** A Pulumi project in a folder of its own, with a file backend in it. */
export class Project {
    readonly folder = mkdtempSync(path.join(tmpdir(), "engine-test-"));
    /**
     * Puts the CLI into another place, such as an isolated host's namespaces. By default it runs where the test runs.
     */
    enter: (argv: string[]) => string[] = (argv) => argv;
    #pulumi = "";
    #env: NodeJS.ProcessEnv = {};

    /** `index` is the program, by default support/program, which makes the resources that a run is given. */
    static async create(
        index = path.join(__dirname, "program/index.ts"),
        env: NodeJS.ProcessEnv = {},
    ): Promise<Project> {
        const project = new Project();
        const engine = await ensureEngine({ cache: CACHE, progress: silent });
        project.#pulumi = engine.pulumi;
        project.#env = {
            ...process.env,
            ...engine.env,
            PULUMI_BACKEND_URL: `file://${project.folder}`,
            PULUMI_CONFIG_PASSPHRASE: "test",
            PULUMI_STACK: "dev",
            SSH_AUTH_SOCK: "",
            // For --event-log.
            PULUMI_DEBUG_COMMANDS: "true",
            // Runs the same tests with another command plugin: see command.test.ts.
            ...(process.env.ENGINE_TEST_HOME ? { PULUMI_HOME: process.env.ENGINE_TEST_HOME } : {}),
            ...env,
        };
        project.write(
            "Pulumi.yaml",
            'name: test\nruntime: { name: nodejs, options: { typescript: false, nodeargs: "--import tsx" } }\n',
        );
        project.write("package.json", JSON.stringify({ name: "test", main: "index.ts" }));
        symlinkSync(index, path.join(project.folder, "index.ts"));
        symlinkSync(repository("node_modules"), path.join(project.folder, "node_modules"));
        await project.pulumi("stack", "init", "dev");
        return project;
    }

    write(name: string, content: string): string {
        const file = path.join(this.folder, name);
        writeFileSync(file, content);
        return file;
    }

    up = (resources?: Resources) => this.#run(["up", "--yes", "--skip-preview"], resources);
    preview = (resources?: Resources) => this.#run(["preview"], resources);
    refresh = () => this.#run(["refresh", "--yes", "--skip-preview"]);
    destroy = () => this.#run(["destroy", "--yes", "--skip-preview"]);

    /** Starts the CLI without waiting for it. */
    start(...args: string[]): ChildProcess {
        return spawn(this.#pulumi, ["--non-interactive", ...args], {
            cwd: this.folder,
            env: this.#env,
            stdio: "ignore",
        });
    }

    /** Runs the CLI to its end; rejects if it fails. */
    pulumi(...args: string[]): Promise<{ stdout: string; stderr: string }> {
        const [program = "", ...words] = this.enter([this.#pulumi, "--non-interactive", ...args]);
        return promisify(execFile)(program, words, { cwd: this.folder, env: this.#env, maxBuffer: 2 ** 26 });
    }

    /** The state as stored, with encrypted secrets. */
    rawState(): Promise<string> {
        return this.pulumi("stack", "export").then(({ stdout }) => stdout);
    }

    /** Inputs and outputs of each resource and provider. Secrets are in plain text and marked as secrets. */
    async state(): Promise<Record<string, { id: string; inputs: unknown; outputs: unknown }>> {
        const { stdout } = await this.pulumi("stack", "export", "--show-secrets");
        const { deployment } = JSON.parse(stdout) as { deployment: { resources?: StateResource[] } };
        return Object.fromEntries(
            (deployment.resources ?? [])
                .filter(({ type }) => type !== "pulumi:pulumi:Stack")
                .map(({ urn, id = "", inputs, outputs }) => [
                    nameOf(urn),
                    { id, inputs: readable(inputs), outputs: readable(outputs) },
                ]),
        );
    }

    async #run(command: string[], resources?: Resources): Promise<Run> {
        if (resources) this.write("resources.json", JSON.stringify(resources));
        const events = path.join(this.folder, "events.json");
        rmSync(events, { force: true });
        const run: Run = { failed: false, steps: {}, outputs: {}, messages: [] };
        await this.pulumi(...command, "--event-log", events).catch(() => {
            run.failed = true;
        });
        for (const line of readFileSync(events, "utf8").split("\n")) {
            if (line !== "") collect(JSON.parse(line) as EngineEvent, run);
        }
        return run;
    }

    /** Removes the folder, with the state in it. */
    remove(): void {
        rmSync(this.folder, { recursive: true, force: true });
    }
}

interface StateResource {
    urn: string;
    type: string;
    id?: string;
    inputs?: unknown;
    outputs?: unknown;
}

const nameOf = (urn: string | undefined) => urn?.split("::").at(-1) ?? "";

function collect({ resourcePreEvent, resOutputsEvent, diagnosticEvent }: EngineEvent, run: Run): void {
    const { metadata } = resourcePreEvent ?? {};
    if (metadata && metadata.type !== "pulumi:pulumi:Stack" && !metadata.type.startsWith("pulumi:providers:")) {
        const diff = Object.entries(metadata.detailedDiff ?? {}).map(([property, change]) => [
            property,
            change.diffKind,
        ]);
        const name = nameOf(metadata.urn);
        const before = run.steps[name];
        const merged = Object.fromEntries(diff) as Record<string, string>;
        run.steps[name] = {
            op: before ? `${before.op}, ${metadata.op}` : metadata.op,
            diff: { ...before?.diff, ...merged },
        };
    }
    const outputs = resOutputsEvent?.metadata;
    if (outputs?.type === "pulumi:pulumi:Stack") run.outputs = readable(outputs.new?.outputs ?? {}) as Run["outputs"];
    if (diagnosticEvent && (diagnosticEvent.severity as string) !== "debug") {
        // eslint-disable-next-line no-control-regex -- colours, and the engine's own marks for them
        const message = diagnosticEvent.message.replace(/<\{%[^%]*%\}>|\x1b\[[0-9;]*m/g, "").trimEnd();
        run.messages.push({
            resource: nameOf(diagnosticEvent.urn),
            severity: diagnosticEvent.severity,
            message,
            ephemeral: diagnosticEvent.ephemeral ?? false,
        });
    }
}
