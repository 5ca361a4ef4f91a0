/**
 * `./lab verify` and `./lab drill all --short`, on a lab of this test. Both use one lab, because building a lab takes
 * most of the time.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { platforms } from "../../catalog/platforms/index";
import { drillLock } from "../../launcher/commands/drill/command";
import type { DrillResult } from "../../launcher/commands/drill/run-drill";
import { cacheFolder } from "../../lib/environment";
import { withLock } from "../../lib/lock";
import type { CheckResult } from "../../launcher/commands/verify/check";
import { Checkout, type Result } from "../support/checkout";
import { eventually } from "../support/host-state";

interface Verdict {
    well: boolean;
    passed: number;
    failed: number;
    notRun: number;
    results: CheckResult[];
}

let lab: Checkout;
/** The process list while the lab was built. */
let seenProcesses: Set<string>;

beforeAll(async () => {
    lab = await Checkout.create();
    // Logs of about 1 MiB, so that a test can fill one.
    lab.write("Pulumi.local.yaml", `${lab.read("Pulumi.local.yaml")}  lab:logs: { maxMiB: 16 }\n`);
    const up = lab.start(["up"]);
    seenProcesses = new Set();
    const sampling = setInterval(() => {
        for (const text of processTexts()) seenProcesses.add(text);
    }, 200);
    const { code, all } = await up.ended.finally(() => clearInterval(sampling));
    expect(code, all).toBe(0);
});

afterAll(() => lab.remove());

const verify = async (...words: string[]): Promise<Result & { verdict: Verdict }> => {
    const result = await lab.lab("verify", "--json", ...words);
    return { ...result, verdict: JSON.parse(result.stdout) as Verdict };
};
const wrong = ({ results }: Verdict) =>
    results
        .filter(({ result }) => result !== "passed")
        .map(({ check, subject, result }) => `${check}, ${subject}: ${result}`);

describe("verify", () => {
    test("passes on a lab as it was built, and writes JUnit", async () => {
        const { code, verdict } = await verify("--junit", join(lab.home, "junit.xml"));
        expect(wrong(verdict)).toEqual([]);
        expect(code).toBe(0);
        expect(verdict.passed).toBeGreaterThan(45);
        expect(readFileSync(join(lab.home, "junit.xml"), "utf8")).toContain(
            `tests="${verdict.passed}" failures="0" errors="0"`,
        );
    });

    test("names a service that is down, and a port that is open", async () => {
        await lab.ok("ssh", "nod1", "systemctl stop memcached; nft delete table inet lab");
        const { code, verdict } = await verify("--only", "services,ports");
        await lab.ok("ssh", "nod1", "systemctl reload nftables; systemctl start memcached");
        expect(code).toBe(1);
        expect(wrong(verdict)).toContain("services, nod1: failed");
        expect(verdict.results.find(({ subject }) => subject === "from nod0")?.seen).toContain(
            "nod1:22 (ssh) is open to it; nod1:11211 (memcached) is closed to it",
        );
        expect(wrong((await verify("--only", "services,ports")).verdict)).toEqual([]);
    });

    test("has not run what it could not look at, and that is no success", async () => {
        await lab.ok("exec", "virsh", "-c", "lxc:///system", "suspend", "nod1");
        const { code, verdict } = await verify("--only", "logins").finally(() =>
            lab.ok("exec", "virsh", "-c", "lxc:///system", "resume", "nod1"),
        );
        expect(wrong(verdict)).toEqual(["logins, nod1: not run"]);
        expect(code).toBe(1);
    });

    test("a check that there is not is a mistake in the call", async () => {
        expect((await lab.lab("verify", "--only", "port")).code).toBe(2);
    });
});

