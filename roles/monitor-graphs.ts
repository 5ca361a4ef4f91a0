/**
 * The graphs of the monitor's page and of the Grafana dashboard. Both are made from this list. `$window` in a query is
 * the time that a rate is taken over: each of them chooses it by the length of time that it shows.
 */
export interface Graph {
    title: string;
    unit: GraphUnit;
    /** `legend` names a line. `{{machine}}` in it is the value of that label. */
    queries: { query: string; legend: string }[];
}

/** By their names in Grafana. The page knows them too (files/usr/share/lab-monitor/format.js). */
const grafanaUnits = {
    percent: "percent",
    bytesPerSecond: "Bps",
    perSecond: "cps",
    seconds: "s",
    count: "short",
} as const;
export type GraphUnit = keyof typeof grafanaUnits;

const perMachine = "{{machine}}";
const rateOf = (metric: string) => `sum by (machine) (rate(${metric}[$window]))`;
const percentUsed = (free: string, all: string) => `100 - 100 * max by (machine) (${free}) / max by (machine) (${all})`;
const requestSeconds = "lab_tomcat_request_seconds_total";
const requests = "lab_tomcat_requests_total";

/** `networkInterface`: every machine's interface in the lab's network. */
export const graphsOf = (networkInterface: string): Graph[] => [
    {
        title: "Requests by app server",
        unit: "perSecond",
        queries: [{ query: rateOf(requests), legend: perMachine }],
    },
    {
        title: "Time of a request",
        unit: "seconds",
        queries: [{ query: `${rateOf(requestSeconds)} / (${rateOf(requests)} > 0)`, legend: perMachine }],
    },
    {
        title: "Failed requests",
        unit: "perSecond",
        queries: [{ query: rateOf("lab_tomcat_request_errors_total"), legend: perMachine }],
    },
    {
        title: "A visitor's page, through the virtual address",
        unit: "seconds",
        queries: [{ query: "max by (site) (probe_duration_seconds)", legend: "{{site}}" }],
    },
    {
        title: "Sessions",
        unit: "count",
        queries: [
            { query: "max by (machine) (lab_tomcat_sessions)", legend: perMachine },
            { query: "max by (machine) (lab_tomcat_sessions_without_copy)", legend: "{{machine}}, without copy" },
        ],
    },
    {
        title: "Processor",
        unit: "percent",
        queries: [
            {
                query: `100 * ${rateOf("lab_machine_cpu_seconds_total")} / max by (machine) (lab_machine_cpus)`,
                legend: perMachine,
            },
        ],
    },
    {
        title: "Memory",
        unit: "percent",
        queries: [
            { query: percentUsed("node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"), legend: perMachine },
        ],
    },
    {
        title: "Disk",
        unit: "percent",
        queries: [
            {
                query: percentUsed(
                    'node_filesystem_avail_bytes{mountpoint="/"}',
                    'node_filesystem_size_bytes{mountpoint="/"}',
                ),
                legend: perMachine,
            },
        ],
    },
    {
        title: "Network, sent",
        unit: "bytesPerSecond",
        queries: [
            {
                query: rateOf(`node_network_transmit_bytes_total{device="${networkInterface}"}`),
                legend: perMachine,
            },
        ],
    },
    {
        title: "Java heap",
        unit: "percent",
        queries: [
            {
                query:
                    '100 * max by (machine) (jvm_memory_used_bytes{area="heap"})' +
                    ' / max by (machine) (jvm_memory_max_bytes{area="heap"})',
                legend: perMachine,
            },
        ],
    },
    {
        title: "Time in Java's garbage collector",
        unit: "percent",
        queries: [{ query: `100 * ${rateOf("jvm_gc_collection_seconds_sum")}`, legend: perMachine }],
    },
    {
        title: "Session copies in memcached",
        unit: "count",
        queries: [{ query: "max by (machine) (memcached_current_items)", legend: perMachine }],
    },
    {
        title: "Commands and evictions of memcached",
        unit: "perSecond",
        queries: [
            { query: rateOf("memcached_commands_total"), legend: "{{machine}}, commands" },
            { query: rateOf("memcached_items_evicted_total"), legend: "{{machine}}, evictions" },
        ],
    },
    {
        title: "Database",
        unit: "perSecond",
        queries: [
            { query: rateOf("mysql_global_status_queries"), legend: "{{machine}}, queries" },
            { query: rateOf("mysql_global_status_slow_queries"), legend: "{{machine}}, slow queries" },
        ],
    },
    {
        title: "Connections",
        unit: "count",
        queries: [
            { query: "max by (machine) (nginx_connections_active)", legend: "{{machine}}, visitors" },
            { query: "max by (machine) (mysql_global_status_threads_connected)", legend: "{{machine}}, database" },
        ],
    },
    {
        title: "Holder of the virtual address",
        unit: "count",
        queries: [{ query: "max by (machine) (lab_keepalived_holds_address)", legend: perMachine }],
    },
];

const dataSource = { type: "prometheus", uid: "${datasource}" };

/** A dashboard for Grafana's file provisioning. It asks for the data source that it takes. */
export const grafanaDashboard = (stack: string, graphs: Graph[]) => ({
    title: `ha-web-lab: ${stack}`,
    uid: `ha-web-lab-${stack}`.slice(0, 40),
    schemaVersion: 39,
    editable: false,
    refresh: "10s",
    time: { from: "now-1h", to: "now" },
    templating: {
        list: [{ name: "datasource", type: "datasource", query: "prometheus", label: "Prometheus" }],
    },
    panels: graphs.map(({ title, unit, queries }, index) => ({
        id: index + 1,
        type: "timeseries",
        title,
        datasource: dataSource,
        gridPos: { x: (index % 2) * 12, y: Math.floor(index / 2) * 8, w: 12, h: 8 },
        fieldConfig: { defaults: { unit: grafanaUnits[unit], min: 0 }, overrides: [] },
        targets: queries.map(({ query, legend }, number) => ({
            refId: String.fromCharCode("A".charCodeAt(0) + number),
            datasource: dataSource,
            expr: query.replaceAll("$window", "$__rate_interval"),
            legendFormat: legend,
        })),
    })),
});
