import * as fs from "node:fs";
import * as path from "node:path";
import { local, remote, type types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Platform } from "../catalog/platforms/index";
import type { Repository } from "../catalog/platforms/platform";
import {
    artifactsResource,
    buildResource,
    filesResource,
    packagesResource,
    startResource,
    stepResource,
} from "../config/resource-names";
import { quote } from "../lib/shell";
import { shortPrivateKey } from "../lib/ssh-keys";
import {
    applyCommand,
    applyScript,
    isSecret,
    stepFolder,
    stepsFolder,
    secretLines,
    secretTexts,
    stagedPath,
} from "../roles/apply";
import type { Build } from "../roles/build";
import type { RoleConfiguration } from "../roles/role-configuration";
import { keepOnly, stageFiles, stageTexts } from "./staging";

export interface HostArgs {
    machineName: string;
    /** Folder for what is uploaded to the machine. */
    stage: string;
    platform: Platform;
    connection: Connection;
    /** Changes with the machine's disk. Everything on the machine is then done again. */
    identity: pulumi.Output<string>;
    /**
     * Changes when the machine is made anew with the same disk. Host then waits for its boot, and does nothing again.
     */
    start?: pulumi.Output<string>;
    /** The machine. When it is gone, nothing on it has to be undone. */
    machine: pulumi.Resource;
    /** Distribution packages that the machine's roles need. */
    packages: string[];
    /** Publishers' own repositories that some of these packages come from. */
    repositories: Repository[];
    /** The configuration of each step of the machine's roles, by the step's name. */
    steps: Record<string, RoleConfiguration>;
}

export interface Connection {
    address: string;
    privateKey: pulumi.Output<string>;
    /** OpenSSH public key that the machine was given at birth. */
    hostKey: string;
    /** The hypervisor that connections go through. */
    proxy?: types.input.remote.ProxyConnectionArgs;
}

/**
 * Ends when the machine has booted, after ten minutes at most. A unit that failed is no reason to stop: `./lab status`
 * tells it. `is-system-running --wait` does the same, but only from systemd 240 on.
 */
const awaitBoot =
    "for _ in $(seq 600); do\n" +
    "    case $(systemctl is-system-running) in initializing | starting) sleep 1 ;; *) break ;; esac\n" +
    "done";

/**
 * A machine that answers ssh. Only this class opens connections: it owns the connection, retries, the package run,
 * uploads, and what happens when the machine is made anew. Roles say what they want, and nothing of how it gets there.
 */
export class Host extends pulumi.ComponentResource {
    private readonly connection: types.input.remote.ConnectionArgs;
    /** The package run. Everything else on the machine waits for it. */
    private readonly packages: pulumi.Resource;
    /** What the steps' scripts read, as it is uploaded. */
    private readonly files: pulumi.Resource;
    private readonly digests: Record<string, Record<string, string>>;

    constructor(
        name: string,
        private readonly args: HostArgs,
        opts: pulumi.ComponentResourceOptions,
    ) {
        super("lab:Host", name, {}, opts);
        const { address, privateKey, hostKey, proxy } = args.connection;
        this.connection = {
            host: address,
            user: args.platform.loginUser,
            ...withShortKey({ privateKey }),
            hostKey,
            proxy: proxy && { ...proxy, ...withShortKey(proxy) },
            // A refused dial returns at once. With the plugin's pauses of up to 5 s, 300 dials are 25 minutes: six
            // emulated machines on two cores need ten.
            dialErrorLimit: 300,
            perDialTimeout: 15,
        };
        this.packages = this.installPackages();
        this.digests = this.stageSteps();
        this.files = this.copy(filesResource(args.machineName), this.stage("roles"), stepsFolder, this);
        this.registerOutputs();
    }

    /** One run for the packages of all roles, once the machine has booted. */
    private installPackages(): pulumi.Resource {
        const { machineName, start, platform, packages, repositories } = this.args;
        const booted = start
            ? [this.command(startResource(machineName), awaitBoot, { identity: start, dependsOn: [] })]
            : [];
        // ssh answers before cloud-init has finished. Wait for cloud-init, and fail if cloud-init failed.
        const settled =
            "if command -v cloud-init >/dev/null && ! cloud-init status --wait >/dev/null; then\n" +
            "    cloud-init status --long >&2\n    exit 1\nfi";
        // The login user uploads to this folder. What is uploaded holds no secret.
        const folder = `install -d -m 755 -o ${platform.loginUser} ${stepsFolder}`;
        // A package run continues after its ssh connection breaks. The lock keeps the next run from starting beside it.
        const lock = `exec 9> ${stepFolder("packages.lock")}\nflock 9`;
        const install = platform.installPackages([...new Set(packages)].sort(), repositories);
        return this.command(packagesResource(machineName), [settled, folder, lock, install].join("\n"), {
            dependsOn: booted,
        });
    }

    /**
     * Writes what the steps' scripts read into a folder on the control machine. Gives the sha256 of each file, by step
     * and by path in the step's folder.
     */
    private stageSteps(): Record<string, Record<string, string>> {
        fs.mkdirSync(this.stage("roles"), { recursive: true });
        keepOnly(this.stage("roles"), Object.keys(this.args.steps));
        return Object.fromEntries(
            Object.entries(this.args.steps).map(([step, configuration]) => {
                const texts = (configuration.files ?? []).flatMap((file): [string, string | Buffer][] =>
                    isSecret(file) ? [] : [[stagedPath(file), file.content as string | Buffer]],
                );
                const files = { ...Object.fromEntries(texts), apply: applyScript(step, configuration) };
                return [step, stageTexts(path.join(this.stage("roles"), step), files).digests];
            }),
        );
    }

