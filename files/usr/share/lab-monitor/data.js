/** Questions to Prometheus and Alertmanager, through the read-only proxy of the monitor's httpd. */
const patienceMs = 4000;

async function fetchJson(path, form) {
    const answer = await fetch(path, {
        cache: "no-store",
        credentials: "omit",
        signal: AbortSignal.timeout(patienceMs),
        ...(form ? { method: "POST", body: new URLSearchParams(form) } : {}),
    });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return answer.json();
}

async function askPrometheus(path, form) {
    const { status, data, error } = await fetchJson(`prometheus/api/v1/${path}`, form);
    if (status !== "success") throw new Error(error);
    return data;
}

export const readSite = () => fetchJson("site.json");

/** Newest last. Nothing was changed yet where the file is missing. */
export async function readChanges() {
    const answer = await fetch("changes.jsonl", { cache: "no-cache", signal: AbortSignal.timeout(patienceMs) });
    if (answer.status === 404) return [];
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return (await answer.text()).split("\n").flatMap((line) => {
        try {
            const { time, what } = JSON.parse(line);
            return Number.isFinite(time) && typeof what === "string" ? [{ time, what }] : [];
        } catch {
            return [];
        }
    });
}

/**
 * Every number of the picture and the tiles, all of one moment. One union of all expressions is a single request; the
 * label `q` tells them apart.
 */
const liveExpressions = (window) => ({
    up: "max by (machine, job) (up)",
    age: "min by (machine, job) (time() - timestamp(up))",
    cpu:
        `100 * sum by (machine) (rate(lab_machine_cpu_seconds_total[${window}]))` +
        " / max by (machine) (lab_machine_cpus)",
    memory:
        "100 - 100 * max by (machine) (node_memory_MemAvailable_bytes)" +
        " / max by (machine) (node_memory_MemTotal_bytes)",
    disk:
        '100 - 100 * max by (machine) (node_filesystem_avail_bytes{mountpoint="/"})' +
        ' / max by (machine) (node_filesystem_size_bytes{mountpoint="/"})',
    holds: "max by (machine) (lab_keepalived_holds_address)",
    moved: "max by (machine) (lab_keepalived_last_move_timestamp_seconds)",
    now: "vector(time())",
    appServerUp: "max by (machine, app_server) (lab_app_server_up)",
    sessions: "max by (machine) (lab_tomcat_sessions)",
    withoutCopy: "max by (machine) (lab_tomcat_sessions_without_copy)",
    requests: `sum by (machine) (rate(lab_tomcat_requests_total[${window}]))`,
    failures: `sum by (machine) (rate(lab_tomcat_request_errors_total[${window}]))`,
    httpdUp: "max by (machine) (apache_up)",
    directorUp: "max by (machine) (nginx_up)",
    memcachedUp: "max by (machine) (memcached_up)",
    items: "max by (machine) (memcached_current_items)",
    commands: `sum by (machine) (rate(memcached_commands_total[${window}]))`,
    databaseUp: "max by (machine) (mysql_up)",
    queries: `sum by (machine) (rate(mysql_global_status_queries[${window}]))`,
    probe: "min by (site) (probe_success)",
});

/** Rows by the names above: `{ up: [{ labels, value }], ... }`. */
export async function readLive(scrapeSeconds) {
    const expressions = liveExpressions(`${Math.max(20, scrapeSeconds * 4)}s`);
    const query = Object.entries(expressions)
        .map(([name, expression]) => `label_replace(${expression}, "q", "${name}", "", "")`)
        .join(" or ");
    const { result } = await askPrometheus("query", { query });
    const rows = Object.fromEntries(Object.keys(expressions).map((name) => [name, []]));
    for (const { metric, value } of result) {
        const number = Number(value[1]);
        if (Number.isFinite(number)) rows[metric.q]?.push({ labels: metric, value: number });
    }
    return rows;
}

/** Lines over time: `[{ labels, values: Map(time -> number) }]`. */
export async function readRange(query, { start, end, step }) {
    const { result } = await askPrometheus("query_range", { query, start, end, step });
    return result.map(({ metric, values }) => ({
        labels: metric,
        values: new Map(values.map(([time, value]) => [time, Number(value)])),
    }));
}

/** Alertmanager knows what is silenced. Prometheus knows the alarms too, if Alertmanager does not answer. */
export async function readAlarms() {
    try {
        const alarms = await fetchJson("alertmanager/api/v2/alerts");
        return {
            from: "Alertmanager",
            alarms: alarms.map(({ labels, annotations, startsAt, status, fingerprint }) => ({
                key: fingerprint,
                labels,
                annotations,
                since: new Date(startsAt),
                isQuiet: status?.state === "suppressed",
            })),
        };
    } catch {
        const { alerts } = await askPrometheus("alerts");
        return {
            from: "Prometheus",
            alarms: alerts
                .filter(({ state }) => state === "firing")
                .map(({ labels, annotations, activeAt }) => ({
                    key: JSON.stringify(labels),
                    labels,
                    annotations,
                    since: new Date(activeAt),
                    isQuiet: false,
                })),
        };
    }
}
