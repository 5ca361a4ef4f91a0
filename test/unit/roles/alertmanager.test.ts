/** Who hears of which alarm, by day and by night. */
import { expect, test } from "vitest";
import { parse } from "yaml";
import type { LabDescription } from "../../../config/description";
import { articleLab, siteWith } from "../../support/article";
import { fileOf } from "../../support/steps";

interface Route {
    receiver: string;
    matchers?: string[];
    continue?: boolean;
    mute_time_intervals?: string[];
    routes?: Route[];
    [key: string]: unknown;
}
interface Configuration {
    route: Route & { routes: Route[] };
    receivers: { name: string; webhook_configs?: { url: string }[]; email_configs?: Record<string, unknown>[] }[];
    time_intervals: object[];
    inhibit_rules: object[];
}

const withAlarms = (changes: { monitoring?: object; sms?: object; roles?: string[] } = {}) =>
    siteWith({
        machines: {
            ...articleLab().machines,
            nod1: { address: "192.168.0.201", roles: changes.roles ?? ["memcached", "sms"] },
            nod5: { address: "192.168.0.206", roles: ["monitor"] },
        },
        sms: changes.sms ?? { device: "dummy", numbers: ["+15555550100"] },
        monitoring: changes.monitoring ?? {
            mail: { to: ["a@example.org", "b@example.org"], from: "lab@example.org", relay: "192.168.0.9:25" },
            webhook: "https://example.org/hook?key=1",
            workingHours: { days: ["monday", "friday"], from: "08:30", to: "17:00", timeZone: "Asia/Shanghai" },
        },
    });
const description = withAlarms();

const configurationOf = async (of: LabDescription) =>
    parse((await fileOf(of, "nod5", "/etc/prometheus/alertmanager.yml")).text) as Configuration;

/** Whether Alertmanager's matchers take the labels. An anchored regular expression, as Alertmanager has it. */
const takes = ({ matchers = [] }: Route, labels: Record<string, string>) =>
    matchers.every((matcher) => {
        const [, name = "", sign = "", value = ""] = /^(\w+)(=~|!=|=)"(.*)"$/.exec(matcher) ?? [];
        const own = labels[name] ?? "";
        if (sign === "=~") return new RegExp(`^(?:${value})$`).test(own);
        return sign === "=" ? own === value : own !== value;
    });

/** The routes that an alarm takes, as Alertmanager's dispatch.Route.Match has it. */
function matched(route: Route, labels: Record<string, string>): Route[] {
    if (!takes(route, labels)) return [];
    const found: Route[] = [];
    for (const child of route.routes ?? []) {
        const own = matched(child, labels);
        found.push(...own);
        if (own.length > 0 && !child.continue) break;
    }
    return found.length > 0 ? found : [route];
}

async function receivers(time: "day" | "night", labels: Record<string, string>, of = description): Promise<string[]> {
    const { route } = await configurationOf(of);
    return matched(route, labels)
        .filter(({ mute_time_intervals: muted = [] }) => time === "night" || !muted.includes("working-hours"))
        .map(({ receiver }) => receiver);
}

const machineDown = { alertname: "MachineDown", severity: "critical", machine: "nod0" };
const siteDown = { alertname: "SiteDown", severity: "critical" };
const siteSlow = { alertname: "SiteSlow", severity: "warning" };

test.each([machineDown, siteDown])("$alertname: a text at night alone; mail and webhook always", async (labels) => {
    expect(await receivers("night", labels)).toEqual(["sms", "webhook", "mail"]);
    expect(await receivers("day", labels)).toEqual(["webhook", "mail"]);
});

test("a warning is no text; what is less is on the page alone", async () => {
    expect(await receivers("night", siteSlow)).toEqual(["webhook", "mail"]);
    expect(await receivers("night", { alertname: "AddressMoved", severity: "info" })).toEqual(["page"]);
});

