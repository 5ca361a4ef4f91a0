import type { LabDescription, MachineDescription } from "../config/description";
import { smsBridgePort, smsMachineOf } from "./sms";

/** Severities of which people hear. Others are on the page alone. */
const heard = 'severity=~"warning|critical"';
const workingHoursName = "working-hours";
/** The alarm of `./lab alarm test`. Its label `receiver` says who gets it, at any time of day. */
export const testAlarm = "TestAlarm";

/** Like the receiver `name`, but for test alarms alone: it has its own counters and tells no end of an alarm. */
export const testReceiver = (name: string) => `${name}-test`;

interface Route {
    receiver: string;
    group_by?: string[];
    matchers: string[];
    continue?: boolean;
    group_wait?: string;
    group_interval?: string;
    repeat_interval?: string;
    mute_time_intervals?: string[];
    routes?: Route[];
}
interface Receiver {
    name: string;
    email_configs?: object[];
    webhook_configs?: object[];
}

export type ReceiverName = "sms" | "webhook" | "mail";

/** Names of the receivers that reach people, as the settings have them. */
export function receiversOf({ monitoring, sms, machines }: LabDescription): ReceiverName[] {
    return [
        ...(sms.numbers.length > 0 && machines.some(({ roles }) => roles.includes("sms")) ? ["sms" as const] : []),
        ...(monitoring.webhook === undefined ? [] : ["webhook" as const]),
        ...(monitoring.mail.to.length > 0 ? ["mail" as const] : []),
    ];
}

/** Alertmanager's configuration: who hears of which alarm, and when. JSON is YAML. */
export const alertmanagerText = (description: LabDescription): string =>
    `${JSON.stringify(alertmanagerSettings(description), undefined, 2)}\n`;

function alertmanagerSettings(description: LabDescription) {
    const { days, from, to, timeZone } = description.monitoring.workingHours;
    return {
        route: {
            // The page at /monitor/ asks Alertmanager itself.
            receiver: "page",
            // One message for an alarm of several machines.
            group_by: ["alertname"],
            // Longer than MachineDown waits: what follows from a machine that is down is then inhibited in time.
            group_wait: "30s",
            // After working hours a muted alarm goes out at the next interval (alertmanager #2496).
            group_interval: "1m",
            repeat_interval: "4h",
            routes: routesOf(description),
        },
        receivers: [{ name: "page" }, ...receivers(description)],
        time_intervals: [
            {
                name: workingHoursName,
                time_intervals: [{ weekdays: days, times: [{ start_time: from, end_time: to }], location: timeZone }],
            },
        ],
        inhibit_rules: [
            {
                source_matchers: ['alertname="MachineDown"'],
                target_matchers: ['alertname!="MachineDown"', `alertname!="${testAlarm}"`],
                equal: ["machine"],
            },
        ],
    };
}

function routesOf(description: LabDescription): Route[] {
    const names = receiversOf(description);
    const has = (name: ReceiverName) => names.includes(name);
    return [
        {
            receiver: smsMachineOf(description) ? "heartbeat" : "page",
            matchers: ['alertname="Watchdog"'],
            group_wait: "0s",
            // Every second interval: with the same time for both, a heartbeat would be left out now and then.
            group_interval: "30s",
            repeat_interval: "45s",
        },
        ...names.map((receiver): Route => ({
            receiver: testReceiver(receiver),
            matchers: [`alertname="${testAlarm}"`, `receiver="${receiver}"`],
            // Each test is a group of its own, which is told at once.
            group_by: ["alertname", "test"],
            group_wait: "0s",
        })),
        { receiver: "page", matchers: [`alertname="${testAlarm}"`] },
        ...(has("sms") ? [atOnce({ ...smsRoute, matchers: ['severity="critical"'], continue: true })] : []),
        ...(has("webhook") ? [atOnce({ receiver: "webhook", matchers: [heard], continue: true })] : []),
        ...(has("mail") ? [atOnce({ receiver: "mail", matchers: [heard] })] : []),
    ];
}

const smsRoute = { receiver: "sms", mute_time_intervals: [workingHoursName], repeat_interval: "1h" };

/** The route, and the same without waiting for a machine that is down. A child does not inherit muted intervals. */
const atOnce = (route: Route): Route => ({
    ...route,
    routes: [
        {
            receiver: route.receiver,
            matchers: ['alertname="MachineDown"'],
            group_wait: "5s",
            // A second machine joins the group of the first. It waits for the next interval at most.
            group_interval: "30s",
            ...(route.mute_time_intervals && { mute_time_intervals: route.mute_time_intervals }),
        },
    ],
});

function receivers(description: LabDescription): Receiver[] {
    const machine = smsMachineOf(description);
    const names = receiversOf(description);
    return [
        ...(machine
            ? [{ name: "heartbeat", webhook_configs: [{ url: bridgeUrl(machine, "heartbeat"), send_resolved: false }] }]
            : []),
        ...names.map((name) => ({ name, ...receiverSettings(description, name, true) })),
        ...names.map((name) => ({ name: testReceiver(name), ...receiverSettings(description, name, false) })),
    ];
}

const bridgeUrl = (machine: MachineDescription | undefined, path: string) =>
    `http://${machine?.address}:${smsBridgePort}/${path}`;

function receiverSettings(description: LabDescription, name: ReceiverName, resolved: boolean): Omit<Receiver, "name"> {
    const { mail, webhook } = description.monitoring;
    switch (name) {
        case "sms": {
            const url = bridgeUrl(smsMachineOf(description), "alarms");
            return { webhook_configs: [{ url, send_resolved: resolved, max_alerts: 5 }] };
        }
        case "webhook":
            return { webhook_configs: [{ url: webhook, send_resolved: resolved }] };
        case "mail":
            return {
                email_configs: [
                    {
                        to: mail.to.join(", "),
                        from: mail.from,
                        smarthost: mail.relay,
                        // A relay in the own network has no certificate. Port 465 is TLS nevertheless.
                        require_tls: false,
                        send_resolved: resolved,
                        headers: { Subject: subject(description.site.hostName) },
                        html: "",
                        text: mailText,
                    },
                ],
            };
    }
}

/** Templates of Alertmanager. A group that fires may have alerts that have ended: those are none of the subject's. */
const subject = (site: string) =>
    '{{ $alerts := .Alerts.Resolved }}{{ if eq .Status "firing" }}{{ $alerts = .Alerts.Firing }}ALARM' +
    "{{ else }}resolved{{ end }} " +
    `${site}: {{ (index $alerts 0).Annotations.summary }}` +
    "{{ if gt (len $alerts) 1 }} and {{ len (slice $alerts 1) }} more{{ end }}";
const mailText =
    "{{ range .Alerts }}{{ .Status | toUpper }} {{ .Labels.severity }}: {{ .Annotations.summary }}\n" +
    'since {{ .StartsAt.UTC.Format "2006-01-02 15:04:05" }} UTC' +
    '{{ if eq .Status "resolved" }} until {{ .EndsAt.UTC.Format "2006-01-02 15:04:05" }} UTC{{ end }}\n' +
    "{{ .Annotations.description }}\n" +
    "{{ if .Annotations.runbook }}What to do: {{ .Annotations.runbook }}\n{{ end }}\n{{ end }}";
