/**
 * A monitor without a lab: the page's real files, and answers like Prometheus's and Alertmanager's. Tests change
 * `state` while a browser looks.
 */
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { LabDescription } from "../../config/description";
import { pageFiles } from "../../roles/monitor-page";

export interface DoubleState {
    /** Rows of an expression of the page's live query, by its name there. */
    live: Record<string, { labels: Record<string, string>; value: number }[]>;
    alarms: { labels: Record<string, string>; annotations: Record<string, string>; since: Date; silenced?: boolean }[];
    changes: string;
    /** Whether Prometheus, and Alertmanager, answer. */
    prometheus: boolean;
    alertmanager: boolean;
    /** The value of a line of a graph. Undefined: the query has no result. */
    line: (query: string, labels: Record<string, string>, time: number) => number | undefined;
}

const types: Record<string, string> = {
    html: "text/html; charset=utf-8",
    js: "text/javascript",
    css: "text/css",
    svg: "image/svg+xml",
    json: "application/json",
    md: "text/plain; charset=utf-8",
};

/** As files/etc/httpd/conf.d/monitor.conf.mustache has it. */
const policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export async function monitorDouble(description: LabDescription, state: DoubleState) {
    const asked: string[] = [];
    const files: Record<string, string> = {
        ...pageFiles(description),
        "runbooks/machine-down.md": "# A machine does not answer\n",
    };
    const server = http.createServer((request, response) => {
        void answer(request).then(([status, type, body]) => {
            response.writeHead(status, { "Content-Type": type, "Content-Security-Policy": policy }).end(body);
        });
    });

    async function answer(request: http.IncomingMessage): Promise<[number, string, string]> {
        const name = (request.url ?? "").replace(/^\/monitor\//, "") || "index.html";
        const form = new URLSearchParams(await text(request));
        const json = (data: unknown): [number, string, string] => [200, "application/json", JSON.stringify(data)];
        const success = (data: unknown) => json({ status: "success", data });
        if (name.startsWith("prometheus/")) {
            if (!state.prometheus) return [503, "text/plain", "Service Unavailable"];
            asked.push(form.get("query") ?? "");
            if (name.endsWith("/query")) return success({ resultType: "vector", result: liveResult(form) });
            if (name.endsWith("/query_range"))
                return success({ resultType: "matrix", result: rangeResult(form, description, state) });
            if (name.endsWith("/alerts"))
                return success({
                    alerts: state.alarms.map(({ labels, annotations, since }) => ({
                        labels,
                        annotations,
                        state: "firing",
                        activeAt: since.toISOString(),
                    })),
                });
        }
        if (name === "alertmanager/api/v2/alerts")
            return state.alertmanager
                ? json(
                      state.alarms.map(({ labels, annotations, since, silenced = false }, index) => ({
                          labels,
                          annotations,
                          startsAt: since.toISOString(),
                          fingerprint: String(index),
                          status: { state: silenced ? "suppressed" : "active" },
                      })),
                  )
                : [503, "text/plain", "Service Unavailable"];
        if (name === "changes.jsonl") return [200, "text/plain", state.changes];
        const file = files[name];
        return file === undefined
            ? [404, "text/plain", "Not Found"]
            : [200, types[name.split(".").at(-1) ?? ""] ?? "text/plain", file];
    }

    const liveResult = (form: URLSearchParams) =>
        [...(form.get("query") ?? "").matchAll(/"q", "(\w+)", "", ""\)/g)].flatMap(([, q = ""]) =>
            (state.live[q] ?? []).map(({ labels, value }) => ({
                metric: { ...labels, q },
                value: [Date.now() / 1000, String(value)],
            })),
        );

    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/monitor/`,
        /** The queries that came. */
        asked,
        close: () =>
            new Promise<void>((resolve) => {
                server.closeAllConnections();
                server.close(() => resolve());
            }),
    };
}

/** A line for each machine, or one for the site. */
function rangeResult(form: URLSearchParams, { machines, site }: LabDescription, state: DoubleState) {
    const query = form.get("query") ?? "";
    const [start, end, step] = ["start", "end", "step"].map((name) => Number(form.get(name))) as [
        number,
        number,
        number,
    ];
    const all = query.includes("probe_") ? [{ site: site.hostName }] : machines.map(({ name }) => ({ machine: name }));
    return all.flatMap((metric) => {
        const values = [];
        for (let time = start; time <= end; time += step) {
            const value = state.line(query, metric, time);
            if (value !== undefined) values.push([time, String(value)]);
        }
        return values.length === 0 ? [] : [{ metric, values }];
    });
}

/** A lab in which all is well. */
export function calmState({ machines }: LabDescription): DoubleState {
    const now = Date.now() / 1000;
    const having = (role: string) => machines.filter(({ roles }) => roles.includes(role)).map(({ name }) => name);
    const each = (names: string[], value: (index: number) => number) =>
        names.map((machine, index) => ({ labels: { machine }, value: value(index) }));
    const jobs = machines.flatMap(({ name: machine, roles }) =>
        ["machine", ...(roles.includes("app") ? ["httpd", "tomcat"] : roles.filter((role) => role !== "app"))].map(
            (job) => ({ machine, job: job === "monitor" ? "prometheus" : job }),
        ),
    );
    const all = machines.map(({ name }) => name);
    const [first] = having("director");
    return {
        live: {
            up: jobs.map((labels) => ({ labels, value: 1 })),
            age: jobs.map((labels) => ({ labels, value: 2 })),
            now: [{ labels: {}, value: now }],
            cpu: each(all, (index) => 3 + 7 * index),
            memory: each(all, (index) => 31 + 5 * index),
            disk: each(all, () => 14),
            holds: each(having("director"), (index) => (index === 0 ? 1 : 0)),
            moved: each(having("director"), () => now - 3 * 3600),
            appServerUp: having("app").map((name) => ({
                labels: { machine: first ?? "", app_server: name },
                value: 1,
            })),
            sessions: each(having("app"), (index) => 212 + index * 7),
            withoutCopy: each(having("app"), () => 0),
            requests: each(having("app"), (index) => 21.4 + index),
            failures: each(having("app"), () => 0),
            httpdUp: each(having("app"), () => 1),
            directorUp: each(having("director"), () => 1),
            memcachedUp: each(having("memcached"), () => 1),
            items: each(having("memcached"), (index) => 215 + index * 3),
            commands: each(having("memcached"), (index) => 44 + index),
            databaseUp: each(having("database"), () => 1),
            queries: each(having("database"), () => 63),
        },
        alarms: [],
        changes: [
            JSON.stringify({ time: Math.round(now - 600), what: "up: 3 updated" }),
            JSON.stringify({ time: Math.round(now - 240), what: "drill app-server-dies: begins" }),
            JSON.stringify({ time: Math.round(now - 180), what: "drill app-server-dies: passed" }),
            "",
        ].join("\n"),
        prometheus: true,
        alertmanager: true,
        line: (query, { machine = "" }, time) => {
            const index = all.indexOf(machine);
            const wave = (size: number) => size * (1 + 0.3 * Math.sin(time / 90 + index) + 0.1 * Math.sin(time / 17));
            if (query.includes("tomcat") || query.includes("jvm_"))
                return having("app").includes(machine) ? wave(20 + index) : undefined;
            if (query.includes("memcached"))
                return having("memcached").includes(machine) ? wave(query.includes("evicted") ? 0 : 40) : undefined;
            if (query.includes("mysql")) return having("database").includes(machine) ? wave(60) : undefined;
            if (query.includes("keepalived"))
                return having("director").includes(machine) ? Number(machine === first) : undefined;
            if (query.includes("nginx")) return having("director").includes(machine) ? wave(12) : undefined;
            if (query.includes("probe")) return wave(0.02);
            return wave(12 + 4 * index);
        },
    };
}

/** Takes the machine's power away: every target of it fails, as Prometheus sees it. */
export function cutPower(state: DoubleState, machine: string): void {
    for (const [name, rows] of Object.entries(state.live))
        state.live[name] =
            name === "age"
                ? rows
                : name === "up"
                  ? rows.map((row) => (row.labels.machine === machine ? { ...row, value: 0 } : row))
                  : rows.filter(({ labels }) => labels.machine !== machine);
}
