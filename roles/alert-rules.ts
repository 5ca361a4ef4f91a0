import type { LabDescription } from "../config/description";
import { machinesWith } from "../config/description";
import { render } from "./template";

/** When there is an alarm. */
export interface AlertRule {
    name: string;
    /** `critical`: visitors notice, or would notice one more failure. `warning`: can wait. `info`: tells nobody. */
    severity: "critical" | "warning" | "info";
    /** PromQL. Each series that it gives is an alarm, with the labels of the series. */
    expression: string;
    /** For how many seconds the expression has to hold. */
    seconds: number;
    /** One line. With the labels' values it is shorter than 70 characters: a text message has no room for more. */
    summary: string;
    /** What it means. docs/runbooks says what to do. */
    description: string;
}

const minutes = (count: number) => 60 * count;
const machine = "{{ $labels.machine }}";
/** File systems that hold something. A container's /etc/hosts and the like are mounts of files on its root. */
const fileSystem = 'fstype!=""';

/** All rules. Those that no machine of the lab can break stay silent. */
export function rulesOf(description: LabDescription): AlertRule[] {
    const { thresholds } = description.monitoring;
    const directors = machinesWith(description, "director").length;
    return [
        ...availability(directors),
        ...site(thresholds),
        ...load(thresholds, description.machineKind === "vm"),
        ...disks(thresholds),
        ...services(thresholds),
        ...machines(thresholds),
        ...monitoring(),
    ];
}

type Thresholds = LabDescription["monitoring"]["thresholds"];

const availability = (directors: number): AlertRule[] => [
    {
        name: "MachineDown",
        severity: "critical",
        expression: 'up{job="machine"} == 0',
        seconds: 15,
        summary: `${machine} does not answer`,
        description: `Monitors get no answer from ${machine}: it has no power, no network, or hangs.`,
    },
    {
        name: "AddressHeldByNone",
        severity: "critical",
        // Directors that do not answer count as such that do not hold it.
        expression: "(sum(lab_keepalived_holds_address) or vector(0)) == 0",
        seconds: 15,
        summary: "No director holds the virtual address",
        description: `Visitors reach nothing: none of ${directors} directors has the virtual address.`,
    },
    {
        name: "AddressHeldByTwo",
        severity: "critical",
        expression: "sum(lab_keepalived_holds_address) > 1",
        seconds: 15,
        summary: "Several directors hold the virtual address",
        description: "The directors do not hear each other. Visitors reach one or the other by chance.",
    },
    {
        name: "AddressMoved",
        severity: "warning",
        expression: "sum(increase(lab_keepalived_moves_total[15m])) > 5",
        seconds: 0,
        summary: "The virtual address moves again and again",
        description: "It moved more than twice in 15 minutes. Each move breaks the connections that are open.",
    },
    {
        name: "AppServerOut",
        severity: "critical",
        // The label lets MachineDown silence it.
        expression:
            'label_replace(min by (app_server) (lab_app_server_up) == 0, "machine", "$1", "app_server", "(.*)")',
        seconds: 15,
        summary: `${machine} gets no requests`,
        description: `The directors' health checks of ${machine} fail. The other app servers do its work.`,
    },
];

const site = ({ siteSeconds, certificateDays }: Thresholds): AlertRule[] => [
    {
        name: "SiteDown",
        severity: "critical",
        expression: 'probe_success{job="site"} == 0',
        seconds: 15,
        summary: "{{ $labels.site }} does not answer",
        description: "The page {{ $labels.instance }}, asked through the virtual address, gives no status 200.",
    },
    {
        name: "SiteSlow",
        severity: "warning",
        expression: `avg_over_time(probe_duration_seconds{job="site"}[1m]) > ${siteSeconds}`,
        seconds: 60,
        summary: "{{ $labels.site }} is slow",
        description: `A page takes more than ${siteSeconds} s through the virtual address.`,
    },
    {
        name: "CertificateEnds",
        severity: "warning",
        expression: `probe_ssl_earliest_cert_expiry{job="site"} - time() < ${certificateDays} * 86400`,
        seconds: minutes(5),
        summary: "The certificate of {{ $labels.site }} ends soon",
        description: `It ends in fewer than ${certificateDays} days. Browsers refuse the site from then on.`,
    },
];

