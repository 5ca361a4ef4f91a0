import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Progress } from "../lab/output";
import { run } from "../lab/run";
import { withLock } from "../lab/lock";
import { ensureHostPackages } from "./host-packages";
import { hostMirrors } from "./mirrors";

const packages = ["systemd", "systemd-sysv", "dbus", "openssh-server", "iproute2", "ca-certificates"];

/** dpkg options that stay in the image: manuals and translations are left out of whatever is installed later too, and no fsync for each file. */
const dpkgOptions = [
    "path-exclude=/usr/share/man/*", "path-exclude=/usr/share/doc/*", "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*", "path-include=/usr/share/locale/locale.alias", "force-unsafe-io",
];

const aptConf = (expiry: string[]) => ["Acquire::Languages \"none\";", "Acquire::Retries \"3\";", "APT::Install-Recommends \"false\";", ...expiry].join("\n");

/**
 * The root tree of a Debian 13 system container (systemd, sshd, a static address in mind, nothing else), made by mmdebstrap from the
 * host's mirror once and kept in `cache`/images. `key` is a hash of the recipe: the same recipe is never built twice. Nothing may write
 * to the tree. A build that was killed leaves no half tree behind under the final name.
 */
export async function ensureImage(options: { cache: string; platform: "debian-13"; progress: Progress }): Promise<{ path: string; key: string }> {
    const { main, security, proxy, expiry } = await hostMirrors();
    const hook = join(__dirname, "image-hook.sh");
    const guestInit = join(__dirname, "guest-init.sh");
    const recipe = [...packages, ...dpkgOptions, aptConf(expiry), readFileSync(hook, "utf8"), readFileSync(guestInit, "utf8"), process.arch];
    const key = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 12);
    const images = join(options.cache, "images");
    const path = join(images, `${options.platform}-${key}`, "root");
    if (existsSync(path)) return { path, key };
    await ensureHostPackages(options.progress);
    mkdirSync(images, { recursive: true });
    return withLock(images, async () => {
        if (existsSync(path)) return { path, key };
        for (const name of readdirSync(images)) {       // of runs that were killed; what they started died with them, see below
            if (name.startsWith(".building-")) rmSync(join(images, name), { recursive: true });
        }
        return options.progress.step(`Building the ${options.platform} image`, async (say) => {
            const scratch = mkdtempSync(join(images, ".building-"));
            try {
                const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
                await run(["setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
                    "mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory", `--include=${packages.join(",")}`,
                    "--skip=cleanup/apt/lists,cleanup/apt/cache",
                    ...dpkgOptions.map((option) => `--dpkgopt=${option}`),
                    ...[...expiry, ...proxy].map((option) => `--aptopt=${option}`),
                    `--customize-hook=${hook}`,
                    "trixie", join(scratch, "root"),
                    `deb [signed-by=${keyring}] ${main} trixie main`,
                    `deb [signed-by=${keyring}] ${main} trixie-updates main`,
                    `deb [signed-by=${keyring}] ${security} trixie-security main`,
                ], {
                    say,
                    env: { ...process.env, LAB_MIRROR: main, LAB_SECURITY: security, LAB_APT_CONF: aptConf(expiry), LAB_GUEST_INIT: guestInit },
                });
                renameSync(scratch, join(images, `${options.platform}-${key}`));
            } finally {
                rmSync(scratch, { recursive: true, force: true });
            }
            return { path, key };
        });
    });
}
