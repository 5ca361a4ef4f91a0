/**
 * Installs on a machine what is compiled from source: `node launcher/bundle/run.cjs compile < request.json`.
 *
 * The machine has it already: nothing happens. The cache (LAB_CACHE/builds) has it: it is uploaded. Else it is compiled on that machine,
 * brought into the cache, and installed; a second machine that needs the same waits for that. Safe to run again from any half-way state.
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

/** What it is asked for on standard input. */
export interface CompileRequest extends RemoteAddress {
    /** The file that describes it: a Build in JSON. */
    build: string;
}

/** Where a machine tells which build it has. */
const marker = (key: string) => `/var/lib/lab/builds/${key}`;

async function main() {
    const request = JSON.parse(await text(process.stdin)) as CompileRequest;
    const build = JSON.parse(fs.readFileSync(request.build, "utf8")) as Build;
    const remote = await Remote.connect(request);
    try {
        if (await remote.succeeds(`test -e ${marker(build.key)}`)) return say("is there already");
        const cached = path.join(cacheFolder(), "builds", `${build.key}.tar.gz`);
        fs.mkdirSync(path.dirname(cached), { recursive: true });
        await withLock(`${cached}.lock`, async () => {
            if (!fs.existsSync(cached)) await compile(remote, build, request.user, cached);
        });
        await install(remote, build, cached);
    } finally {
        remote.close();
    }
}

async function compile(remote: Remote, build: Build, user: string, cached: string) {
    say("installing what the compiler needs");
    await remote.run(build.prepare);
    const folder = (
        await remote.run(
            `folder=$(mktemp -d /var/tmp/lab-build.XXXXXX) && chmod 755 "$folder" && chown ${user} "$folder" && echo "$folder"`,
        )
    ).trim();
    try {
        for (const { name, source } of build.sources) await remote.upload(source, `${folder}/${name}`);
        say("compiling");
        // As an ordinary user: a source archive's scripts have no business as root.
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
    say("installing");
    const archive = `/var/tmp/lab-${build.key}.tar.gz`;
    await remote.upload(cached, archive);
    // SELinux, where there is any: what systemd starts has to be labelled as a program. The marker comes last: what was stopped before it is done again.
    await remote.run(
        `set -e; tar -xzf ${archive} -C / --no-same-owner --no-overwrite-dir; if command -v restorecon >/dev/null; then restorecon -R ${prefix}; fi; rm -f ${archive}; mkdir -p ${path.posix.dirname(marker(build.key))}; : > ${marker(build.key)}`,
    );
}

const say = (line: string) => void process.stderr.write(`${line}\n`);

main().catch((error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
});
