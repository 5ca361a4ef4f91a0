import * as path from "node:path";
import { local, remote, type types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { shortPrivateKey } from "../lib/ssh-keys";
import type { Platform } from "../catalog/platforms/index";
import type { Repository } from "../catalog/platforms/platform";
import {
    applyCommand,
    applyScript,
    roleFolder,
    rolesFolder,
    secretLines,
    secretTexts,
    stagedPath,
} from "../roles/apply";
import type { RoleConfiguration } from "../roles/role-configuration";
import { quote } from "../lib/shell";
import type { Build } from "../roles/tengine";
import { keepOnly, stageFiles, stageTexts, stagingFolder } from "./staging";

export interface HostArgs {
    /** The machine's name; also that of its folder of staged files. */
    machineName: string;
    platform: Platform;
    connection: Connection;
    /** Changes with the machine's disk; everything on it is then done again. */
    identity: pulumi.Output<string>;
    /** Changes when the machine is another one with the same disk: it is waited for, and nothing on it is done again. */
    start?: pulumi.Output<string>;
    /** What the machine is: with it gone, nothing on it has to be undone. */
    machine: pulumi.Resource;
}

export interface Connection {
    address: string;
    privateKey: pulumi.Output<string>;
    /** OpenSSH public key that the machine was given at birth. */
    hostKey: string;
    /** A hypervisor to go through. */
    proxy?: types.input.remote.ProxyConnectionArgs;
}

/**
 * Comes to its end with the machine's boot, ten minutes later at most. Whether all has started is `./lab status`'s to tell, and no reason to stop
 * here. (`is-system-running --wait` would say the same, from systemd 240 on.)
 */
const awaitStart =
    "for _ in $(seq 600); do case $(systemctl is-system-running) in initializing | starting) sleep 1 ;; *) break ;; esac; done";

/**
 * A machine that answers ssh: the one place that opens connections. It carries connection, parent, retries, order of package runs and
 * what happens when the machine is made anew; roles say what they want and nothing of how it gets there.
 */
export class Host extends pulumi.ComponentResource {
    private readonly connection: types.input.remote.ConnectionArgs;
    /** What everything that is done on the machine waits for: that it has started, later that its packages are there. */
    private before: pulumi.Resource[] = [];
    private readonly roles = new Set<string>();
    private uploaded!: (resource: pulumi.Resource) => void;
    /** The upload of what all roles of the machine are made of, once they have all said it. */
    private readonly upload = new Promise<pulumi.Resource>((resolve) => {
        this.uploaded = resolve;
    });

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
            // A refused dial returns at once. 300 of them, with the plugin's pauses that grow to 5 s, are 25 minutes: one that comes up is there
            // within one on a processor, and within ten where six of them are emulated side by side.
            dialErrorLimit: 300,
            perDialTimeout: 15,
        };
        if (args.start) this.before = [this.command("start", awaitStart, { identity: args.start })];
        this.registerOutputs();
    }

    /** Installs distribution packages, all that the machine's roles need in one run; everything else on the machine waits for it. */
    install(packages: string[], repositories: Repository[]): void {
        // A virtual machine answers ssh before cloud-init, which may be installing too, has come to its end; and that has to be a good one.
        const settled =
            "! command -v cloud-init >/dev/null || cloud-init status --wait >/dev/null || { cloud-init status --long >&2; exit 1; }";
        // Whoever logs in uploads; what is uploaded holds no secret.
        const folder = `install -d -m 755 -o ${this.args.platform.loginUser} ${rolesFolder}`;
        // A run whose connection broke goes on without one, and package managers do not wait for each other in all that they do.
        const lock = `exec 9> ${roleFolder("packages.lock")}\nflock 9`;
        this.before = [
            this.command(
                "packages",
                `${settled}\n${folder}\n${lock}\n${this.args.platform.installPackages([...new Set(packages)].sort(), repositories)}`,
                {},
            ),
        ];
    }

    /** Brings a role of the machine to `configuration`; what is returned is there when the role works. */
    configure(
        role: string,
        configuration: RoleConfiguration,
        opts: { parent: pulumi.Resource; dependsOn?: pulumi.Input<pulumi.Resource>[] },
    ): pulumi.Resource {
        const { artifacts = [], files = [] } = configuration;
        const texts = files.flatMap((file): [string, string][] =>
            typeof file.content === "string" ? [[stagedPath(file), file.content]] : [],
        );
        this.roles.add(role);
        const staged = stageTexts(path.join(this.stage("roles"), role), {
            ...Object.fromEntries(texts),
            apply: applyScript(role, configuration),
        });
        // They are large and change seldom: apart from what is small and changes.
        const stagedArtifacts =
            artifacts.length > 0 ? stageFiles(path.join(this.stage("artifacts"), role), artifacts) : undefined;
        const artifactsUpload =
            stagedArtifacts &&
            this.copy(
                `${role}-artifacts`,
                stagedArtifacts.folder,
                path.posix.join(roleFolder(role), "artifacts"),
                opts.parent,
            );

        const secrets = secretTexts(configuration);
        const stdin =
            secrets.length === 0
                ? undefined
                : pulumi.secret(
                      pulumi
                          .all(secrets.map(([, content]) => content))
                          .apply((contents) =>
                              secretLines(secrets.map(([name], index) => [name, contents[index] ?? ""])),
                          ),
                  );
        const digests = [
            ...Object.entries(stagedArtifacts?.digests ?? {}).map(
                ([name, digest]) => [path.posix.join("artifacts", name), digest] as const,
            ),
            ...Object.entries(staged.digests),
        ];
        return this.command(role, applyCommand(role), {
            stdin,
            // What was uploaded, file by file: a changed file is a changed trigger, and a preview names exactly the files that differ.
            // 64 bits tell versions of a file apart; the whole digests would be a tenth of the state.
            triggers: [Object.fromEntries(digests.map(([name, digest]) => [name, digest.slice(0, 16)]))],
            parent: opts.parent,
            dependsOn: [this.upload, ...(artifactsUpload ? [artifactsUpload] : []), ...(opts.dependsOn ?? [])],
        });
    }

    /**
     * Uploads what the machine's roles are made of, all of it at once; to be called when every role has been configured. One connection a
     * machine, and one resource in the state, are enough for what is small: each role's command still changes with its own files alone.
     */
    uploadRoles(): void {
        keepOnly(this.stage("roles"), [...this.roles]);
        this.uploaded(this.copy("files", this.stage("roles"), rolesFolder, this));
    }

    /**
     * Installs what `build` compiles. The first machine that needs it compiles it; from then on it comes from the control machine's cache.
     * A tool of ours does it, because pulumi-command brings no file back from a machine.
     */
    compile(what: string, build: Build, opts: { parent: pulumi.Resource }): pulumi.Resource {
        const { address, privateKey, hostKey, proxy } = this.args.connection;
        // Not through standard input: that stands in the state twice.
        const { folder } = stageTexts(path.join(this.stage("builds"), what), { "build.json": JSON.stringify(build) });
        return new local.Command(
            `${this.args.machineName}-${what}-build`,
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
                triggers: [this.args.identity, build.key],
            },
            { parent: opts.parent, deletedWith: this.args.machine, dependsOn: this.before },
        );
    }

    /** A folder for the machine's staged files. */
    private stage(part: "roles" | "artifacts" | "builds") {
        return path.join(stagingFolder(), this.args.machineName, part);
    }

    /** Copies what is in a staged folder to a folder of the machine. */
    private copy(what: string, folder: string, remotePath: string, parent: pulumi.Resource): pulumi.Resource {
        return new remote.CopyToRemote(
            `${this.args.machineName}-${what}`,
            {
                connection: this.connection,
                // The slash makes it "what is in the folder", not "the folder".
                source: new pulumi.asset.FileArchive(`${folder}/`),
                remotePath,
                triggers: [this.args.identity],
            },
            { parent, deletedWith: this.args.machine, dependsOn: this.before },
        );
    }

    private command(
        what: string,
        script: string,
        args: {
            stdin?: pulumi.Output<string>;
            identity?: pulumi.Output<string>;
            triggers?: unknown[];
            parent?: pulumi.Resource;
            dependsOn?: pulumi.Input<pulumi.Resource>[];
        },
    ) {
        return new remote.Command(
            `${this.args.machineName}-${what}`,
            {
                connection: this.connection,
                create: this.args.platform.loginUser === "root" ? script : `sudo -n sh -c ${quote(script)}`,
                stdin: args.stdin,
                addPreviousOutputInEnv: false,
                triggers: [args.identity ?? this.args.identity, ...(args.triggers ?? [])],
            },
            {
                parent: args.parent ?? this,
                deletedWith: this.args.machine,
                dependsOn: [...this.before, ...(args.dependsOn ?? [])],
            },
        );
    }
}

/** The connection's key as it is to stand in the state. */
const withShortKey = ({ privateKey }: { privateKey?: pulumi.Input<string> }) =>
    privateKey === undefined ? {} : { privateKey: pulumi.output(privateKey).apply(shortPrivateKey) };
