import * as fs from "node:fs";
import * as path from "node:path";
import { ensureArtifacts } from "../../../artifacts/cache";
import { localArtifacts } from "../../../artifacts/local-artifacts";
import { buildScript, prefix, serverSources } from "../../../catalog/director-servers";
import { platforms } from "../../../catalog/platforms/index";
import { machinesWith, type MachineDescription, type LabDescription } from "../../../config/description";
import { bundled, cacheFolder, checkout, stackFolder } from "../../../lib/environment";
import { silent, type Progress } from "../../../lib/progress";
import { accessOf } from "../../../roles/access";
import type { Build } from "../../../roles/build";
import { neededArtifacts } from "../../../roles/of-machine";
import { tengineBuild } from "../../../roles/tengine-build";
import type { CompileRequest } from "../../compile/main";
import { writeSshConfig } from "../access";
import type { BenchLab } from "./bench-lab";

/** What one way through the layers bears. Latencies in milliseconds. */
export interface Throughput {
    what: string;
    requestsPerSecond: number;
    median: number;
    p99: number;
    /** Requests that got no answer, or another than 2xx and 3xx. */
    failed: number;
}

/** Connections that ask at once, each for its next page when it has the last; one thread is enough to ask. */
const connections = 16;

/** What wrk says at its end. */
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
    if (Number.isNaN(requestsPerSecond)) throw new Error(`wrk says nothing of requests: ${text}`);
    return {
        what,
        requestsPerSecond,
        median: milliseconds("50"),
        p99: milliseconds("99"),
        failed: [...errors, Number(refused)].reduce((sum, count) => sum + count, 0),
    };
}

/** A page without a session and without the database, asked for at each layer; each time from the machine in front of it. */
export async function measureSite(lab: BenchLab, progress: Progress, short: boolean): Promise<Throughput[]> {
    const { description } = lab;
    const seconds = short ? 3 : 8;
    const ssh = writeSshConfig(lab.stack, accessOf(await lab.configuration()));
    const on = (machine: MachineDescription, script: string) => lab.inside(["ssh", "-F", ssh, machine.name, script]);
    const [visitor, director, app] = [
        machinesWith(description, "database")[0],
        machinesWith(description, "director").at(-1),
        machinesWith(description, "app")[0],
    ];
    if (!visitor || !director || !app) throw new Error("a site without one of its tiers");
    const found: Throughput[] = [];
    await progress.step("what the site does", async (say) => {
        for (const machine of [visitor, director, app]) {
            say(`wrk for ${machine.name}`);
            await on(
                machine,
                "command -v wrk >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get -qq --yes --no-install-recommends -o Dpkg::Use-Pty=0 install wrk >/dev/null 2>&1 || { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq --yes --no-install-recommends -o Dpkg::Use-Pty=0 install wrk >/dev/null; }",
            );
        }
        const ask = async (what: string, from: MachineDescription, url: string) => {
            say(what);
            // The first second warms up what is compiled when it is needed.
            const wrk = (duration: number) =>
                `wrk --threads 1 --connections ${connections} --duration ${duration}s --latency ${url}`;
            found.push(parseWrk(what, await on(from, `${wrk(1)} >/dev/null; ${wrk(seconds)}`)));
        };
        // With the port's number: wrk asks for its name otherwise, and the machines have no list of such names (/etc/services).
        const page = "/counter/bench";
        await ask(
            "visitor, virtual address, director, httpd, Tomcat",
            visitor,
            `http://${description.virtualAddress}:80${page}`,
        );
        await ask("director, httpd, Tomcat (one app server)", director, `http://${app.address}:80${page}`);
        await ask("httpd, Tomcat", app, `http://127.0.0.1:80${page}`);
        await ask("Tomcat alone", app, `http://127.0.0.1:${description.tomcat.port}${page}`);
        await ask("director alone, an answer of its own", director, "http://127.0.0.1:80/director");
        if (short) return;
        await ask("director, app servers; with jemalloc", director, `http://127.0.0.1:80${page}`);
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
        // The director at hand is the one that is not asked by visitors: nobody misses its server for a moment.
        await on(director, `systemctl stop tengine && ${plainPrefix}/sbin/nginx`);
        try {
            await ask("director, app servers; without jemalloc", director, `http://127.0.0.1:80${page}`);
        } finally {
            await on(
                director,
                `${plainPrefix}/sbin/nginx -s quit; while [ -e /var/run/tengine.pid ]; do sleep 0.1; done; systemctl start tengine`,
            );
        }
    });
    return found;
}

const plainPrefix = `${prefix}-without-jemalloc`;

/** What the build looks for in what it has compiled. */
const sign = "Begin jemalloc statistics";

/** The same server, with the C library's own allocator, beside the one that the director has. */
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
        script: script.replaceAll(prefix, plainPrefix).replace(` '${sign}'`, ""),
    };
}