const load = ({ processorPercent, memoryPercent, heapPercent }: Thresholds, isVm: boolean): AlertRule[] => [
    {
        name: "ProcessorsBusy",
        severity: "warning",
        expression: `100 * rate(lab_machine_cpu_seconds_total[2m]) / lab_machine_cpus > ${processorPercent}`,
        seconds: minutes(5),
        summary: `${machine} is overloaded`,
        description: `Its processors are busy for more than ${processorPercent} % of the time.`,
    },
    // In a container the kernel tells the host's load. The rule would fire for all machines at once.
    ...(isVm
        ? [
              {
                  name: "LoadHigh",
                  severity: "warning" as const,
                  expression: "node_load1 / on (machine) lab_machine_cpus > 2",
                  seconds: minutes(15),
                  summary: `${machine} has more work than processors`,
                  description: "Twice as many processes as processors want to run, or wait for a disk.",
              },
          ]
        : []),
    {
        name: "MemoryShort",
        severity: "warning",
        expression: `100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes) > ${memoryPercent}`,
        seconds: minutes(5),
        summary: `${machine} is short of memory`,
        description: `More than ${memoryPercent} % are in use. The kernel ends a process when none is left.`,
    },
    {
        name: "HeapShort",
        severity: "warning",
        expression: `100 * lab_tomcat_old_generation_used_bytes / lab_tomcat_old_generation_max_bytes > ${heapPercent}`,
        seconds: minutes(2),
        summary: `Tomcat of ${machine} is short of heap`,
        description: `Right after a collection more than ${heapPercent} % of the old generation are in use.`,
    },
    {
        name: "CollectionsLong",
        severity: "warning",
        expression: "sum by (machine) (rate(jvm_gc_collection_seconds_sum[2m])) > 0.2",
        seconds: minutes(5),
        summary: `Tomcat of ${machine} collects garbage all the time`,
        description: "More than a fifth of the time goes into collections, in which no request is answered.",
    },
];

const disks = ({ diskPercent }: Thresholds): AlertRule[] => {
    const used = (what: string) => `100 * (1 - node_filesystem_${what} / node_filesystem_`;
    const critical = (diskPercent + 100) / 2;
    const avail = `node_filesystem_avail_bytes{${fileSystem}}`;
    return [
        {
            name: "DiskFull",
            severity: "critical",
            expression: `${used(`avail_bytes{${fileSystem}}`)}size_bytes{${fileSystem}}) > ${critical}`,
            seconds: minutes(2),
            summary: `A disk of ${machine} is full`,
            description: `More than ${critical} % of {{ $labels.mountpoint }} are in use. Soon nothing can be written.`,
        },
        {
            name: "DiskFilling",
            severity: "warning",
            expression:
                `${used(`avail_bytes{${fileSystem}}`)}size_bytes{${fileSystem}}) > ${diskPercent}\n` +
                // What an installation has written within minutes says nothing of the next day.
                `or (predict_linear(${avail}[6h], 86400) < 0 and ${avail} offset 1h > 0\n` +
                `and ${avail} / node_filesystem_size_bytes{${fileSystem}} < 0.4)`,
            seconds: minutes(15),
            summary: `A disk of ${machine} fills`,
            description: `{{ $labels.mountpoint }} is more than ${diskPercent} % full, or will be full within a day.`,
        },
        {
            name: "InodesShort",
            severity: "warning",
            expression: `${used(`files_free{${fileSystem}}`)}files{${fileSystem}}) > ${diskPercent}`,
            seconds: minutes(15),
            summary: `A disk of ${machine} has too many files`,
            description: `More than ${diskPercent} % of the inodes of {{ $labels.mountpoint }} are in use.`,
        },
        {
            name: "DiskReadOnly",
            severity: "critical",
            expression: 'node_filesystem_readonly{mountpoint="/"} == 1',
            seconds: 60,
            summary: `${machine} cannot write to its disk`,
            description: "The kernel mounts a file system read-only after errors of its disk.",
        },
    ];
};

