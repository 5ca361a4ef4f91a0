import * as fs from "node:fs";
import * as path from "node:path";
import { ensureLabArtifacts } from "../../../../artifacts/lab-artifacts";
import { neededArtifacts } from "../../../../roles/of-machine";
import { accessOf } from "../../../../roles/access";
import { sshToMachine, writeSshConfig } from "../../../stack/ssh-config";
import { UserError } from "../../../../lib/errors";
import { silent, type Progress } from "../../../../lib/progress";
import { cacheFolder, checkout, stackFolder } from "../../../../lib/environment";
import { run } from "../../../../lib/run";
import { stepsFolder } from "../../../../roles/apply";
import type { BenchLab } from "../bench-lab";
import { renderForAnsible } from "./render";

/** The newest version that runs with Debian 12's Python (3.11). */
const version = "2.19.4";

/** Installs ansible-core with pip into the cache. Returns the folder of its programs. */
export async function ensureAnsible(progress: Progress): Promise<string> {
    const folder = path.join(cacheFolder(), "bench", `ansible-core-${version}`);
    const bin = path.join(folder, "bin");
    if (fs.existsSync(path.join(folder, "complete"))) return bin;
    await progress.step(`Installing ansible-core ${version}`, async (say) => {
        fs.rmSync(folder, { recursive: true, force: true });
        await run(["python3", "-m", "venv", folder], { say }).catch((error: unknown) => {
            throw new UserError(
                `The bench could not install Ansible: ${(error as Error).message}`,
                "Install Python 3.11 or newer with its venv module (Debian: python3-venv).",
            );
        });
        await run(
            [path.join(bin, "pip"), "install", "--quiet", "--disable-pip-version-check", `ansible-core==${version}`],
            { say },
        );
        fs.writeFileSync(path.join(folder, "complete"), "");
    });
    return bin;
}

/** Fast settings for Ansible: one lasting connection to each machine, no file for each task, all machines at once. */
const settings = (folder: string): NodeJS.ProcessEnv => ({
    ANSIBLE_PIPELINING: "true",
    ANSIBLE_FORKS: "50",
    ANSIBLE_SSH_ARGS: "-o ControlMaster=auto -o ControlPersist=120s",
    ANSIBLE_SSH_CONTROL_PATH_DIR: path.join(folder, "control"),
    ANSIBLE_LOCAL_TEMP: path.join(folder, "tmp"),
    ANSIBLE_HOME: path.join(folder, "home"),
    ANSIBLE_NOCOWS: "true",
    ANSIBLE_RETRY_FILES_ENABLED: "false",
    ANSIBLE_DEPRECATION_WARNINGS: "false",
    LC_ALL: "C.UTF-8",
});

/** Ansible, as it builds the site on the bench's lab. */
export class Playbook {
    private constructor(
        private readonly lab: BenchLab,
        private readonly bin: string,
    ) {}

    static async create(lab: BenchLab, progress: Progress): Promise<Playbook> {
        return new Playbook(lab, await ensureAnsible(progress));
    }

    private get folder() {
        return path.join(stackFolder(this.lab.stack), "ansible");
    }

    /** Renders the files of the playbook from the current stack file. */
    async render(): Promise<void> {
        fs.mkdirSync(this.folder, { recursive: true, mode: 0o700 });
        const configuration = await this.lab.configuration();
        const { description } = configuration;
        const artifacts = await ensureLabArtifacts(description, neededArtifacts(description), {
            cache: cacheFolder(),
            progress: silent,
        });
        await renderForAnsible(this.folder, configuration, {
            artifacts,
            sshConfig: writeSshConfig(this.lab.stack, accessOf(configuration)),
            builds: path.join(cacheFolder(), "builds"),
        });
    }

    /**
     * Brings to new machines what images for Ansible have: the Python that its modules need, and the folder without
     * which a machine from a package layer starts no service (isolated-host/layer.sh).
     */
    async prepareMachines(): Promise<void> {
        const ssh = writeSshConfig(this.lab.stack, accessOf(await this.lab.configuration()));
        await Promise.all(
            this.lab.description.machines.map(({ name }) =>
                this.lab.inside(
                    sshToMachine(
                        ssh,
                        name,
                        `mkdir -p ${stepsFolder} && apt-get -qq update && ` +
                            "DEBIAN_FRONTEND=noninteractive apt-get -qq --yes --no-install-recommends " +
                            "-o Dpkg::Use-Pty=0 install python3 python3-apt >/dev/null",
                    ),
                ),
            ),
        );
    }

    /**
     * Runs the playbook. `firstTime`: app servers need not be changed one after the other. A ProgramError with its last
     * lines if it fails.
     */
    async play(firstTime: boolean): Promise<string> {
        const turns = firstTime ? ["--extra-vars", "app_servers_at_once=100%"] : [];
        return this.lab.inside(
            [
                path.join(this.bin, "ansible-playbook"),
                ...turns,
                "--inventory",
                path.join(this.folder, "inventory.json"),
                path.join(checkout, "launcher", "commands", "bench", "ansible", "site.yaml"),
            ],
            { env: { ...process.env, ...settings(this.folder) }, cwd: this.folder },
        );
    }
}
