/** Role monitor: what it asks of all machines. Without a monitor nothing of it is there. */
import { describe, expect, test } from "vitest";
import { doorsOf } from "../../../roles/doors";
import { packagesOf, rolesOf, unitsOf } from "../../../roles/of-machine";
import { readDescription } from "../../../roles/configuration";
import { articleLab, onCentos, siteWith } from "../../support/article";
import { fileOf, rolesOf as rolesOnMachine } from "../../support/steps";

const monitors = (...numbers: number[]) => ({
    ...articleLab().machines,
    ...Object.fromEntries(
        numbers.map((number) => [`nod${number}`, { address: `192.168.0.${201 + number}`, roles: ["monitor"] }]),
    ),
});
const description = siteWith({ machines: monitors(5) });

test("a stack without a monitor has no exporter, no door and no package of it", () => {
    const without = siteWith();
    for (const one of without.machines) {
        expect(rolesOf(one, without).map(({ name }) => name)).not.toContain("exporters");
        expect([...packagesOf(one, without), ...unitsOf(one, without)].join(" ")).not.toMatch(/prometheus|lab-metrics/);
    }
    expect(doorsOf(without).filter(({ what }) => what.startsWith("monitoring"))).toEqual([]);
});

test("with a monitor every machine has a node exporter, which monitors alone may ask", () => {
    for (const one of description.machines) {
        expect(packagesOf(one, description)).toContain("prometheus-node-exporter");
        expect(unitsOf(one, description)).toContain("prometheus-node-exporter.service");
    }
    expect(doorsOf(description)).toContainEqual({
        what: "monitoring: machine",
        port: 9100,
        on: description.machines,
        from: ["192.168.0.206"],
    });
});

test("Prometheus asks every machine, by its name", async () => {
    const { text } = await fileOf(description, "nod5", "/etc/prometheus/prometheus.yml");
    for (const { name, address } of description.machines)
        expect(text).toContain(`targets: [ "${address}:9100" ], labels: { machine: ${name} }`);
});

describe("two monitors", () => {
    const two = siteWith({ machines: monitors(5, 6) });

    test("tell both Alertmanagers, which know each other", async () => {
        const { text } = await fileOf(two, "nod5", "/etc/prometheus/prometheus.yml");
        expect(text).toContain("- 192.168.0.206:9093");
        expect(text).toContain("- 192.168.0.207:9093");
        const unit = await fileOf(two, "nod5", "/etc/systemd/system/prometheus-alertmanager.service.d/lab.conf");
        expect(unit.text).toContain("--cluster.listen-address=192.168.0.206:9094");
        expect(unit.text).toContain("--cluster.peer=192.168.0.207:9094");
    });

    test("open the Alertmanagers' port to each other, for TCP and UDP", async () => {
        const { text } = await fileOf(two, "nod6", "/etc/nftables.conf");
        expect(text).toContain("ip saddr { 192.168.0.206, 192.168.0.207 } tcp dport 9094 accept");
        expect(text).toContain("ip saddr { 192.168.0.206, 192.168.0.207 } udp dport 9094 accept");
        expect((await fileOf(description, "nod5", "/etc/nftables.conf")).text).not.toContain("9094");
    });
});

describe("a monitor less", () => {
    const everything = async (of: ReturnType<typeof siteWith>) =>
        Object.fromEntries(
            await Promise.all(of.machines.map(async ({ name }) => [name, await rolesOnMachine(of, name)] as const)),
        );

    test("of two: no machine knows its address any more, and no port is open for it", async () => {
        const all = await everything(description);
        const texts = Object.values(all)
            .flatMap((steps) => Object.values(steps))
            .flatMap(({ files, script }) => [script, ...files.map(({ text }) => text)]);
        expect(texts.filter((text) => text.includes("192.168.0.207"))).toEqual([]);
        const two = await everything(siteWith({ machines: monitors(5, 6) }));
        const changed = Object.keys(two.nod0 ?? {}).filter(
            (step) => JSON.stringify(two.nod0?.[step]) !== JSON.stringify(all.nod0?.[step]),
        );
        // Only what names the monitors changes: no service of the site restarts.
        expect(changed).toEqual(["base", "firewall"]);
    });

    test("of one: its exporters, metrics and doors are no step of any machine, and end", async () => {
        const none = await everything(siteWith());
        for (const [name, steps] of Object.entries(none)) {
            expect(Object.keys(steps), name).not.toContain("exporters");
            expect(steps.retired?.script, name).toMatch(/for step in .*\bexporters\b/);
            const texts = Object.values(steps).flatMap(({ files }) => files.map(({ text }) => text));
            expect(
                texts.filter((text) => /MetricsValve|dport 91\d\d/.test(text)),
                name,
            ).toEqual([]);
        }
    });
});

test("settings get into Prometheus's arguments", async () => {
    const changed = siteWith({
        machines: monitors(5),
        monitoring: { retentionDays: 7, retentionMiB: 300, scrapeSeconds: 10 },
    });
    const unit = await fileOf(changed, "nod5", "/etc/systemd/system/prometheus.service.d/lab.conf");
    expect(unit.text).toContain("--storage.tsdb.retention.time=7d");
    expect(unit.text).toContain("--storage.tsdb.retention.size=300MB");
    expect((await fileOf(changed, "nod5", "/etc/prometheus/prometheus.yml")).text).toContain("scrape_interval: 10s");
});

describe("a mistake", () => {
    test("a monitor on CentOS, which has no packages of Prometheus", () => {
        expect(() => onCentos("centos-7", { machines: monitors(5), director: {} })).toThrow(
            "centos-7 has no packages of Prometheus",
        );
    });

    test.each(["app", "director"])("a monitor that is %s, too: both serve port 80", (role) => {
        const { databasePassword, vrrpPassword, loginKey, hostKeySeed, ...settings } = articleLab();
        void [databasePassword, vrrpPassword, loginKey, hostKeySeed];
        const nod6 = {
            address: "192.168.0.207",
            roles: ["monitor", role],
            ...(role === "director" && { priority: 9 }),
        };
        expect(() => readDescription({ ...settings, machines: { ...settings.machines, nod6 } }, "test")).toThrow(
            `monitor and ${role} both serve port 80`,
        );
    });
});
