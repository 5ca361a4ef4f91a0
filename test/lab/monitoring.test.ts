/** The whole architecture with two monitors, which watch each other: Pulumi.cluster.yaml and a machine more. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureHostPackages } from "../../launcher/isolated-host/host-packages";
import { silent } from "../../lib/progress";
import { Checkout } from "../support/checkout";
import { eventually } from "../support/host-state";
import { testMonitorPage } from "../support/monitor-page-scenario";

const monitors = ["nod5", "nod6"];
const others = ["mysql", "nod0", "nod1", "nod2", "nod3", "nod4"];
const mebibyte = 1024 * 1024;

let lab: Checkout;

beforeAll(async () => {
    await ensureHostPackages("container", silent);
    lab = await Checkout.create("cluster");
    lab.edit(
        "Pulumi.cluster.yaml",
        "    nod5: { address: 192.168.0.206, roles: [ monitor ] }\n",
        monitors
            .map((name, index) => `    ${name}: { address: 192.168.0.${206 + index}, roles: [ monitor ] }\n`)
            .join(""),
    );
    await lab.ok("up");
});
afterAll(() => lab.remove());

const on = (machine: string, script: string) => lab.ok("ssh", machine, script);
const ask = async <T>(machine: string, port: number, path: string) =>
    JSON.parse(await on(machine, `curl --noproxy '*' -sS 'http://127.0.0.1:${port}${path}'`)) as T;

interface Alert {
    labels: Record<string, string>;
    state: string;
}
const firing = async (monitor: string) =>
    (await ask<{ data: { alerts: Alert[] } }>(monitor, 9090, "/api/v1/alerts")).data.alerts
        .filter(({ state }) => state === "firing")
        .map(({ labels }) => labels.alertname)
        .filter((name) => name !== "Watchdog");

/** The monitoring's processes of a machine: memory in bytes, and processor time in seconds until now. */
async function usage(machine: string) {
    const units = "'prometheus*' lab-metrics.service";
    const output = await on(
        machine,
        `systemctl show --property=MainPID,MemoryCurrent $(systemctl list-units --plain --no-legend --state=running ${units} | cut -d' ' -f1)
for pid in $(systemctl show --property=MainPID --value $(systemctl list-units --plain --no-legend --state=running ${units} | cut -d' ' -f1)); do
    echo "ticks $(cut -d' ' -f14,15 /proc/$pid/stat)"
    echo "resident $(awk '$1 == "VmRSS:" { print $2 }' /proc/$pid/status)"
done
echo "now $(cut -d' ' -f1 /proc/uptime)"`,
    );
    const numbers = (pattern: RegExp) => [...output.matchAll(pattern)].map(([, text = ""]) => text);
    const sum = (texts: string[]) =>
        texts.flatMap((text) => text.split(" ").map(Number)).reduce((total, value) => total + value, 0);
    return {
        services: numbers(/^MainPID=(\d+)$/gm).length,
        memory: sum(numbers(/^MemoryCurrent=(\d+)$/gm)),
        resident: sum(numbers(/^resident (\d+)$/gm)) * 1024,
        // USER_HZ is 100 on all platforms (times(2)).
        seconds: sum(numbers(/^ticks (.*)$/gm)) / 100,
        now: Number(numbers(/^now (.*)$/gm)[0]),
    };
}

let start: Record<string, Awaited<ReturnType<typeof usage>>>;
const allUsage = async () =>
    Object.fromEntries(
        await Promise.all([...others, ...monitors].map(async (name) => [name, await usage(name)] as const)),
    );

