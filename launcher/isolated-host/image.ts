import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LabDescription, MachineKind } from "../../config/description";
import type { Progress } from "../../lib/progress";
import { run } from "../../lib/run";
import { withLock } from "../../lib/lock";
import { ensureHostPackages } from "./host-packages";
import { hostMirrors } from "./mirrors";

/** How the image for one kind of machine is built. */
interface Recipe {
    /** Follows the platform in the name of the image's folder. */
    suffix: string;
    packages: string[];
    /** Scripts in this folder that mmdebstrap runs, in this order. */
    hooks: string[];
    /** Further scripts in this folder that the image depends on. */
    otherScripts: string[];
    /** File or folder that machines start from, in the image's folder. */
    product: string;
    /** Makes the product in `folder` from the tree `root`. Undefined where the tree is the product. */
    finish?: (folder: string, root: string, say: (line: string) => void) => Promise<unknown>;
}

const guest = ["systemd", "systemd-sysv", "dbus", "openssh-server", "iproute2", "ca-certificates"];

const recipes: Record<MachineKind, Recipe> = {
    /** A root tree with systemd and sshd. Containers share it read-only, as the lower layer of their overlays. */
    container: {
        suffix: "",
        packages: guest,
        hooks: ["guest-hook.sh", "container-hook.sh"],
        otherScripts: ["guest-init.sh"],
        product: "root",
    },
    /**
     * A cloud image: the same with a kernel, a boot loader (BIOS) and cloud-init, as a qcow2 disk. The tree stays
     * beside it: package layers are made over it.
     */
    vm: {
        suffix: "-vm",
        packages: [
            ...guest,
            "linux-image-cloud-amd64",
            "initramfs-tools",
            "grub-pc-bin",
            "grub-common",
            "udev",
            "e2fsprogs",
            "cloud-init",
            "cloud-guest-utils",
            "procps",
            "sudo",
        ],
        hooks: ["guest-hook.sh", "disk-hook.sh"],
        otherScripts: ["make-disk.sh"],
        product: "disk.qcow2",
        // 2 GiB is the smallest disk that a machine can have. cloud-init grows the file system to the size of its disk.
        finish: (folder, root, say) =>
            run([join(__dirname, "make-disk.sh"), root, join(folder, "disk.qcow2"), "2048"], { say }),
    },
};

/**
 * dpkg options that stay in the image: packages are installed without manuals and translations, and without an fsync
 * for each file.
 */
const dpkgOptions = [
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/doc/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-include=/usr/share/locale/locale.alias",
    "force-unsafe-io",
];

const aptConf = (expiry: string[]) =>
    ['Acquire::Languages "none";', 'Acquire::Retries "3";', 'APT::Install-Recommends "false";', ...expiry].join("\n");

interface Image {
    cache: string;
    platform: "debian-13";
    kind: MachineKind;
}

const script = (name: string) => join(__dirname, name);

/**
 * Where the image for machines of one kind is, or will be: in `cache`/images. `key` is a hash of the recipe, so that a
 * changed recipe makes another image.
 */
export async function placeOfImage({ cache, platform, kind }: Image): Promise<{ path: string; key: string }> {
    const { suffix, packages, hooks, otherScripts, product } = recipes[kind];
    const { expiry } = await hostMirrors();
    const inputs = [
        ...packages,
        ...dpkgOptions,
        aptConf(expiry),
        ...[...hooks, ...otherScripts].map((name) => readFileSync(script(name), "utf8")),
        process.arch,
    ];
    const key = createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 12);
    return { path: join(cache, "images", `${platform}${suffix}-${key}`, product), key };
}

/**
 * The image that is built here and that the stack's machines start from, whether it exists already or not. Undefined
 * where they start from another one.
 */
export async function builtImageOf(
    { isolated, image, machineKind: kind }: Pick<LabDescription, "isolated" | "image" | "machineKind">,
    cache: string,
): Promise<string | undefined> {
    const named = kind === "vm" ? image?.source : undefined;
    // Only Debian can build images. Another machine must not be asked for its mirrors.
    if (named === undefined ? !isolated : !named.startsWith(join(cache, "images"))) return undefined;
    const { path } = await placeOfImage({ cache, platform: "debian-13", kind });
    return named === undefined || named === path ? path : undefined;
}

/**
 * The Debian 13 image for machines of one kind. mmdebstrap builds it once from this machine's mirror. A killed build
 * leaves no image under the final name.
 */
export async function ensureImage(options: Image & { progress: Progress }): Promise<{ path: string; key: string }> {
    const { platform, kind, progress } = options;
    const { packages, hooks, finish } = recipes[kind];
    const { path, key } = await placeOfImage(options);
    if (existsSync(path)) return { path, key };
    const folder = dirname(path);
    const images = dirname(folder);
    const { main, security, proxy, expiry } = await hostMirrors();
    await ensureHostPackages(kind, progress);
    mkdirSync(images, { recursive: true });
    return withLock(images, async () => {
        if (existsSync(path)) return { path, key };
        for (const name of readdirSync(images)) {
            // Left by a killed build. Its processes ended with it: setpriv and unshare below see to that.
            if (name.startsWith(".building-")) rmSync(join(images, name), { recursive: true });
        }
        return progress.step(`Building the ${platform} image for ${kind}s`, async (say) => {
            const scratch = mkdtempSync(join(images, ".building-"));
            try {
                const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
                await run(
                    [
                        "setpriv",
                        "--pdeathsig",
                        "KILL",
                        "unshare",
                        "--pid",
                        "--fork",
                        "--kill-child",
                        "--mount-proc",
                        "mmdebstrap",
                        "--mode=root",
                        "--variant=minbase",
                        "--format=directory",
                        `--include=${packages.join(",")}`,
                        "--skip=cleanup/apt/lists,cleanup/apt/cache",
                        ...dpkgOptions.map((option) => `--dpkgopt=${option}`),
                        ...[...expiry, ...proxy].map((option) => `--aptopt=${option}`),
                        ...hooks.map((name) => `--customize-hook=${script(name)}`),
                        "trixie",
                        join(scratch, "root"),
                        `deb [signed-by=${keyring}] ${main} trixie main`,
                        `deb [signed-by=${keyring}] ${main} trixie-updates main`,
                        `deb [signed-by=${keyring}] ${security} trixie-security main`,
                    ],
                    {
                        say,
                        env: {
                            ...process.env,
                            LAB_MIRROR: main,
                            LAB_SECURITY: security,
                            LAB_APT_CONF: aptConf(expiry),
                        },
                    },
                );
                await finish?.(scratch, join(scratch, "root"), say);
                renameSync(scratch, folder);
            } finally {
                rmSync(scratch, { recursive: true, force: true });
            }
            return { path, key };
        });
    });
}