const services = ({ connectionsPercent }: Thresholds): AlertRule[] => [
    {
        name: "DatabaseDown",
        severity: "critical",
        expression: "mysql_up == 0",
        seconds: 15,
        summary: `The database on ${machine} does not answer`,
        description: "Pages with data fail. Sessions go on.",
    },
    {
        name: "DatabaseConnectionsShort",
        severity: "warning",
        expression:
            "100 * mysql_global_status_threads_connected / mysql_global_variables_max_connections > " +
            String(connectionsPercent),
        seconds: minutes(2),
        summary: `The database on ${machine} has few connections left`,
        description: `More than ${connectionsPercent} % of its connections are in use.`,
    },
    {
        name: "MemcachedDown",
        severity: "critical",
        expression: "memcached_up == 0",
        seconds: 15,
        summary: `memcached on ${machine} does not answer`,
        description: "The copies of sessions go to another memcached, if there is one.",
    },
    {
        name: "MemcachedConnectionsShort",
        severity: "warning",
        expression: `100 * memcached_current_connections / memcached_max_connections > ${connectionsPercent}`,
        seconds: minutes(2),
        summary: `memcached on ${machine} has few connections left`,
        description: `More than ${connectionsPercent} % of its connections are in use.`,
    },
    {
        name: "SessionsEvicted",
        severity: "warning",
        expression: "increase(memcached_items_evicted_total[10m]) > 0",
        seconds: 0,
        summary: `memcached on ${machine} drops copies of sessions`,
        description: "It is full. Sessions without a copy end with their Tomcat.",
    },
    {
        name: "SessionCopiesMissing",
        severity: "warning",
        expression: "lab_tomcat_sessions_without_copy > 0",
        seconds: 60,
        summary: `Sessions of ${machine} have no copy`,
        description: "{{ $value }} sessions end with this Tomcat: their memcached is away, or they are too large.",
    },
    {
        name: "TomcatErrors",
        severity: "warning",
        expression:
            "rate(lab_tomcat_request_errors_total[2m]) / (rate(lab_tomcat_requests_total[2m]) > 0) > 0.05\n" +
            "and rate(lab_tomcat_request_errors_total[2m]) > 0.1",
        seconds: 60,
        summary: `Tomcat of ${machine} answers with errors`,
        description: "More than 5 % of the answers have a status of 500 or more.",
    },
    {
        name: "HttpdDown",
        severity: "critical",
        expression: "apache_up == 0",
        seconds: 15,
        summary: `httpd on ${machine} does not answer`,
        description: "The directors leave this app server out.",
    },
    {
        name: "HttpdWorkersShort",
        severity: "warning",
        expression:
            '100 * apache_workers{state="busy"} / ignoring (state) sum without (state) (apache_workers) > ' +
            String(connectionsPercent),
        seconds: minutes(2),
        summary: `httpd on ${machine} has few workers left`,
        description: `More than ${connectionsPercent} % of its workers are busy. Requests wait, or fail.`,
    },
    {
        name: "DirectorServerDown",
        severity: "critical",
        expression: "nginx_up == 0",
        seconds: 15,
        summary: `The web server of ${machine} does not answer`,
        description: "The other director takes the virtual address, if there is one.",
    },
];