describe("a calm lab", () => {
    test("is as described: all targets answer, and no alarm fires", async () => {
        await lab.ok("verify");
        start = await allUsage();
    });

    test("needs no change", async () => {
        expect(await lab.ok("up")).toMatch(/ unchanged/);
        expect(await lab.ok("preview")).not.toMatch(/to (create|update|replace)/);
    });

    test("hears of what has drifted, until it is mended", async () => {
        const file = "/usr/libexec/lab/look-for-drift";
        const drifted = async () =>
            (
                await ask<{ data: { result: { metric: Record<string, string> }[] } }>(
                    "nod5",
                    9090,
                    "/api/v1/query?query=lab_drift",
                )
            ).data.result.map(({ metric: { machine, step } }) => `${machine} ${step}`);
        await on("nod1", `echo '# more' >> ${file}; systemctl start lab-drift`);
        await expect.poll(drifted, { timeout: 20_000 }).toEqual(["nod1 exporters"]);
        await on("nod1", `sed -i '$ d' ${file}; systemctl start lab-drift`);
        await expect.poll(drifted, { timeout: 20_000 }).toEqual([]);
    });

    test("raises no alarm while up adds an app server and changes the heap, by which the Tomcats restart in turn", async () => {
        const begin = Date.now();
        lab.edit("Pulumi.cluster.yaml", "  lab:sms:", "  lab:tomcat: { heapMiB: 200 }\n  lab:sms:");
        lab.edit("Pulumi.cluster.yaml", "    nod3:", "    nod7: { address: 192.168.0.208, roles: [ app ] }\n    nod3:");
        expect(await lab.ok("up")).toMatch(/ updated/);
        await lab.ok("verify", "--only", "monitoring");
        const fired = async (pattern: string) => {
            const seconds = Math.ceil((Date.now() - begin) / 1000);
            const query = `count_over_time(ALERTS{alertstate="firing",alertname${pattern}}[${seconds}s])`;
            const path = `/api/v1/query?query=${encodeURIComponent(query)}`;
            const { data } = await ask<{ data: { result: Pick<Alert, "labels">[] } }>("nod5", 9090, path);
            return data.result.length;
        };
        expect(await fired('="Watchdog"')).toBe(1);
        expect(await fired('!="Watchdog"')).toBe(0);
    });

    test("status tells what the monitors know", async () => {
        const text = await lab.ok("status");
        for (const monitor of monitors) expect(text).toContain(`${monitor} knows of no alarm.`);
    });

    test.each(monitors)("%s knows the other Alertmanager", async (monitor) => {
        await eventually(
            () => ask<{ cluster: { peers: unknown[] } }>(monitor, 9093, "/api/v2/status"),
            ({ cluster }) => cluster.peers.length === 2,
        );
    });
});

describe("a machine without power", () => {
    test("raises an alarm at both monitors within 45 s", async () => {
        await lab.ok("exec", "virsh", "-q", "-c", "lxc:///system", "destroy", "nod2");
        const begin = Date.now();
        await eventually(
            () => Promise.all(monitors.map(firing)),
            (alarms) => alarms.every((names) => names.includes("MachineDown")),
            60,
        );
        expect((Date.now() - begin) / 1000).toBeLessThan(45);
        expect((await lab.lab("status")).stdout).toContain("nod2 does not answer");
    });

    test("is one alarm at both Alertmanagers, and silences what follows from it", async () => {
        for (const monitor of monitors)
            await eventually(
                async () =>
                    (
                        await ask<{ labels: Record<string, string>; status: { state: string } }[]>(
                            monitor,
                            9093,
                            "/api/v2/alerts",
                        )
                    )
                        .filter(({ labels, status }) => labels.machine === "nod2" && status.state === "active")
                        .map(({ labels }) => labels.alertname),
                (names) => names.join() === "MachineDown",
            );
    });

    test("is told to be back", async () => {
        await lab.ok("up");
        await lab.ok("verify", "--only", "services,monitoring");
    });
});

testMonitorPage(() => lab, { appServer: "nod2", monitor: "nod5", virtualAddress: "192.168.0.111" });

describe("the load of the monitoring itself", () => {
    test("is 30 MiB and 1 % of a processor at most, and 250 MiB on a monitor", async () => {
        const end = await allUsage();
        for (const name of [...others, ...monitors]) {
            const [before, after] = [start[name], end[name]];
            if (!before || !after) throw new Error(`nobody has measured ${name}`);
            expect(after.services, name).toBeGreaterThanOrEqual(monitors.includes(name) ? 5 : 2);
            if (monitors.includes(name)) expect(after.resident / mebibyte, name).toBeLessThan(250);
            else {
                expect(after.memory / mebibyte, name).toBeGreaterThan(1);
                expect(after.memory / mebibyte, name).toBeLessThan(30);
                // nod2 has started again since.
                if (name !== "nod2")
                    expect((after.seconds - before.seconds) / (after.now - before.now), name).toBeLessThan(0.01);
            }
        }
    });
});
