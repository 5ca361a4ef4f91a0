/** The monitor's page: its files, its door, what httpd and the directors let through, and the graphs. */
import { describe, expect, test } from "vitest";
import { doorsOf } from "../../../roles/doors";
import { grafanaDashboard, graphsOf } from "../../../roles/monitor-graphs";
import { pageFiles } from "../../../roles/monitor-page";
import { articleLab, siteWith } from "../../support/article";
import { nginxConf, textOf, trimmedLines } from "../../support/rendered";
import { rolesOf } from "../../support/steps";

const machines = { ...articleLab().machines, nod5: { address: "192.168.0.206", roles: ["monitor"] } };
const description = siteWith({ machines });
const virtualHost = "/etc/apache2/sites-enabled/virtual.conf";

test("every file that the page names is on the monitor", async () => {
    const files = pageFiles(description);
    const named = Object.entries(files).flatMap(([name, text]) =>
        name.endsWith(".js") && name !== "uplot.js"
            ? [...text.matchAll(/from "\.\/([^"]+)"/g)].map(([, file]) => file)
            : name === "index.html"
              ? [...text.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, file]) => file)
              : [],
    );
    expect(named).toEqual(expect.arrayContaining(["page.js", "uplot.js", "style.css", "favicon.svg", "lab.js"]));
    const step = (await rolesOf(description, "nod5"))["monitor-page"];
    const uploaded = step?.files.map(({ path }) => path) ?? [];
    for (const name of [...named, "site.json"]) expect(uploaded).toContain(`/usr/share/lab-monitor/${name}`);
});

test("the page has no script and no style in its HTML, which its policy would refuse", () => {
    const html = pageFiles(description)["index.html"] ?? "";
    expect(html).not.toMatch(/<script(?![^>]*src=)|<style|\son\w+=|\sstyle=/);
});

test("site.json says what the page has to know of the lab, and no secret", () => {
    const { graphs, ...site } = JSON.parse(pageFiles(description)["site.json"] ?? "") as Record<string, unknown>;
    expect(graphs).toEqual(graphsOf("eth0"));
    expect(site).toEqual({
        siteName: "www.test.com",
        virtualAddress: "192.168.0.111",
        scrapeSeconds: 5,
        machines: description.machines.map(({ name, address, roles }) => ({ name, address, roles })),
    });
});

describe("httpd on the monitor", () => {
    const passes = async (path: string) => {
        const conf = await textOf(description, "nod5", virtualHost);
        return [...conf.matchAll(/ProxyPassMatch "([^"]+)"/g)].some(([, pattern = ""]) =>
            new RegExp(pattern).test(path),
        );
    };

    test.each(["query", "query_range", "rules", "alerts"])("passes /api/v1/%s to Prometheus", async (name) => {
        expect(await passes(`/monitor/prometheus/api/v1/${name}`)).toBe(true);
    });

    test.each([
        "/monitor/prometheus/api/v1/admin/tsdb/delete_series",
        "/monitor/prometheus/api/v1/queryx",
        "/monitor/prometheus/api/v1/query/../targets",
        "/monitor/prometheus/-/reload",
        "/monitor/prometheus/metrics",
        "/monitor/alertmanager/api/v2/silences",
        "/api/v1/query",
    ])("passes %s to nobody", async (path) => {
        expect(await passes(path)).toBe(false);
    });

    test("takes POST for queries only", async () => {
        const lines = trimmedLines(await textOf(description, "nod5", virtualHost));
        const methods = lines.flatMap((line, index) =>
            line.startsWith("Require method") ? [`${lines[index - 1]} ${line}`] : [],
        );
        expect(methods).toEqual([
            "<Location /> Require method GET HEAD",
            '<LocationMatch "^/monitor/prometheus/api/v1/query(?:_range)?$"> Require method GET HEAD POST',
        ]);
    });
});

test("its door is open to the control machine and to the directors", () => {
    const from = (control?: string[]) =>
        doorsOf(siteWith({ machines, network: { control } })).find(({ what }) => what === "the monitor's page")?.from;
    expect(from()).toEqual(["192.168.0.1", "192.168.0.203", "192.168.0.204"]);
    // nft refuses an address twice.
    expect(from(["192.168.0.0/24", "10.1.2.3"])).toEqual(["192.168.0.0/24", "10.1.2.3"]);
});

describe("directors", () => {
    test("pass /monitor/ on for the lab's network and the control addresses only", async () => {
        const conf = await textOf(siteWith({ machines, network: { control: ["10.1.2.3"] } }), "nod3", nginxConf);
        const [, location = ""] = /location \/monitor\/ \{([^}]*)\}/.exec(conf) ?? [];
        expect(trimmedLines(location).filter((line) => /^(allow|deny|proxy_pass)/.test(line))).toEqual([
            "allow 192.168.0.0/24;",
            "allow 10.1.2.3;",
            "deny all;",
            "proxy_pass http://monitors;",
        ]);
        expect(conf).toMatch(
            /upstream monitors \{\s*ip_hash;\s*server 192\.168\.0\.206:80 max_fails=1 fail_timeout=5s;\s*\}/,
        );
    });

    test("leave /monitor/ to the application without a monitor", async () => {
        expect(await textOf(siteWith(), "nod3", nginxConf)).not.toContain("monitor");
    });
});

test("the Grafana dashboard has the same graphs", () => {
    const graphs = graphsOf("eth0");
    const { panels, title } = grafanaDashboard("cluster", graphs);
    expect(title).toBe("ha-web-lab: cluster");
    expect(panels.map((panel) => panel.title)).toEqual(graphs.map((graph) => graph.title));
    expect(panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))).toEqual(
        graphs.flatMap(({ queries }) => queries.map(({ query }) => query.replaceAll("$window", "$__rate_interval"))),
    );
    expect(new Set(panels.map(({ gridPos: { x, y } }) => `${x} ${y}`)).size).toBe(panels.length);
});
