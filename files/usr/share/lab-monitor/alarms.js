/** Firing alarms, the worst first. */
import { element } from "./dom.js";
import { dayAndTime } from "./format.js";

const order = ["critical", "warning", "info"];
const rank = ({ labels }) => (order.indexOf(labels.severity) + order.length + 1) % (order.length + 1);

/** Watchdog fires always: it shows that alarms arrive. */
export const shownAlarms = (alarms) =>
    alarms
        .filter(({ labels }) => labels.alertname !== "Watchdog")
        .sort((a, b) => Number(a.isQuiet) - Number(b.isQuiet) || rank(a) - rank(b) || b.since - a.since);

/** docs/runbooks/NAME.md of an annotation. Nothing else becomes a link. */
const runbookOf = ({ annotations }) => /(?:^|\/)runbooks\/([a-z0-9-]+)\.md$/.exec(annotations.runbook ?? "")?.[1];

export function updateAlarms(list, alarms) {
    const key = JSON.stringify(alarms);
    if (list.dataset.key === key) return;
    list.dataset.key = key;
    list.replaceChildren(
        ...(alarms.length === 0
            ? [element("li", { class: "card none" }, "No alarm is firing.")]
            : alarms.map((alarm) => itemOf(alarm))),
    );
}

function itemOf(alarm) {
    const { labels, annotations, since, isQuiet } = alarm;
    const runbook = runbookOf(alarm);
    const severity = order.includes(labels.severity) ? labels.severity : "info";
    return element(
        "li",
        { class: `card alarm ${severity}${isQuiet ? " muted" : ""}` },
        element("span", { class: "severity" }, isQuiet ? "silenced" : severity),
        element("strong", {}, annotations.summary ?? labels.alertname ?? "Alarm"),
        element("span", { class: "quiet" }, `since ${dayAndTime(since)}`),
        runbook ? element("a", { href: `runbooks/${runbook}.md` }, "What to do") : undefined,
        annotations.description ? element("p", {}, annotations.description) : undefined,
    );
}
