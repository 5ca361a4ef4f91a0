import type { LabDescription } from "../config/description";
import { smsBridgePort, smsMachineOf } from "./sms";

/** Severities of which people hear. Others are on the page alone. */
const heard = 'severity=~"warning|critical"';
const workingHoursName = "working-hours";
/** The alarm of `./lab alarm test`. Its label `receiver` says who gets it, at any time of day. */
export const testAlarm = "TestAlarm";

interface Route {
    receiver: string;
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

/** Names of the receivers that reach people, as the settings have them. */
export function receiversOf({ monitoring, sms, machines }: LabDescription): ("sms" | "webhook" | "mail")[] {
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
    const has = (name: (typeof names)[number]) => names.includes(name);
    return [
        {
            receiver: smsMachineOf(description) ? "heartbeat" : "page",
            matchers: ['alertname="Watchdog"'],
            group_wait: "0s",
            group_interval: "1m",
            // Shorter than the interval: with the same time every second heartbeat would be left out.
            repeat_interval: "50s",
        },
        ...names.map((receiver): Route => ({
            receiver,
            matchers: [`alertname="${testAlarm}"`, `receiver="${receiver}"`],
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
            ...(route.mute_time_intervals && { mute_time_intervals: route.mute_time_intervals }),
        },
    ],
});

function receivers(description: LabDescription): Receiver[] {
    const { mail, webhook } = description.monitoring;
    const names = receiversOf(description);
    const machine = smsMachineOf(description);
    const bridge = (path: string) => `http://${machine?.address}:${smsBridgePort}/${path}`;
    return [
        ...(machine
            ? [{ name: "heartbeat", webhook_configs: [{ url: bridge("heartbeat"), send_resolved: false }] }]
            : []),
        ...(names.includes("sms")
            ? [{ name: "sms", webhook_configs: [{ url: bridge("alarms"), send_resolved: true, max_alerts: 5 }] }]
            : []),
        ...(names.includes("webhook")
            ? [{ name: "webhook", webhook_configs: [{ url: webhook, send_resolved: true }] }]
            : []),
        ...(names.includes("mail")
            ? [
                  {
                      name: "mail",
                      email_configs: [
                          {
                              to: mail.to.join(", "),
                              from: mail.from,
                              smarthost: mail.relay,
                              // A relay in the own network has no certificate. Port 465 is TLS nevertheless.
                              require_tls: false,
                              send_resolved: true,
                              headers: { Subject: subject(description.site.hostName) },
                              html: "",
                              text: mailText,
                          },
                      ],
                  },
              ]
            : []),
    ];
}

/** Templates of Alertmanager. */
const subject = (site: string) =>
    `{{ if eq .Status "firing" }}ALARM{{ else }}resolved{{ end }} ${site}: ` +
    "{{ (index .Alerts 0).Annotations.summary }}{{ if gt (len .Alerts) 1 }} and {{ len (slice .Alerts 1) }} more{{ end }}";
const mailText =
    "{{ range .Alerts }}{{ .Status | toUpper }} {{ .Labels.severity }}: {{ .Annotations.summary }}\n" +
    'since {{ .StartsAt.UTC.Format "2006-01-02 15:04:05" }} UTC' +
    '{{ if eq .Status "resolved" }} until {{ .EndsAt.UTC.Format "2006-01-02 15:04:05" }} UTC{{ end }}\n' +
    "{{ .Annotations.description }}\n{{ if .Annotations.runbook }}What to do: {{ .Annotations.runbook }}\n{{ end }}\n{{ end }}";