describe("logs", () => {
    const sites = { nod0: "app", nod2: "app", nod3: "director", nod4: "director" };
    /** The output of `script` on each of these machines. */
    const onEach = (script: string) =>
        Promise.all(
            Object.entries(sites).map(async ([name, role]) => ({ role, text: await lab.ok("ssh", name, script) })),
        );
    const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

    test("are rotated while visitors come, without a lost line or request", async () => {
        const codes: string[] = [];
        for (const round of [1, 2, 3]) {
            // The long Referer makes httpd's log full, too. Each POST has a connection that stays open, as directors have.
            const load = lab.inside(
                "referer=$(printf %03000d 0); for client in 1 2 3 4; do " +
                    "curl -sS -o /dev/null --cookie '' -w '%{http_code}\\n' --referer $referer --data op=add " +
                    `"http://192.168.0.111/counter/rotation${round}-$client-[1-250]" & done; wait`,
            );
            const seen = `grep -c 'POST /counter/rotation${round}' /var/log/tengine/access.log || true`;
            await eventually(
                () => onEach(seen),
                (machines) => machines.some(({ role, text }) => role === "director" && Number(text) > 0),
            );
            await onEach("logrotate --force --state /var/lib/logrotate/lab.status /etc/lab-logrotate.conf");
            codes.push(...(await load).trim().split("\n"));
        }
        expect(codes.filter((code) => code !== "200")).toEqual([]);
        expect(codes).toHaveLength(3 * 4 * 250);

        const written = (files: string) =>
            `cat ${files} 2>/dev/null | grep -c 'POST /counter/rotation'; ls ${files} 2>/dev/null | wc -l`;
        const logs: Record<string, { role: string; files: string; least: number }> = {
            tengine: { role: "director", files: "/var/log/tengine/access.log*", least: 3 },
            httpd: { role: "app", files: "/var/log/apache2/access.log.[0-9]*", least: 2 },
            tomcat: { role: "app", files: "/var/log/tomcat/*_access_log..txt*", least: 3 },
        };
        for (const [name, { role, files, least }] of Object.entries(logs)) {
            const looks = async () =>
                (await onEach(written(files)))
                    .filter((machine) => machine.role === role)
                    .map(({ text }) => text.trim().split("\n").map(Number) as [lines: number, files: number]);
            // Tomcat writes its buffer every ten seconds.
            const seen = await eventually(looks, (each) => sum(each.map(([lines]) => lines)) >= codes.length, 30);
            expect(sum(seen.map(([lines]) => lines)), name).toBe(codes.length);
            for (const [, count] of seen) expect(count, name).toBeGreaterThanOrEqual(least);
        }
        expect(wrong((await verify("--only", "logs")).verdict)).toEqual([]);
    });

    test("that nothing rotates are named by verify", async () => {
        const write = "echo >/var/log/stray.log; systemd-run --quiet --unit=stray tail -f /var/log/stray.log";
        await lab.ok("ssh", "nod3", `systemctl stop lab-logrotate.timer; ${write}`);
        const { verdict } = await verify("--only", "logs");
        await lab.ok("ssh", "nod3", "systemctl stop stray; rm /var/log/stray.log; systemctl start lab-logrotate.timer");
        expect(verdict.results.find(({ subject }) => subject === "nod3")?.seen).toBe(
            "lab-logrotate.timer is inactive, and enabled at boot; nothing rotates /var/log/stray.log",
        );
    });
});

test("a damaged file in the package cache is fetched anew", async () => {
    const install = platforms["debian-13"].installPackages(["hello"]);
    const folder = join(cacheFolder(), "packages", "debian", "pool", "main", "h", "hello");
    const remove = "apt-get -qq purge hello >/dev/null && apt-get clean";
    await lab.ok("ssh", "nod0", install);
    await lab.ok("ssh", "nod0", remove);
    const file = join(folder, readdirSync(folder).find((name) => name.endsWith(".deb")) ?? "");
    const whole = readFileSync(file);
    const damaged = Buffer.from(whole);
    damaged[1000] = (damaged[1000] ?? 0) ^ 0xff;
    writeFileSync(file, damaged);
    await lab.ok("ssh", "nod0", install);
    expect(await lab.ok("ssh", "nod0", `hello && ${remove}`)).toContain("Hello");
    expect(readFileSync(file).equals(whole)).toBe(true);
});

describe("secrets are where they have to be, and nowhere else:", () => {
    const readSecrets = async () => {
        const settings = JSON.parse(await lab.ok("pulumi", "config", "--show-secrets", "--json")) as Record<
            string,
            { value: string; secret: boolean }
        >;
        return Object.entries(settings)
            .filter(([, { secret }]) => secret)
            .map(([name, { value }]) => ({ name, value }));
    };
    /** Without a key's first line, which is the same in all keys. */
    const needle = (value: string) => (value.startsWith("-----BEGIN") ? (value.split("\n")[2] ?? value) : value);

    test("not in the state, nor in a process list while the lab was built", async () => {
        const secrets = await readSecrets();
        expect(secrets.map(({ name }) => name).sort()).toEqual([
            "lab:databasePassword",
            "lab:hostKeySeed",
            "lab:loginKey",
            "lab:vrrpPassword",
        ]);
        const state = await lab.ok("pulumi", "stack", "export");
        expect(state.length).toBeGreaterThan(10_000);
        expect(seenProcesses.size).toBeGreaterThan(100);
        for (const { name, value } of secrets) {
            expect(state.includes(needle(value)), `${name} in the state`).toBe(false);
            expect(
                [...seenProcesses].filter((text) => text.includes(needle(value))).length,
                `${name} in a process list`,
            ).toBe(0);
        }
    });

    test("not in a machine's journal, nor in a file that all of its users can read", async () => {
        const secrets = await readSecrets();
        // Through standard input: on a command line, the search would find itself.
        const patterns = secrets
            .filter(({ name }) => name !== "lab:vrrpPassword")
            .map(({ value }) => needle(value))
            .join("\n");
        const config = (await lab.ok("ssh-config")).trim();
        const withNeedles = async (command: string) =>
            (
                await lab.start(["exec", "sh", "-c", `printf '%s\\n' "$NEEDLES" | ${command}`], { NEEDLES: patterns })
                    .ended
            ).stdout.trim();
        for (const name of ["nod0", "nod2", "nod3", "mysql"]) {
            const script =
                "cat > /run/needles; journalctl --no-pager | grep -cFf /run/needles; find / -xdev -type f -perm -o=r -not -path '/proc/*' -not -path '/sys/*' -newer /etc/hostname -print0 | xargs -0 grep -lFf /run/needles; rm /run/needles";
            expect(await withNeedles(`ssh -F ${config} ${name} ${quote(script)}; true`), name).toBe("0");
        }
        // The search finds secrets that are there.
        expect(
            await withNeedles(
                `ssh -F ${config} nod0 'cat > /run/needles; grep -rlFf /run/needles /usr/local/tomcat/conf; rm /run/needles'`,
            ),
        ).toBe("/usr/local/tomcat/conf/database.xml");
    });
});

