/** Programs of Debian 13 that tests run on this machine, which need not have them installed. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aptConfiguration } from "../../artifacts/fetchers";
import { hostMirrors } from "../../launcher/isolated-host/mirrors";
import { cacheFolder } from "../../lib/environment";
import { run } from "../../lib/run";

/** promtool's path, which checks Prometheus's files. */
export const promtool = async () => join(await unpacked("promtool"), "usr", "bin", "promtool");

/** Alertmanager and amtool, which checks Alertmanager's file. */
export const amtool = async () => join(await unpacked("prometheus-alertmanager"), "usr", "bin", "amtool");

/**
 * gammu's programs, as the beginnings of command lines: Debian's loader with Debian's libraries, because those of this
 * machine may be older.
 */
export async function gammu(): Promise<{ inject: string[]; daemon: string[] }> {
    const root = await unpacked("gammu-smsd", true);
    const find = (name: RegExp) =>
        readdirSync(root, { recursive: true, encoding: "utf8", withFileTypes: true })
            .filter((entry) => !entry.isDirectory() && name.test(entry.name))
            .map((entry) => join(entry.parentPath, entry.name));
    const [loader = ""] = find(/^ld-linux.*\.so\.[0-9]+$/);
    const folders = [...new Set(find(/\.so(\.|$)/).map((file) => join(file, "..")))];
    const program = (name: string) => [loader, "--library-path", folders.join(":"), join(root, "usr", "bin", name)];
    return { inject: program("gammu-smsd-inject"), daemon: program("gammu-smsd") };
}

/**
 * The folder with what is in Debian's package, and with `whole` in all packages that it depends on. They are downloaded
 * once and kept in the cache.
 */
async function unpacked(name: string, whole = false): Promise<string> {
    const parent = join(cacheFolder(), "test-roots");
    const folder = join(parent, `${name}-debian-13`);
    if (existsSync(folder)) return folder;
    mkdirSync(parent, { recursive: true });
    const scratch = mkdtempSync(join(parent, `.${name}-`));
    try {
        const { main } = await hostMirrors();
        for (const part of ["lists/partial", "cache/archives/partial", "root"])
            mkdirSync(join(scratch, part), { recursive: true });
        // Nothing counts as installed, so that apt downloads every dependency.
        writeFileSync(join(scratch, "status"), "");
        writeFileSync(
            join(scratch, "apt.conf"),
            `${aptConfiguration(scratch)}Dir::State::status "${join(scratch, "status")}";\n`,
        );
        writeFileSync(
            join(scratch, "trixie.sources"),
            `Types: deb\nURIs: ${main}\nSuites: trixie\nComponents: main\n` +
                "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
        );
        const aptGet = ["apt-get", "--config-file", join(scratch, "apt.conf")] as const;
        await run([...aptGet, "update", "--error-on=any"], { cwd: scratch });
        const words = whole
            ? ["install", "--download-only", "--no-install-recommends", "--yes", "-o", "Debug::NoLocking=true", name]
            : ["download", name];
        await run([...aptGet, ...words], { cwd: scratch });
        const from = whole ? join(scratch, "cache", "archives") : scratch;
        for (const archive of readdirSync(from).filter((file) => file.endsWith(".deb")))
            await run(["dpkg-deb", "--extract", join(from, archive), join(scratch, "root")]);
        // Another run may have been faster.
        if (!existsSync(folder)) renameSync(join(scratch, "root"), folder);
    } finally {
        rmSync(scratch, { recursive: true });
    }
    return folder;
}