/** What can go wrong with any machine, whatever its roles are. */
const machines = (thresholds: Thresholds): AlertRule[] => [
    {
        name: "DiskBusy",
        severity: "warning",
        expression: `100 * rate(lab_machine_disk_wait_seconds_total[2m]) > ${thresholds.diskWaitPercent}`,
        seconds: minutes(15),
        summary: `${machine} waits for its disk`,
        description: `For more than ${thresholds.diskWaitPercent} % of the time all its work waits for a disk.`,
    },
    {
        name: "MajorFaults",
        severity: "warning",
        expression: `rate(lab_machine_major_faults_total[2m]) > ${thresholds.majorFaultsPerSecond}`,
        seconds: minutes(15),
        summary: `${machine} reads its programs from the disk again and again`,
        description: "Too little memory is left for what runs. The machine becomes slow.",
    },
    {
        name: "OpenFilesShort",
        severity: "warning",
        expression: `lab_program_open_files_percent > ${thresholds.openFilesPercent}`,
        seconds: minutes(2),
        summary: `{{ $labels.program }} on ${machine} has few open files left`,
        description: `A process uses more than ${thresholds.openFilesPercent} % of them. Beyond its limit it refuses connections.`,
    },
    {
        name: "ConnectionTrackingShort",
        severity: "warning",
        expression: `100 * node_nf_conntrack_entries / node_nf_conntrack_entries_limit > ${thresholds.connectionsPercent}`,
        seconds: minutes(2),
        summary: `The firewall of ${machine} knows too many connections`,
        description: `Its table is more than ${thresholds.connectionsPercent} % full. A full one drops new connections.`,
    },
    {
        name: "ClockWrong",
        severity: "warning",
        expression: `abs(node_time_seconds - timestamp(node_time_seconds)) > ${thresholds.clockSeconds}`,
        seconds: minutes(5),
        summary: `The clock of ${machine} is wrong`,
        description: `It differs by more than ${thresholds.clockSeconds} s from the clock of this monitor.`,
    },
    {
        name: "UnitFailed",
        severity: "warning",
        expression: "lab_unit_failed == 1",
        seconds: minutes(2),
        summary: `{{ $labels.unit }} on ${machine} has failed`,
        description: "systemd has given it up. What it does is not done until somebody starts it again.",
    },
    {
        name: "DumpTooOld",
        severity: "warning",
        expression: "time() - lab_dump_time_seconds > 26 * 3600",
        seconds: minutes(5),
        summary: `The newest dump of the database on ${machine} is too old`,
        description:
            "No dump has come for 26 hours. After a loss of the machine, what visitors have written since is gone.",
    },
    {
        name: "DriftFound",
        severity: "warning",
        expression: "sum by (machine) (lab_drift) > 0",
        seconds: minutes(1),
        summary: `${machine} is not as up left it`,
        description: "{{ $value }} files or services have changed. ./lab drift names them, ./lab up mends them.",
    },
    {
        name: "TextsNotSent",
        severity: "warning",
        expression: 'lab_sms_messages{folder="error"} > 0 or min_over_time(lab_sms_messages{folder="outbox"}[5m]) > 0',
        seconds: minutes(5),
        summary: `The modem of ${machine} does not send texts`,
        description: "{{ $value }} messages lie in gammu's folder {{ $labels.folder }}. Nobody has got them.",
    },
];

const monitoring = (): AlertRule[] => [
    {
        name: "Watchdog",
        severity: "info",
        expression: "vector(1)",
        seconds: 0,
        summary: "The monitoring works",
        description: "This alarm always fires. When it ends, the monitoring is silent.",
    },
    {
        name: "ExporterDown",
        severity: "warning",
        // Where a whole machine is away, MachineDown tells.
        expression: 'up{job!="machine"} == 0 unless on (machine) (up{job="machine"} == 0)',
        seconds: 60,
        summary: `No numbers of {{ $labels.job }} on ${machine}`,
        description: "The machine answers, but this exporter does not. Rules about it are blind.",
    },
    {
        name: "MetricsStale",
        severity: "warning",
        expression: 'time() - node_textfile_mtime_seconds{file=~".*/lab.prom"} > 60',
        seconds: 30,
        summary: `lab-metrics on ${machine} has stopped`,
        description: "The rules about its addresses, app servers, memcached and processors are blind.",
    },
    {
        name: "AlarmsNotSent",
        severity: "warning",
        expression:
            "rate(alertmanager_notifications_failed_total[5m]) > 0\n" +
            "or rate(prometheus_notifications_errors_total[5m]) > 0",
        seconds: minutes(2),
        summary: `The monitor ${machine} cannot send alarms`,
        description: "Prometheus does not reach Alertmanager, or Alertmanager does not reach a receiver.",
    },
    {
        name: "MonitorConfigurationRefused",
        severity: "warning",
        expression:
            "prometheus_config_last_reload_successful == 0 or alertmanager_config_last_reload_successful == 0\n" +
            "or increase(prometheus_rule_evaluation_failures_total[5m]) > 0",
        seconds: 60,
        summary: `The monitor ${machine} refuses its configuration`,
        description: "It goes on with the former one, or cannot evaluate a rule.",
    },
];

/** Prometheus's file of rules. */
export const alertRules = (description: LabDescription): string =>
    render("etc/prometheus/rules.yml", {
        rules: rulesOf(description).map((rule) => ({
            ...rule,
            // JSON is YAML, too: a text in quotes may hold everything.
            expression: JSON.stringify(rule.expression),
            summary: JSON.stringify(rule.summary),
            description: JSON.stringify(rule.description),
            runbook: runbookOf(rule),
        })),
    });

/** docs/runbooks/machine-down.md for MachineDown. */
export const runbookOf = ({ name }: Pick<AlertRule, "name">) =>
    `docs/runbooks/${name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase()}.md`;
