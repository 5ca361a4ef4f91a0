/**
 * Installs a program compiled from source on a machine: `node launcher/bundle/run.cjs compile < request.json`.
 *
 * A build that the machine has stays. A build in the cache (LAB_CACHE/builds) is uploaded. Otherwise the machine
 * compiles it, and it is downloaded into the cache; other machines that need the same build wait for that. Can be run
 * again after an interruption at any point.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { text } from "node:stream/consumers";
import { prefix } from "../../catalog/director-servers";
import { cacheFolder } from "../../lib/environment";
import { withLock } from "../../lib/lock";
import { quote } from "../../lib/shell";
import type { Build } from "../../roles/build";
import { Remote, type RemoteAddress } from "./remote";

/** Standard input, as JSON. */
export interface CompileRequest extends RemoteAddress {
    /** Path of a JSON file with a Build. */
    build: string;
}

/** The file on a machine whose existence says that the build is installed. */
const marker = (key: string) => `/var/lib/lab/builds/${key}`;

async function main() {
    const request = JSON.parse(await text(process.stdin)) as CompileRequest;
    const build = JSON.parse(fs.readFileSync(request.build, "utf8")) as Build;
    const remote = await Remote.connect(request);
    try {
        if (await remote.succeeds(`test -e ${marker(build.key)}`)) return report("is installed already");
        const cached = path.join(cacheFolder(), "builds", `${build.key}.tar.gz`);
        fs.mkdirSync(path.dirname(cached), { recursive: true });
        await withLock(`${cached}.lock`, async () => {
            if (!fs.existsSync(cached)) await compileOrReport(remote, build, request.user, cached);
        });
        if (fs.existsSync(cached)) await install(remote, build, cached);
    } finally {
        remote.close();
    }
}

async function compileOrReport(remote: Remote, build: Build, user: string, cached: string) {
    try {
        await compile(remote, build, user, cached);
    } catch (error) {
        if (!build.isOptional) throw error;
        report(`compiling failed, and the machine goes on without the result: ${(error as Error).message}`);
    }
}

async function compile(remote: Remote, build: Build, user: string, cached: string) {
    if (build.prepare !== "") {
        report("installing packages for the compiler");
        await remote.run(build.prepare);
    }
    const folder = (
        await remote.run(
            `folder=$(mktemp -d /var/tmp/lab-build.XXXXXX) && chmod 755 "$folder" && chown ${user} "$folder" && ` +
                `echo "$folder"`,
        )
    ).trim();
    try {
        for (const { name, source } of build.sources) await remote.upload(source, `${folder}/${name}`);
        report("compiling");
        // Not as root: the scripts come from a source archive.
        await remote.run(
            `chown -R nobody ${folder} && cd ${folder} && exec runuser -u nobody -- sh -c ${quote(build.script)}`,
        );
        const fresh = `${cached}.new-${process.pid}`;
        await remote.download(`${folder}/result.tar.gz`, fresh);
        fs.renameSync(fresh, cached);
    } finally {
        await remote.run(`rm -rf ${folder}`);
    }
}

async function install(remote: Remote, build: Build, cached: string) {
    report("installing");
    const archive = `/var/tmp/lab-${build.key}.tar.gz`;
    await remote.upload(cached, archive);
    // With SELinux, systemd starts only files that are labelled as programs. The marker comes last, so that an
    // interrupted installation is repeated.
    await remote.run(
        `set -e; tar -xzf ${archive} -C / --no-same-owner --no-overwrite-dir; ` +
            `if command -v restorecon >/dev/null; then restorecon -R ${prefix}; fi; rm -f ${archive}; ` +
            `mkdir -p ${path.posix.dirname(marker(build.key))}; : > ${marker(build.key)}`,
    );
}

const report = (line: string) => void process.stderr.write(`${line}\n`);

main().catch((error: unknown) => {
    report(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
});