/** What another user could see: all command lines, and the environments of processes that are not root's. */
function processTexts(): string[] {
    return readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .flatMap((pid) => {
            try {
                const folder = join("/proc", pid);
                const environment = statSync(folder).uid === 0 ? "" : readFileSync(join(folder, "environ"), "utf8");
                return [readFileSync(join(folder, "cmdline"), "utf8"), environment].filter((text) => text !== "");
            } catch {
                return []; // gone meanwhile
            }
        });
}
const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

describe("drill", () => {
    test("calm, once nobody else drills the lab", async () => {
        const { ended } = await withLock(drillLock(join(lab.home, "local")), async () => {
            const call = lab.start(["drill", "calm"]);
            await eventually(
                () => Promise.resolve(call.output()),
                (output) => output.includes("Waiting for another drill of this lab to end"),
            );
            return { ended: call.ended };
        });
        expect(await ended).toMatchObject({ code: 0 });
    });

    test("a Ctrl-C heals what is broken and tells what was seen until then", async () => {
        const file = join(lab.home, "drill.json");
        const call = lab.start(["drill", "memcached-killed", "--json", file], {}, ["setsid"]); // a terminal's Ctrl-C goes to a whole process group
        await eventually(
            () => Promise.resolve(call.output()),
            (output) => /^ +memcached.*on nod1$/m.test(output),
        );
        process.kill(-call.child.pid!, "SIGINT");
        const { code, all } = await call.ended;
        expect(all).toContain("healing: ");
        expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject([{ result: "failed", problems: ["ended early"] }]);
        expect(code).toBe(1);
    });

    test.each([
        "director-off",
        "server-restarted",
        "director-without-app-servers",
        "slow-page",
        "tomcat-killed",
        "app-server-off",
        "memcached-killed",
        "memcached-returned",
        "sessions-on-the-move",
        "large-session",
        "log-disk-full",
        "password-rotated",
        "uri-affinity",
    ])("%s", async (name) => {
        const file = join(lab.home, "drill.json");
        const { code, all } = await lab.lab("drill", name, "--json", file);
        const [result] = JSON.parse(readFileSync(file, "utf8")) as DrillResult[];
        expect(result?.problems, all).toEqual([]);
        expect(code).toBe(0);
        // The drill sent requests and broke something.
        expect(result?.measured?.adds.sent).toBeGreaterThan(200);
        expect(result?.measured?.recovery.length).toBeGreaterThan(0);
    });
});

test("a page that takes longer than director.timeouts.answerSeconds: 504 after that time, and it is run once", async () => {
    const [page, record] = ["/tomcat/app/mysite/too-slow.jsp", "/usr/local/tomcat/temp/too-slow"];
    const code =
        `<%@ page session="false" %><% new java.io.FileWriter("${record}", true).append("run\\n").close(); ` +
        `%><% Thread.sleep(5000); %>`;
    const conf = "/etc/tengine/nginx.conf";
    await lab.ok(
        "ssh",
        "nod3",
        `cp -p ${conf} ${conf}.kept; sed -i 's/_timeout 60s/_timeout 3s/; s/59900ms/2900ms/' ${conf}; systemctl reload tengine`,
    );
    for (const name of ["nod0", "nod2"]) await lab.ok("ssh", name, `printf %s ${quote(code)} > ${page}`);
    const [status, seconds] = (
        await lab.inside("curl -sS -o /dev/null -w '%{http_code} %{time_total}' http://192.168.0.203/too-slow.jsp")
    ).split(" ");
    expect(status).toBe("504");
    expect(Number(seconds)).toBeGreaterThan(2.9);
    expect(Number(seconds)).toBeLessThan(5);
    const runs = await Promise.all(
        ["nod0", "nod2"].map((name) => lab.ok("ssh", name, `cat ${record} 2>/dev/null; rm -f ${page} ${record}`)),
    );
    expect(runs.join("")).toBe("run\n");
    await lab.ok("ssh", "nod3", `mv -f ${conf}.kept ${conf}; systemctl reload tengine`);
});
