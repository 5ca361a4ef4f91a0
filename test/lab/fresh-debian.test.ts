/** `./lab` on machines with nothing but Debian's minimal system: roots of Debian 13 and 12, made by mmdebstrap. */
import { createHash } from "node:crypto";
import {
    chmodSync,
    cpSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    renameSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureHostPackages } from "../../launcher/isolated-host/host-packages";
import { hostMirrors } from "../../launcher/isolated-host/mirrors";
import { cacheFolder } from "../../lib/environment";
import { silent } from "../../lib/progress";
import { run } from "../../lib/run";
import { Checkout } from "../support/checkout";

const folder = join(cacheFolder(), "test-roots");
const suites = { 12: "bookworm", 13: "trixie" };
type Release = keyof typeof suites;

/** The minimal system of a release, made once and kept in the cache. Nothing may write to it. */
async function minimalRoot(release: Release): Promise<string> {
    const { main, proxy, expiry } = await hostMirrors();
    const suite = suites[release];
    const source = (name: string) =>
        `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${main} ${name} main`;
    const words = [
        "--mode=root",
        "--variant=minbase",
        "--format=directory",
        // Saves an fsync for each file. Manuals are left out as slim container images do.
        "--dpkgopt=force-unsafe-io",
        ...["man", "doc", "info", "locale"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
        ...[...expiry, ...proxy].map((option) => `--aptopt=${option}`),
    ];
    const sources = [source(suite), source(`${suite}-updates`)];
    const key = createHash("sha256")
        .update(JSON.stringify([words, sources]))
        .digest("hex")
        .slice(0, 12);
    const root = join(folder, `debian-${release}-${key}`);
    if (!existsSync(root)) {
        const scratch = mkdtempSync(join(folder, ".building-"));
        await run(["mmdebstrap", ...words, suite, join(scratch, "root"), ...sources]);
        renameSync(join(scratch, "root"), root);
        rmSync(scratch, { recursive: true });
    }
    return root;
}

/** What a machine of this network has, whatever its system: names of hosts, and the certificates of a company's proxy. */
const siteFiles = ["/etc/resolv.conf", "/etc/hosts", "/usr/local/share/ca-certificates"].filter(existsSync);

/**
 * Enters the root $1 and runs the rest there, in the folder of the caller. The folders $2 and $3 have the same paths there.
 * The launcher's nsenter takes the root of a mount namespace, which chroot alone does not change.
 */
const enterScript = `
set -e
root=$1 checkout=$2 cache=$3 here=$(pwd -P)
shift 3
mount --bind "$root" "$root"
for shared in /proc /sys /dev "$checkout" "$cache"; do
    mkdir -p "$root$shared"
    mount --rbind "$shared" "$root$shared"
done
mkdir -p "$root/var/cache/apt/archives"
mount --bind "$cache/test-roots/archives" "$root/var/cache/apt/archives"
cd "$root"
pivot_root . .
umount --lazy .
exec chroot . env --chdir="$here" "$@"`;

/** A machine with a release, which is a copy of its minimal root. */
class FreshMachine {
    private constructor(
        private readonly checkout: Checkout,
        readonly root: string,
    ) {}

    static async create(checkout: Checkout, release: Release): Promise<FreshMachine> {
        const root = join(dirname(checkout.folder), `debian-${release}`);
        await run(["cp", "--archive", await minimalRoot(release), root]);
        for (const file of siteFiles) cpSync(file, join(root, file), { recursive: true, dereference: true });
        return new FreshMachine(checkout, root);
    }

    /** `./lab` with these words; `through`: a program there that becomes it. */
    lab(words: string[], through: string[] = []) {
        this.checkout.enter = (argv) => [
            ...["unshare", "--mount", "sh", "-c", enterScript, "sh", this.root, dirname(this.checkout.folder)],
            ...[cacheFolder(), ...through, ...argv],
        ];
        return this.checkout.lab(...words);
    }

    has = (program: string) => existsSync(join(this.root, "usr", "bin", program));
}

let checkout: Checkout;
const machines = {} as Record<Release, FreshMachine>;

beforeAll(async () => {
    await ensureHostPackages("container", silent);
    for (const name of ["archives/partial", "npm"]) mkdirSync(join(folder, name), { recursive: true });
    for (const name of readdirSync(folder)) {
        // A test run that was killed left it.
        if (name.startsWith(".building-")) rmSync(join(folder, name), { recursive: true });
    }
    checkout = await Checkout.create();
    rmSync(join(checkout.folder, "node_modules"));
    // A test calls ./lab as another user.
    for (const name of [dirname(checkout.folder), checkout.folder]) chmodSync(name, 0o755);
    checkout.env = {
        HOME: "/root",
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        LAB_CACHE: cacheFolder(),
        LAB_OFFLINE: undefined,
        npm_config_cache: join(folder, "npm"),
        npm_config_prefer_offline: "true",
    };
    for (const release of [12, 13] as const) machines[release] = await FreshMachine.create(checkout, release);
});
afterAll(async () => {
    checkout.enter = (argv) => argv;
    await checkout.remove();
});

const everything = /lacks Node\.js 20\.19 or newer with npm, Go 1\.\d+\.\d+ or newer, Maven, a JDK, git, curl\.\n/;

describe("Debian 12", () => {
    test("what Debian does not have in a new enough version is told in the first second, with commands", async () => {
        const machine = machines[12];
        const start = Date.now();
        const { code, stdout, all } = await machine.lab(["up"]);
        // Entering the root is part of it, on a machine that may be busy.
        expect(Date.now() - start).toBeLessThan(5000);
        expect([code, stdout]).toEqual([2, ""]);
        expect(all).toMatch(everything);
        expect(all).toContain("Debian 12 has Node.js 18 and Go 1.19, which are too old.");
        expect(all).toContain("npm install --global node@22\n");
        expect(all).toContain("--target-release bookworm-backports golang-go\n");
        expect(machine.has("node")).toBe(false);
    });

    test("a call that builds nothing asks for Node.js alone", async () => {
        const { code, all } = await machines[12].lab(["plan"]);
        expect(code).toBe(2);
        expect(all).toMatch(/lacks Node\.js 20\.19 or newer with npm\.\n/);
        expect(all).not.toContain("golang-go");
    });

    test("on another system the packages of each family are named", async () => {
        const machine = machines[12];
        rmSync(join(machine.root, "etc/os-release"));
        writeFileSync(join(machine.root, "etc/os-release"), "ID=fedora\nVERSION_ID=43\n");
        const { code, all } = await machine.lab(["-s", "local", "up"]);
        expect(code).toBe(2);
        expect(all).toMatch(everything);
        expect(all).toContain("dnf install nodejs npm golang maven java-21-openjdk-devel git curl\n");
    });
});

describe("Debian 13", () => {
    test("a user who is not root is told the command", async () => {
        const user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
        const { code, all } = await machines[13].lab(["plan"], user);
        expect(code).toBe(2);
        expect(all).toContain("apt-get install --no-install-recommends ca-certificates nodejs npm\n");
    });

    test("on a terminal it asks first, and installs nothing after a no", async () => {
        const machine = machines[13];
        const { code, all } = await machine.lab(
            ["up"],
            ["sh", "-c", `echo no | script --quiet --return --command "$*" /dev/null`, "sh"],
        );
        expect(code).toBe(2);
        expect(all).toContain("Install them from Debian? [Y/n]");
        expect(all).toContain(
            "apt-get update && apt-get install --no-install-recommends ca-certificates nodejs npm golang-go",
        );
        expect(machine.has("node")).toBe(false);
    });

    test("elsewhere it installs what is missing, says so, and goes on", async () => {
        const machine = machines[13];
        const { code, stdout, all } = await machine.lab(["engine"]);
        expect(code, all).toBe(0);
        const packages = "nodejs npm golang-go maven default-jdk-headless git curl";
        const said = [
            everything,
            `Installing ${packages} from Debian ...`,
            `Installing ${packages} from Debian: done in`,
        ].map((text) => all.search(text));
        said.push(all.indexOf("Installing the packages of package-lock.json ..."), all.indexOf("pulumi 3."));
        expect(said).not.toContain(-1);
        expect(said).toEqual(said.toSorted((left, right) => left - right));
        expect(stdout).toMatch(/^pulumi 3\..*: (built|official)$/m);
    });

    test("the next call finds everything in place", async () => {
        const { code, stdout, all } = await machines[13].lab(["plan"]);
        expect([code, all]).toEqual([0, stdout]);
        expect(stdout).toMatch(/^6 machines/);
    });
});
