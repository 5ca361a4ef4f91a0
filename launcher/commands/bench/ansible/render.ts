/**
 * Renders what the playbook works with: the same files, packages and checks as the Pulumi program's, by the same
 * functions.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Artifacts } from "../../../../artifacts/local-artifacts";
import { releases } from "../../../../catalog/releases";
import { contextOf, packagesOf, stepConfigurations } from "../../../../roles/of-machine";
import { siteContents } from "../../../../roles/web-site";
import type { ManagedFile, RoleConfiguration } from "../../../../roles/role-configuration";
import { compiledPages, pagesBuild } from "../../../../roles/compiled-pages";
import { tengineBuild } from "../../../../roles/tengine-build";
import { temporaryFolders } from "../../../../catalog/director-servers";
import type { Configuration } from "../../../../config/configuration";
import { machinesWith } from "../../../../config/description";
import { platforms } from "../../../../catalog/platforms/index";
import { run } from "../../../../lib/run";
import { outputValue } from "../../../../lib/output-value";
import { namedRoles } from "../../../../roles/configuration";

/** A step of a role, as role.yaml reads it. Paths are on the control machine. */
interface PlaybookRole {
    files?: string;
    secrets?: string;
    test?: string;
    unit?: string;
    on_change?: "restarted" | "reloaded";
    ready?: string;
    seconds?: number;
    /** Shell lines that use the role's secret texts. */
    finish?: string;
}

/** The folder of a role's secret texts on a machine. */
const secretsFolder = (role: string) => `/root/.lab-${role}`;

/**
 * Writes everything that the playbook needs into `folder`, with the inventory as inventory.json. Returns the path of
 * the inventory. `sshConfig` is the path of the machines' ssh_config, `builds` the folder with what was compiled.
 */
export async function renderForAnsible(
    folder: string,
    { description, secrets }: Configuration,
    { artifacts, sshConfig, builds }: { artifacts: Artifacts; sshConfig: string; builds: string },
): Promise<string> {
    const platform = platforms[description.platform];
    const release = releases[description.release];
    const { key } = tengineBuild({ description, platform, artifacts });
    const pages = pagesBuild({ description, platform, artifacts });
    const passwords = {
        database: pulumi.secret(secrets.databasePassword),
        vrrp: pulumi.secret(secrets.vrrpPassword),
        application: undefined,
    };
    const now = Math.floor(Date.now() / 1000);
    const siteTimes = pulumi.output(siteContents(description).replaceAll(/^(?=.)/gm, `${now} `));
    const hosts = await Promise.all(
        description.machines.map(async (machine) => {
            const context = contextOf(machine, { description, artifacts, passwords, siteTimes });
            const configurations = stepConfigurations(context);
            const roles = await Promise.all(
                Object.entries(configurations).map(
                    async ([role, configuration]) =>
                        [
                            role,
                            await playbookRole(
                                path.join(folder, machine.name),
                                role,
                                withLibraries(role, configuration),
                            ),
                        ] as const,
                ),
            );
            return [
                machine.name,
                {
                    ansible_host: machine.address,
                    packages: packagesOf(machine, description),
                    roles: Object.fromEntries(roles),
                },
            ] as const;
        }),
    );
    const group = (role: string) => ({
        hosts: Object.fromEntries(machinesWith(description, role).map(({ name }) => [name, {}])),
    });
    const inventory = path.join(folder, "inventory.json");
    fs.writeFileSync(
        inventory,
        JSON.stringify(
            {
                all: {
                    hosts: Object.fromEntries(hosts),
                    children: Object.fromEntries(namedRoles().map(({ name }) => [name, group(name)])),
                    vars: {
                        ansible_user: platform.loginUser,
                        ansible_ssh_common_args: `-F ${sshConfig}`,
                        ansible_python_interpreter: "/usr/bin/python3",
                        tomcat_archive: artifacts[release.tomcat.artifact].source,
                        tomcat_folder: `apache-tomcat-${release.tomcat.version}`,
                        pages_archive: pages && path.join(builds, `${pages.key}.tar.gz`),
                        pages_folder: compiledPages({ description, artifacts }),
                        server_archive: path.join(builds, `${key}.tar.gz`),
                        server_folders: temporaryFolders.join(" "),
                    },
                },
            },
            undefined,
            1,
        ),
        { mode: 0o600 },
    );
    return inventory;
}

/** Tomcat's archive is left out, as the playbook unpacks it. Its additional jars are files like others. */
function withLibraries(role: string, configuration: RoleConfiguration): RoleConfiguration {
    if (role !== "tomcat") return configuration;
    const [, ...libraries] = configuration.artifacts ?? [];
    return { ...configuration, artifacts: libraries };
}

async function playbookRole(
    folder: string,
    role: string,
    { files = [], artifacts = [], secrets = {}, test, service, ready, finish = [] }: RoleConfiguration,
): Promise<PlaybookRole> {
    const archive = async (name: string, members: ManagedFile[]) =>
        members.length === 0 ? undefined : writeArchive(path.join(folder, name), members);
    const jars = artifacts.map(({ name, source }): ManagedFile & { source: string } => ({
        path: `/usr/local/tomcat/lib/${name}`,
        content: "",
        source,
    }));
    const texts = Object.entries(secrets).map(([name, content]): ManagedFile => ({
        path: `${secretsFolder(role)}/${name}`,
        content,
        mode: "600",
    }));
    return {
        files: await archive(`${role}.tar`, [...files, ...jars]),
        secrets: await archive(`${role}-secrets.tar`, texts),
        test,
        unit: service?.unit,
        on_change: service && (service.onChange === "reload" ? "reloaded" : "restarted"),
        ready: ready?.command,
        seconds: ready?.seconds,
        finish: finish.length > 0 ? [`secrets=${secretsFolder(role)}`, ...finish].join("\n") : undefined,
    };
}

/** Writes a tar file with these files, their modes and their owners. The same content always gives the same file. */
async function writeArchive(file: string, members: (ManagedFile & { source?: string })[]): Promise<string> {
    const tree = `${file}.d`;
    fs.rmSync(tree, { recursive: true, force: true });
    fs.rmSync(file, { force: true });
    for (const { path: target, content, mode = "644", source } of members) {
        const place = path.join(tree, target);
        fs.mkdirSync(path.dirname(place), { recursive: true });
        fs.writeFileSync(
            place,
            source
                ? fs.readFileSync(source)
                : typeof content === "string" || Buffer.isBuffer(content)
                  ? content
                  : await outputValue(content),
        );
        fs.chmodSync(place, parseInt(mode, 8));
    }
    const owners = [...new Set(members.map(({ owner = "root:root" }) => owner))].sort();
    for (const owner of owners) {
        const [user = "", group = ""] = owner.split(":");
        const own = members
            .filter((member) => (member.owner ?? "root:root") === owner)
            .map(({ path: target }) => `.${target}`)
            .sort();
        // tar uses the number on a machine that does not know the name.
        const number = (name: string) => (name === "root" ? 0 : 65_534);
        await run([
            "tar",
            "--append",
            "--file",
            file,
            "--directory",
            tree,
            "--mtime=@0",
            `--owner=${user}:${number(user)}`,
            `--group=${group}:${number(group)}`,
            ...own,
        ]);
    }
    return file;
}
