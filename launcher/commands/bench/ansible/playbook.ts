import * as fs from "node:fs";
import * as path from "node:path";
import { ensureArtifacts } from "../../../../artifacts/cache";
import { localArtifacts } from "../../../../artifacts/local-artifacts";
import { cacheFolder, checkout, stackFolder } from "../../../../lib/environment";
import { UserError } from "../../../../lib/errors";
import { silent, type Progress } from "../../../../lib/progress";
import { run } from "../../../../lib/run";
import { accessOf } from "../../../../roles/access";
import { neededArtifacts } from "../../../../roles/of-machine";
import { writeSshConfig } from "../../access";
import type { BenchLab } from "../bench-lab";
import { renderForAnsible } from "./render";

/** The newest that Debian 12's Python (3.11) can run. */
const version = "2.19.4";

/** ansible-core in the cache, from its package index by pip; gives the folder of its programs. */
export async function ensureAnsible(progress: Progress): Promise<string> {
    const folder = path.join(cacheFolder(), "bench", `ansible-core-${version}`);
    const bin = path.join(folder, "bin");
    if (fs.existsSync(path.join(folder, "complete"))) return bin;
    await progress.step(`Installing ansible-core ${version}`, async (say) => {
        fs.rmSync(folder, { recursive: true, force: true });
        await run(["python3", "-m", "venv", folder], { say }).catch((error: unknown) => {
            throw new UserError(
                `Ansible cannot be installed to compare with: ${(error as Error).message}`,
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

/** Ansible's own settings for speed: one connection a machine that stays, no file for each task, all machines at once. */
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

/** Ansible at work on a bench's lab. */
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

    /** Renders what the stack file says now. */
    async render(): Promise<void> {
        fs.mkdirSync(this.folder, { recursive: true, mode: 0o700 });
        const configuration = await this.lab.configuration();
        const paths = await ensureArtifacts(neededArtifacts(configuration.description), {
            cache: cacheFolder(),
            progress: silent,
        });
        await renderForAnsible(this.folder, configuration, {
            artifacts: localArtifacts(paths),
            sshConfig: writeSshConfig(this.lab.stack, accessOf(configuration)),
            builds: path.join(cacheFolder(), "builds"),
        });
    }

    /** Gives machines the Python that Ansible's modules need, as images for Ansible have it. */
    async givePython(): Promise<void> {
        const ssh = writeSshConfig(this.lab.stack, accessOf(await this.lab.configuration()));
        await Promise.all(
            this.lab.description.machines.map(({ name }) =>
                this.lab.inside([
                    "ssh",
                    "-F",
                    ssh,
                    name,
                    "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq --yes --no-install-recommends -o Dpkg::Use-Pty=0 install python3 python3-apt >/dev/null",
                ]),
            ),
        );
    }

    /** Runs the playbook; `firstTime`: app servers need not take turns. Fails with its last words when it fails. */
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
