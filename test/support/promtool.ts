/** promtool of Debian 13, which checks Prometheus's files. This machine need not have it installed. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aptConfiguration } from "../../artifacts/fetchers";
import { hostMirrors } from "../../launcher/isolated-host/mirrors";
import { cacheFolder } from "../../lib/environment";
import { run } from "../../lib/run";

/** The program's path. The package is downloaded once and kept in the cache. */
export async function promtool(): Promise<string> {
    const parent = join(cacheFolder(), "test-roots");
    const folder = join(parent, "promtool-debian-13");
    const program = join(folder, "usr", "bin", "promtool");
    if (existsSync(program)) return program;
    mkdirSync(parent, { recursive: true });
    const scratch = mkdtempSync(join(parent, ".promtool-"));
    try {
        const { main } = await hostMirrors();
        for (const name of ["lists/partial", "cache/archives/partial", "root"])
            mkdirSync(join(scratch, name), { recursive: true });
        writeFileSync(join(scratch, "apt.conf"), aptConfiguration(scratch));
        writeFileSync(
            join(scratch, "trixie.sources"),
            `Types: deb\nURIs: ${main}\nSuites: trixie\nComponents: main\n` +
                "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
        );
        const aptGet = ["apt-get", "--config-file", join(scratch, "apt.conf")] as const;
        await run([...aptGet, "update", "--error-on=any"], { cwd: scratch });
        await run([...aptGet, "download", "promtool"], { cwd: scratch });
        const [archive = ""] = readdirSync(scratch).filter((name) => name.endsWith(".deb"));
        await run(["dpkg-deb", "--extract", join(scratch, archive), join(scratch, "root")]);
        // Another run may have been faster.
        if (!existsSync(folder)) renameSync(join(scratch, "root"), folder);
    } finally {
        rmSync(scratch, { recursive: true });
    }
    return program;
}
