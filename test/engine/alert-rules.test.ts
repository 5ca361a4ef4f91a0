/** Every alert rule, by `promtool test rules`: when it fires, and when it does not. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { run } from "../../lib/run";
import { alertRules, rulesOf, runbookOf } from "../../roles/alert-rules";
import { articleLab, siteWith } from "../support/article";
import { promtool } from "../support/debian-programs";
import { repository } from "../support/repository";

const machines = { ...articleLab().machines, nod5: { address: "192.168.0.206", roles: ["monitor"] } };
/** Virtual machines have a rule more than containers. */
const description = siteWith({ machines, machineKind: "vm", hypervisor: "qemu:///system" });
const rules = rulesOf(description);

let program: string;
let folder: string;
beforeAll(async () => {
    program = await promtool();
    folder = mkdtempSync(join(tmpdir(), "alert-rules-"));
    writeFileSync(join(folder, "rules.yml"), alertRules(description));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A sample a 5 s, in promtool's notation: `0x12` is a minute of zeros. */
type Series = Record<string, string>;
type Labels = Record<string, string>;
interface Case {
    /** Series with which the rule fires `after` so many seconds, and for which labels. */
    bad: Series;
    after: number;
    fires: Labels[];
    /** Series with which it does not. Also: `bad`, ten seconds before the rule's time is over. */
    good: Series;
    /** Where nothing of `bad` holds before `after`, so that the rule has no time of its own. */
    atOnce?: boolean;
}

const up = (job: string, machine: string) => `up{job="${job}",machine="${machine}"}`;
const disk = (name: string, machine = "nod0") =>
    `node_filesystem_${name}{machine="${machine}",mountpoint="/",fstype="ext4"}`;
const hour = "x720";

const cases: Record<string, Case> = {
    MachineDown: {
        bad: { [up("machine", "nod0")]: "1x12 0x12", [up("machine", "nod1")]: "1x24" },
        after: 80,
        fires: [{ job: "machine", machine: "nod0" }],
        good: { [up("machine", "nod0")]: "1x24", [up("httpd", "nod0")]: "0x24" },
    },
    AddressHeldByNone: {
        bad: {
            'lab_keepalived_holds_address{machine="nod3"}': "0x24",
            'lab_keepalived_holds_address{machine="nod4"}': "0x24",
        },
        after: 15,
        fires: [{}],
        good: {
            'lab_keepalived_holds_address{machine="nod3"}': "1x24",
            'lab_keepalived_holds_address{machine="nod4"}': "0x24",
        },
    },
    AddressHeldByTwo: {
        bad: {
            'lab_keepalived_holds_address{machine="nod3"}': "1x24",
            'lab_keepalived_holds_address{machine="nod4"}': "1x24",
        },
        after: 15,
        fires: [{}],
        good: {
            'lab_keepalived_holds_address{machine="nod3"}': "1x24",
            'lab_keepalived_holds_address{machine="nod4"}': "0x24",
        },
    },
    AddressMoved: {
        bad: { 'lab_keepalived_moves_total{machine="nod3"}': "0x60 6x60" },
        after: 500,
        fires: [{}],
        good: { 'lab_keepalived_moves_total{machine="nod3"}': "0x60 2x60" },
        atOnce: true,
    },
    AppServerOut: {
        bad: {
            'lab_app_server_up{machine="nod3",app_server="nod0"}': "0x24",
            'lab_app_server_up{machine="nod4",app_server="nod0"}': "1x24",
            'lab_app_server_up{machine="nod3",app_server="nod2"}': "1x24",
        },
        after: 15,
        fires: [{ app_server: "nod0", machine: "nod0" }],
        good: { 'lab_app_server_up{machine="nod3",app_server="nod0"}': "1x24" },
    },
    SiteDown: {
        bad: { 'probe_success{job="site",site="www.test.com"}': "0x24" },
        after: 15,
        fires: [{ job: "site", site: "www.test.com" }],
        good: { 'probe_success{job="site",site="www.test.com"}': "1x10 0x1 1x13" },
    },
    SiteSlow: {
        bad: { 'probe_duration_seconds{job="site",site="www.test.com"}': "2.5x60" },
        after: 60,
        fires: [{ job: "site", site: "www.test.com" }],
        good: { 'probe_duration_seconds{job="site",site="www.test.com"}': "0.1x30 5x1 0.1x30" },
    },
    CertificateEnds: {
        bad: { 'probe_ssl_earliest_cert_expiry{job="site",site="www.test.com"}': "1000000x100" },
        after: 300,
        fires: [{ job: "site", site: "www.test.com" }],
        good: { 'probe_ssl_earliest_cert_expiry{job="site",site="www.test.com"}': "2000000x100" },
    },
    ProcessorsBusy: {
        bad: {
            'lab_machine_cpu_seconds_total{machine="nod0"}': "0+9.5x200",
            'lab_machine_cpus{machine="nod0"}': "2x200",
        },
        after: 420,
        fires: [{ machine: "nod0" }],
        good: {
            'lab_machine_cpu_seconds_total{machine="nod0"}': "0+8x200",
            'lab_machine_cpus{machine="nod0"}': "2x200",
        },
    },
    LoadHigh: {
        bad: { 'node_load1{machine="nod0"}': "5x240", 'lab_machine_cpus{machine="nod0"}': "2x240" },
        after: 900,
        fires: [{ machine: "nod0" }],
        good: { 'node_load1{machine="nod0"}': "3x240", 'lab_machine_cpus{machine="nod0"}': "2x240" },
    },
    MemoryShort: {
        bad: {
            'node_memory_MemAvailable_bytes{machine="nod0"}': "90x100",
            'node_memory_MemTotal_bytes{machine="nod0"}': "1000x100",
        },
        after: 300,
        fires: [{ machine: "nod0" }],
        good: {
            'node_memory_MemAvailable_bytes{machine="nod0"}': "150x100",
            'node_memory_MemTotal_bytes{machine="nod0"}': "1000x100",
        },
    },
    HeapShort: {
        bad: {
            'lab_tomcat_old_generation_used_bytes{machine="nod0"}': "95x60",
            'lab_tomcat_old_generation_max_bytes{machine="nod0"}': "100x60",
        },
        after: 120,
        fires: [{ machine: "nod0" }],
        good: {
            'lab_tomcat_old_generation_used_bytes{machine="nod0"}': "80x60",
            'lab_tomcat_old_generation_max_bytes{machine="nod0"}': "100x60",
        },
    },
    CollectionsLong: {
        bad: {
            'jvm_gc_collection_seconds_sum{machine="nod0",gc="young"}': "0+1x200",
            'jvm_gc_collection_seconds_sum{machine="nod0",gc="old"}': "0+1x200",
        },
        after: 370,
        fires: [{ machine: "nod0" }],
        good: { 'jvm_gc_collection_seconds_sum{machine="nod0",gc="young"}': "0+0.5x200" },
    },
    DiskFull: {
        bad: { [disk("avail_bytes")]: "4x60", [disk("size_bytes")]: "100x60" },
        after: 120,
        fires: [{ machine: "nod0", mountpoint: "/", fstype: "ext4" }],
        good: { [disk("avail_bytes")]: "6x60", [disk("size_bytes")]: "100x60" },
    },
    DiskFilling: {
        bad: {
            // Full from the 3,605th second on.
            [disk("avail_bytes")]: "50x720 8x240",
            [disk("size_bytes")]: "100x1000",
            // Empty within a day: 1.4 an hour.
            [disk("avail_bytes", "nod1")]: "30-0.002x1000",
            [disk("size_bytes", "nod1")]: "100x1000",
        },
        after: 4505,
        fires: [
            { machine: "nod0", mountpoint: "/", fstype: "ext4" },
            { machine: "nod1", mountpoint: "/", fstype: "ext4" },
        ],
        good: { [disk("avail_bytes")]: `39-0.02${hour}`, [disk("size_bytes")]: `100${hour}` },
    },
    InodesShort: {
        bad: { [disk("files_free")]: "5x240", [disk("files")]: "100x240" },
        after: 900,
        fires: [{ machine: "nod0", mountpoint: "/", fstype: "ext4" }],
        good: { [disk("files_free")]: "50x240", [disk("files")]: "100x240" },
    },
    DiskReadOnly: {
        bad: { [disk("readonly")]: "1x24" },
        after: 60,
        fires: [{ machine: "nod0", mountpoint: "/", fstype: "ext4" }],
        good: { [disk("readonly")]: "0x24" },
    },
    DatabaseDown: {
        bad: { 'mysql_up{machine="mysql"}': "0x24" },
        after: 15,
        fires: [{ machine: "mysql" }],
        good: { 'mysql_up{machine="mysql"}': "1x24" },
    },
    DatabaseConnectionsShort: {
        bad: {
            'mysql_global_status_threads_connected{machine="mysql"}': "130x60",
            'mysql_global_variables_max_connections{machine="mysql"}': "151x60",
        },
        after: 120,
        fires: [{ machine: "mysql" }],
        good: {
            'mysql_global_status_threads_connected{machine="mysql"}': "100x60",
            'mysql_global_variables_max_connections{machine="mysql"}': "151x60",
        },
    },
    MemcachedDown: {
        bad: { 'memcached_up{machine="nod1"}': "0x24", 'memcached_up{machine="nod2"}': "1x24" },
        after: 15,
        fires: [{ machine: "nod1" }],
        good: { 'memcached_up{machine="nod1"}': "1x24" },
    },
    MemcachedConnectionsShort: {
        bad: {
            'memcached_current_connections{machine="nod1"}': "900x60",
            'memcached_max_connections{machine="nod1"}': "1024x60",
        },
        after: 120,
        fires: [{ machine: "nod1" }],
        good: {
            'memcached_current_connections{machine="nod1"}': "500x60",
            'memcached_max_connections{machine="nod1"}': "1024x60",
        },
    },
    SessionsEvicted: {
        bad: { 'memcached_items_evicted_total{machine="nod1"}': "0x12 3x100" },
        after: 90,
        fires: [{ machine: "nod1" }],
        good: { 'memcached_items_evicted_total{machine="nod1"}': "3x100" },
        atOnce: true,
    },
    SessionCopiesMissing: {
        bad: { 'lab_tomcat_sessions_without_copy{machine="nod0"}': "7x24" },
        after: 60,
        fires: [{ machine: "nod0" }],
        good: { 'lab_tomcat_sessions_without_copy{machine="nod0"}': "0x4 7x4 0x16" },
    },
    TomcatErrors: {
        bad: {
            'lab_tomcat_requests_total{machine="nod0"}': "0+10x100",
            'lab_tomcat_request_errors_total{machine="nod0"}': "0+1x100",
        },
        after: 130,
        fires: [{ machine: "nod0" }],
        good: {
            'lab_tomcat_requests_total{machine="nod0"}': "0+1000x100",
            'lab_tomcat_request_errors_total{machine="nod0"}': "0+1x100",
        },
    },
    HttpdDown: {
        bad: { 'apache_up{machine="nod0"}': "0x24" },
        after: 15,
        fires: [{ machine: "nod0" }],
        good: { 'apache_up{machine="nod0"}': "1x24" },
    },
    HttpdWorkersShort: {
        bad: {
            'apache_workers{machine="nod0",state="busy"}': "90x60",
            'apache_workers{machine="nod0",state="idle"}': "10x60",
        },
        after: 120,
        fires: [{ machine: "nod0" }],
        good: {
            'apache_workers{machine="nod0",state="busy"}': "10x60",
            'apache_workers{machine="nod0",state="idle"}': "90x60",
        },
    },
    DirectorServerDown: {
        bad: { 'nginx_up{machine="nod3"}': "0x24" },
        after: 15,
        fires: [{ machine: "nod3" }],
        good: { 'nginx_up{machine="nod3"}': "1x24" },
    },
    DiskBusy: {
        bad: { 'lab_machine_disk_wait_seconds_total{machine="mysql"}': "0+3x400" },
        // The rate of two minutes is high enough from the 105th second on.
        after: 1005,
        fires: [{ machine: "mysql" }],
        good: { 'lab_machine_disk_wait_seconds_total{machine="mysql"}': "0+2x400" },
    },
    MajorFaults: {
        bad: { 'lab_machine_major_faults_total{machine="nod0"}': "0+3000x400" },
        // The rate of two minutes is high enough from the 105th second on.
        after: 1005,
        fires: [{ machine: "nod0" }],
        good: { 'lab_machine_major_faults_total{machine="nod0"}': "0+2000x400" },
    },
    OpenFilesShort: {
        bad: {
            'lab_program_open_files_percent{machine="nod3",program="nginx"}': "90x60",
            'lab_program_open_files_percent{machine="nod3",program="sshd"}': "10x60",
        },
        after: 120,
        fires: [{ machine: "nod3", program: "nginx" }],
        good: { 'lab_program_open_files_percent{machine="nod3",program="nginx"}': "80x60" },
    },
    ConnectionTrackingShort: {
        bad: {
            'node_nf_conntrack_entries{machine="nod3"}': "900x60",
            'node_nf_conntrack_entries_limit{machine="nod3"}': "1000x60",
        },
        after: 120,
        fires: [{ machine: "nod3" }],
        good: {
            'node_nf_conntrack_entries{machine="nod3"}': "700x60",
            'node_nf_conntrack_entries_limit{machine="nod3"}': "1000x60",
        },
    },
    ClockWrong: {
        // One is two seconds ahead, one is behind, and one is exact: a sample each five seconds.
        bad: {
            'node_time_seconds{machine="nod0"}': "2+5x100",
            'node_time_seconds{machine="nod1"}': "-2+5x100",
            'node_time_seconds{machine="nod2"}': "0+5x100",
        },
        after: 300,
        fires: [{ machine: "nod0" }, { machine: "nod1" }],
        good: { 'node_time_seconds{machine="nod0"}': "0.9+5x100" },
    },
    UnitFailed: {
        bad: { 'lab_unit_failed{machine="nod0",unit="tomcat.service"}': "1x60" },
        after: 120,
        fires: [{ machine: "nod0", unit: "tomcat.service" }],
        good: { 'lab_unit_failed{machine="nod0",unit="tomcat.service"}': "1x10 stale" },
    },
    DumpTooOld: {
        // The clock of the test begins at 0.
        bad: { 'lab_dump_time_seconds{machine="mysql"}': "-100000x100" },
        after: 300,
        fires: [{ machine: "mysql" }],
        good: { 'lab_dump_time_seconds{machine="mysql"}': "-90000x100" },
    },
    DriftFound: {
        bad: {
            'lab_drift{machine="nod0",step="httpd"}': "3x60",
            'lab_drift{machine="nod0",step="tomcat"}': "4x60",
        },
        after: 60,
        fires: [{ machine: "nod0" }],
        good: { 'lab_drift{machine="nod0",step="httpd"}': "1x6 stale" },
    },
    TextsNotSent: {
        bad: {
            'lab_sms_messages{machine="nod1",folder="error"}': "7x200",
            'lab_sms_messages{machine="nod1",folder="sent"}': "7x200",
        },
        after: 300,
        fires: [{ machine: "nod1", folder: "error" }],
        good: {
            'lab_sms_messages{machine="nod1",folder="error"}': "0x200",
            // Each text is away before the next one comes.
            'lab_sms_messages{machine="nod1",folder="outbox"}': "7x20 0 7x20 0 7x20 0 7x20 0 7x20",
        },
    },
    Watchdog: { bad: {}, after: 0, fires: [{}], good: {}, atOnce: true },
    ExporterDown: {
        bad: {
            [up("machine", "nod0")]: "1x24",
            [up("httpd", "nod0")]: "0x24",
            // A machine that is down has no exporter that is.
            [up("machine", "nod2")]: "0x24",
            [up("httpd", "nod2")]: "0x24",
        },
        after: 60,
        fires: [{ job: "httpd", machine: "nod0" }],
        good: { [up("machine", "nod0")]: "1x24", [up("httpd", "nod0")]: "1x24" },
    },
    MetricsStale: {
        bad: {
            'node_textfile_mtime_seconds{machine="nod0",file="/var/lib/prometheus/node-exporter/lab.prom"}': "0x60",
        },
        after: 100,
        fires: [{ machine: "nod0", file: "/var/lib/prometheus/node-exporter/lab.prom" }],
        good: {
            'node_textfile_mtime_seconds{machine="nod0",file="/var/lib/prometheus/node-exporter/lab.prom"}': "0+5x60",
        },
    },
    AlarmsNotSent: {
        bad: { 'alertmanager_notifications_failed_total{machine="nod5",integration="email"}': "0+1x100" },
        after: 130,
        fires: [{ machine: "nod5", integration: "email" }],
        good: { 'alertmanager_notifications_failed_total{machine="nod5",integration="email"}': "1x100" },
    },
    MonitorConfigurationRefused: {
        bad: { 'prometheus_config_last_reload_successful{machine="nod5"}': "0x24" },
        after: 60,
        fires: [{ machine: "nod5" }],
        good: { 'prometheus_config_last_reload_successful{machine="nod5"}': "1x24" },
    },
};

test("TextsNotSent fires, too, when the modem takes nothing out of the outbox", async () => {
    const stuck = { 'lab_sms_messages{machine="nod1",folder="outbox"}': "7x200" };
    expect(await saidOf("TextsNotSent", stuck, 600, [{ machine: "nod1", folder: "outbox" }])).toBe("");
});

/** What promtool says of a rule's behaviour; empty if it is as expected. */
async function saidOf(name: string, series: Series, seconds: number, fires: Labels[]): Promise<string> {
    const rule = rules.find((one) => one.name === name) ?? expect.fail(`no rule ${name}`);
    const file = join(folder, `${name}.yml`);
    const filled = (text: string, labels: Labels) =>
        text
            .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? "")
            .replaceAll("{{ $value }}", "7");
    writeFileSync(
        file,
        stringify({
            rule_files: [join(folder, "rules.yml")],
            evaluation_interval: "5s",
            tests: [
                {
                    interval: "5s",
                    input_series: Object.entries(series).map(([key, values]) => ({ series: key, values })),
                    alert_rule_test: [
                        {
                            eval_time: `${seconds}s`,
                            alertname: name,
                            exp_alerts: fires.map((labels) => ({
                                exp_labels: { severity: rule.severity, ...labels },
                                exp_annotations: {
                                    summary: filled(rule.summary, labels),
                                    description: filled(rule.description, labels),
                                    runbook: runbookOf(rule),
                                },
                            })),
                        },
                    ],
                },
            ],
        }),
    );
    return run([program, "test", "rules", file]).then(
        () => "",
        (error: unknown) => (error as Error).message,
    );
}

test("every rule has a test here, and a runbook", () => {
    expect(Object.keys(cases).sort()).toEqual(rules.map(({ name }) => name).sort());
    expect(rules.map(runbookOf).filter((file) => !existsSync(repository(file)))).toEqual([]);
});

test("every runbook begins with its rule's name, and is of a rule", () => {
    for (const rule of rules) {
        const text = readFileSync(repository(runbookOf(rule)), "utf8");
        expect(text.split("\n")[0]).toBe(`# ${rule.name}`);
    }
});

test("every summary fits into a text message", () => {
    const long = rules.filter(
        ({ summary }) => summary.replaceAll(/\{\{ \$labels\.\w+ \}\}/g, "www.test.com").length >= 70,
    );
    expect(long).toEqual([]);
});

describe.each(Object.entries(cases))("%s", (name, { bad, after, fires, good, atOnce }) => {
    test("fires in time, and says what is the matter", async () => {
        expect(await saidOf(name, bad, after, fires)).toBe("");
    });

    if (!atOnce)
        test("does not fire before", async () => {
            expect(await saidOf(name, bad, after - 10, [])).toBe("");
        });

    if (name !== "Watchdog")
        test("does not fire without a reason", async () => {
            expect(await saidOf(name, good, Math.max(after, 100), [])).toBe("");
        });
});