    /** Brings a step to its configuration. The resource that is returned exists when the step is done and works. */
    run(step: string, opts: { parent: pulumi.Resource; dependsOn: pulumi.Resource[] }): pulumi.Resource {
        const configuration = this.args.steps[step];
        if (!configuration) throw new Error(`${this.args.machineName} has no step ${step}`);
        const artifacts = this.uploadArtifacts(step, configuration, opts.parent);
        const digests = [
            ...Object.entries(artifacts?.digests ?? {}).map(
                ([name, digest]) => [path.posix.join("artifacts", name), digest] as const,
            ),
            ...Object.entries(this.digests[step] ?? {}),
        ];
        return this.command(stepResource(this.args.machineName, step), applyCommand(step), {
            stdin: standardInput(configuration),
            // A changed file is a changed trigger, so a preview names exactly the files that differ. 64 bits tell
            // versions of a file apart; whole digests would be a tenth of the state.
            triggers: [Object.fromEntries(digests.map(([name, digest]) => [name, digest.slice(0, 16)]))],
            parent: opts.parent,
            dependsOn: [this.packages, this.files, ...(artifacts ? [artifacts.upload] : []), ...opts.dependsOn],
        });
    }

    /** Artifacts are large and rarely change, so they are uploaded separately from configuration files. */
    private uploadArtifacts(step: string, { artifacts = [] }: RoleConfiguration, parent: pulumi.Resource) {
        if (artifacts.length === 0) return undefined;
        const { folder, digests } = stageFiles(path.join(this.stage("artifacts"), step), artifacts);
        const target = path.posix.join(stepFolder(step), "artifacts");
        return { digests, upload: this.copy(artifactsResource(this.args.machineName, step), folder, target, parent) };
    }

    /**
     * Installs what `build` compiles. The first machine that needs the result compiles it, and the control machine's
     * cache keeps it. A program of ours does so (launcher/compile/), because pulumi-command brings no file back from a
     * machine.
     */
    compile(step: string, build: Build, opts: { parent: pulumi.Resource }): pulumi.Resource {
        const { address, privateKey, hostKey, proxy } = this.args.connection;
        // Standard input would stand in the state twice.
        const { folder } = stageTexts(path.join(this.stage("builds"), step), { "build.json": JSON.stringify(build) });
        return new local.Command(
            buildResource(this.args.machineName, step),
            {
                create: "exec node launcher/bundle/run.cjs compile",
                stdin: pulumi.secret(
                    pulumi.jsonStringify({
                        host: address,
                        user: this.args.platform.loginUser,
                        privateKey,
                        hostKey,
                        proxy,
                        build: path.join(folder, "build.json"),
                    }),
                ),
                addPreviousOutputInEnv: false,
                triggers: [this.args.identity, build.redoFor ?? build.key],
            },
            { ...this.onMachine, parent: opts.parent, dependsOn: this.packages },
        );
    }

    /**
     * Options of whatever is on the machine. A changed step is a replaced resource, so that none of them has the
     * protection of its role.
     */
    private get onMachine() {
        return { deletedWith: this.args.machine, protect: false };
    }

    /** A folder for the machine's staged files. */
    private stage(part: "roles" | "artifacts" | "builds") {
        return path.join(this.args.stage, part);
    }

    /** Copies what is in a staged folder to a folder of the machine, once the machine's packages are there. */
    private copy(resourceName: string, folder: string, remotePath: string, parent: pulumi.Resource): pulumi.Resource {
        return new remote.CopyToRemote(
            resourceName,
            {
                connection: this.connection,
                // With the slash CopyToRemote copies what is in the folder, not the folder.
                source: new pulumi.asset.FileArchive(`${folder}/`),
                remotePath,
                triggers: [this.args.identity],
            },
            { ...this.onMachine, parent, dependsOn: this.packages },
        );
    }

    private command(
        resourceName: string,
        script: string,
        args: {
            stdin?: pulumi.Output<string>;
            identity?: pulumi.Output<string>;
            triggers?: unknown[];
            parent?: pulumi.Resource;
            dependsOn: pulumi.Resource[];
        },
    ) {
        return new remote.Command(
            resourceName,
            {
                connection: this.connection,
                create: this.args.platform.loginUser === "root" ? script : `sudo -n sh -c ${quote(script)}`,
                stdin: args.stdin,
                addPreviousOutputInEnv: false,
                triggers: [args.identity ?? this.args.identity, ...(args.triggers ?? [])],
            },
            { ...this.onMachine, parent: args.parent ?? this, dependsOn: args.dependsOn },
        );
    }
}

/** Secret texts for a step's script, which reads them from standard input. Undefined for a step without secrets. */
function standardInput(configuration: RoleConfiguration): pulumi.Output<string> | undefined {
    const secrets = secretTexts(configuration);
    if (secrets.length === 0) return undefined;
    const lines = pulumi
        .all(secrets.map(([, content]) => content))
        .apply((contents) => secretLines(secrets.map(([name], index) => [name, contents[index] ?? ""])));
    return pulumi.secret(lines);
}

/** The connection's private key in the form that takes the least room in the state. */
const withShortKey = ({ privateKey }: { privateKey?: pulumi.Input<string> }) =>
    privateKey === undefined ? {} : { privateKey: pulumi.output(privateKey).apply(shortPrivateKey) };
