import * as fs from "node:fs";
import * as path from "node:path";
import { accessOf } from "../../../roles/access";
import type { Build } from "../../../roles/build";
import { tengineBuild } from "../../../roles/tengine-build";
import { buildScript, prefix, serverSources } from "../../../catalog/director-servers";
import { ensureArtifacts } from "../../../artifacts/cache";
import { localArtifacts } from "../../../artifacts/local-artifacts";
import { neededArtifacts } from "../../../roles/of-machine";
import { machinesWith, type MachineDescription, type LabDescription } from "../../../config/description";
import { platforms } from "../../../catalog/platforms/index";
import type { CompileRequest } from "../../compile/main";
import { sshToMachine, writeSshConfig } from "../../stack/ssh-config";
import { silent, type Progress } from "../../../lib/progress";
import { bundled, cacheFolder, checkout, stackFolder } from "../../../lib/environment";
import type { BenchLab } from "./bench-lab";

/** The throughput of one path through the layers. Latencies are in milliseconds. */
export interface Throughput {
    what: string;
    requestsPerSecond: number;
    median: number;
    p99: number;
    /** Requests without an answer, or with another status than 2xx and 3xx. */
    failed: number;
}

const installWrk =
    "DEBIAN_FRONTEND=noninteractive apt-get -qq --yes --no-install-recommends " +
    "-o Dpkg::Use-Pty=0 install wrk >/dev/null";

/** A JVM that has just started answers several times slower, and compiles beside the measurement. */
const warmUpSeconds = 15;

/** Simultaneous connections. Each asks for its next page when it has the last one. */
const connections = 16;

const wrk = (url: string, seconds: number) =>
    `wrk --threads 1 --connections ${connections} --duration ${seconds}s --latency ${url}`;

/** Parses the output of wrk. */
export function parseWrk(what: string, text: string): Throughput {
    const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? NaN);
    const milliseconds = (percentile: string) => {
        const [, value, unit = ""] = new RegExp(`^ *${percentile}% +([0-9.]+)(us|ms|s)$`, "m").exec(text) ?? [];
        return (Number(value) * ({ us: 1, ms: 1e3, s: 1e6 }[unit] ?? NaN)) / 1000;
    };
    const errors =
        /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1).map(Number) ?? [];
    const refused = /Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0;
    const requestsPerSecond = number(/^Requests\/sec: +([0-9.]+)$/m);
    if (Number.isNaN(requestsPerSecond)) throw new Error(`wrk printed no throughput: ${text}`);
    return {
        what,
        requestsPerSecond,
        median: milliseconds("50"),
        p99: milliseconds("99"),
        failed: [...errors, Number(refused)].reduce((sum, count) => sum + count, 0),
    };
}

/**
 * Measures a page without a session and without the database at each layer, from the machine in front of that layer.
 */
export async function measureSite(lab: BenchLab, progress: Progress, short: boolean): Promise<Throughput[]> {
    const { description } = lab;
    const seconds = short ? 3 : 8;
    const ssh = writeSshConfig(lab.stack, accessOf(await lab.configuration()));
    const on = (machine: MachineDescription, script: string) => lab.inside(sshToMachine(ssh, machine.name, script));
    const [visitor, director, app] = [
        machinesWith(description, "database")[0],
        machinesWith(description, "director").at(-1),
        machinesWith(description, "app")[0],
    ];
    if (!visitor || !director || !app)
        throw new Error("the stack lacks a machine with the role database, director or app");
    const found: Throughput[] = [];
    await progress.step("what the site does", async (say) => {
        for (const machine of [visitor, director, app]) {
            say(`wrk for ${machine.name}`);
            await on(
                machine,
                `command -v wrk >/dev/null || ${installWrk} 2>&1 || { apt-get -qq update && ${installWrk}; }`,
            );
        }
        const ask = async (what: string, from: MachineDescription, url: string) => {
            say(what);
            found.push(parseWrk(what, await on(from, wrk(url, seconds))));
        };
        // With a port number: without one, wrk looks up the port of "http", and the machines have no /etc/services.
        const page = "/counter/bench";
        say("each app server alone, until its JVM has compiled what this page needs");
        for (const { address } of machinesWith(description, "app"))
            await on(director, wrk(`http://${address}:80${page}`, short ? 1 : warmUpSeconds));
        await ask(
            "visitor, virtual address, director, httpd, Tomcat (all app servers)",
            visitor,
            `http://${description.virtualAddress}:80${page}`,
        );
        await ask("the same from the director itself", director, `http://127.0.0.1:80${page}`);
        await ask("httpd, Tomcat (one app server), from the director", director, `http://${app.address}:80${page}`);
        await ask("httpd, Tomcat, from the app server itself", app, `http://127.0.0.1:80${page}`);
        await ask("Tomcat alone", app, `http://127.0.0.1:${description.tomcat.port}${page}`);
        await ask("director alone, an answer of its own", director, "http://127.0.0.1:80/director");
        if (short) return;
        say("the directors' server without jemalloc");
        const paths = await ensureArtifacts(neededArtifacts(description), { cache: cacheFolder(), progress: silent });
        const { loginKey, machines } = accessOf(await lab.configuration());
        const build = path.join(stackFolder(lab.stack), "build.json");
        fs.writeFileSync(
            build,
            JSON.stringify(
                withoutJemalloc(
                    tengineBuild({
                        description,
                        platform: platforms[description.platform],
                        artifacts: localArtifacts(paths),
                    }),
                    description,
                ),
            ),
        );
        await lab.inside(bundled("compile"), {
            cwd: checkout,
            env: { ...process.env, SSH_AUTH_SOCK: "" },
            input: JSON.stringify({
                host: director.address,
                user: platforms[description.platform].loginUser,
                privateKey: loginKey,
                hostKey: machines.find(({ name }) => name === director.name)?.hostKey ?? "",
                build,
            } satisfies CompileRequest),
        });
        // This director does not hold the virtual address, so visitors do not notice that its server is replaced for a
        // while.
        await on(director, `systemctl stop tengine && ${plainPrefix}/sbin/nginx`);
        try {
            await ask("the same as from the director itself, without jemalloc", director, `http://127.0.0.1:80${page}`);
        } finally {
            await on(
                director,
                `${plainPrefix}/sbin/nginx -s quit; while [ -e /var/run/tengine.pid ]; do sleep 0.1; done; ` +
                    "systemctl start tengine",
            );
        }
    });
    return found;
}

const plainPrefix = `${prefix}-without-jemalloc`;

/** The text by which the build recognises jemalloc in the compiled program. */
const jemallocText = "Begin jemalloc statistics";

/** The build of the same server with the C library's allocator, to be installed beside the director's own. */
export function withoutJemalloc(build: Build, description: LabDescription): Build {
    const source = serverSources[description.director.source];
    const [server, jemalloc] = build.sources.map(({ name }) => name);
    const script = buildScript(
        {
            ...source,
            beforeConfigure: [],
            configure: source.configure.filter((argument) => !argument.includes("jemalloc")),
        },
        { server: server ?? "", jemalloc: jemalloc ?? "" },
    );
    return {
        ...build,
        key: `${build.key}-without-jemalloc`,
        script: script.replaceAll(prefix, plainPrefix).replace(` '${jemallocText}'`, ""),
    };
}