test("the watchdog is the bridge's heartbeat, and nobody's mail", async () => {
    expect(await receivers("day", { alertname: "Watchdog", severity: "info" })).toEqual(["heartbeat"]);
    const { route, receivers: all } = await configurationOf(description);
    expect(route.routes[0]).toMatchObject({ group_wait: "0s", group_interval: "30s", repeat_interval: "45s" });
    // A resolved watchdog would count as a heartbeat.
    expect(all.find(({ name }) => name === "heartbeat")?.webhook_configs).toEqual([
        { url: "http://192.168.0.201:9095/heartbeat", send_resolved: false },
    ]);
});

test.each(["sms", "webhook", "mail"])(
    "a test alarm for %s gets there by day, too, and nowhere else",
    async (receiver) => {
        const labels = { alertname: "TestAlarm", severity: "critical", receiver };
        expect(await receivers("day", labels)).toEqual([`${receiver}-test`]);
        const own = matched((await configurationOf(description)).route, labels);
        expect(own).toEqual([expect.objectContaining({ group_by: ["alertname", "test"], group_wait: "0s" })]);
    },
);

test("a machine that is down is told at once, and silences what follows from it", async () => {
    const { route, inhibit_rules: rules } = await configurationOf(description);
    for (const own of matched(route, machineDown))
        expect(own).toMatchObject({ group_wait: "5s", group_interval: "30s" });
    expect(route).toMatchObject({ group_wait: "30s", group_interval: "1m", group_by: ["alertname"] });
    expect(rules).toEqual([
        {
            source_matchers: ['alertname="MachineDown"'],
            target_matchers: ['alertname!="MachineDown"', 'alertname!="TestAlarm"'],
            equal: ["machine"],
        },
    ]);
});

test("working hours have their days and time zone", async () => {
    expect((await configurationOf(description)).time_intervals).toEqual([
        {
            name: "working-hours",
            time_intervals: [
                {
                    weekdays: ["monday", "friday"],
                    times: [{ start_time: "08:30", end_time: "17:00" }],
                    location: "Asia/Shanghai",
                },
            ],
        },
    ]);
});

test("each receiver hears of the end once, and has the settings' addresses", async () => {
    const { receivers: all } = await configurationOf(description);
    const of = (wanted: string) => all.find(({ name }) => name === wanted);
    expect(of("sms")?.webhook_configs).toEqual([
        { url: "http://192.168.0.201:9095/alarms", send_resolved: true, max_alerts: 5 },
    ]);
    expect(of("webhook")?.webhook_configs).toEqual([{ url: "https://example.org/hook?key=1", send_resolved: true }]);
    expect(of("mail")?.email_configs).toEqual([
        expect.objectContaining({
            to: "a@example.org, b@example.org",
            from: "lab@example.org",
            smarthost: "192.168.0.9:25",
            require_tls: false,
            send_resolved: true,
        }),
    ]);
});

test("receivers of test alarms have the same settings, but hear of no end", async () => {
    const { receivers: all } = await configurationOf(description);
    const of = (name: string, resolved: boolean) => {
        const { webhook_configs = [], email_configs = [] } = all.find((one) => one.name === name) ?? expect.fail(name);
        return [...webhook_configs, ...email_configs].map((settings) => ({ ...settings, send_resolved: resolved }));
    };
    for (const name of ["sms", "webhook", "mail"]) {
        expect(of(`${name}-test`, true)).toEqual(of(name, true));
        expect(JSON.stringify(all.find((one) => one.name === `${name}-test`))).toContain('"send_resolved":false');
    }
});

test("without settings everything is on the page alone", async () => {
    const bare = withAlarms({ monitoring: {}, sms: {}, roles: ["memcached"] });
    for (const labels of [machineDown, siteSlow, { alertname: "Watchdog", severity: "info" }])
        expect(await receivers("night", labels, bare)).toEqual(["page"]);
    expect((await configurationOf(bare)).receivers).toEqual([{ name: "page" }]);
});
