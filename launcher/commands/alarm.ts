import { Argument, type Command } from "commander";
import { UserError } from "../../lib/errors";
import { directCurlText } from "../../lib/proxies";
import { quote } from "../../lib/shell";
import { alignColumns } from "../../lib/table";
import { inTime } from "../../lib/until";
import { receiversOf, testAlarm, testReceiver, type ReceiverName } from "../../roles/alertmanager-config";
import { alertmanagerPort } from "../../roles/alertmanager";
import { smsSpool } from "../../roles/sms";
import { labCommand } from "../command";
import { CannotRun, RunningLab } from "../stack/running-lab";

/** Alertmanager's own time limit for one notification is 30 s. */
const seconds = 45;
/** Alertmanager repeats a refused notification for hours. So many refusals in a row are an answer. */
const refusals = 3;

export interface Arrival {
    receiver: ReceiverName;
    arrived: boolean;
    /** What is known of it. */
    note: string;
}

export const alarmCommand = (): Command =>
    labCommand({
        name: "alarm",
        group: "look",
        help:
            "`alarm test` sends a test alarm by text, webhook and mail, and says what arrived; " +
            "exit code 1 if something did not",
        run: async ({ stack }) => {
            const lab = await RunningLab.open(stack);
            const receivers = receiversOf(lab.description);
            if (receivers.length === 0)
                throw new UserError(
                    "The stack has nobody who hears of alarms.",
                    "Set lab:monitoring.mail, lab:monitoring.webhook or lab:sms (docs/alarms.md).",
                );
            const arrivals = await Promise.all(receivers.map((receiver) => tryReceiver(lab, receiver)));
            process.stdout.write(arrivalTable(arrivals));
            return arrivals.every(({ arrived }) => arrived) ? 0 : 1;
        },
    }).addArgument(new Argument("<ACTION>", "what to do").choices(["test"]));

async function tryReceiver(lab: RunningLab, receiver: ReceiverName): Promise<Arrival> {
    const name = testReceiver(receiver);
    const test = `${receiver}-${Date.now().toString(36)}`;
    const before = await notifications(lab, name);
    await send(lab, receiver, test);
    let now = before;
    await inTime(
        async () => {
            now = await notifications(lab, name);
            return now.delivered > before.delivered || now.failed >= before.failed + refusals;
        },
        { seconds, everyMs: 500 },
    );
    const arrived = now.delivered > before.delivered;
    if (!arrived)
        return {
            receiver,
            arrived,
            note:
                now.failed > before.failed
                    ? `refused; journalctl -u ${lab.platform.monitoring?.alertmanager.unit} on the monitors says why`
                    : `Alertmanager did not send it within ${seconds} s`,
        };
    return receiver === "sms" ? throughModem(lab, test) : { receiver, arrived, note: "taken" };
}

/** The bridge took the text. The modem has to have sent it, too. */
async function throughModem(lab: RunningLab, test: string): Promise<Arrival> {
    const [machine] = lab.requireMachines("sms");
    if (!machine) throw new CannotRun("the lab has no machine with the role sms");
    const { numbers } = lab.description.sms;
    let sent = 0;
    const arrived = await inTime(
        async () => {
            sent = Number(await lab.sh(machine, sentTexts(test)));
            return sent >= numbers.length;
        },
        { seconds, everyMs: 500 },
    );
    const note =
        `the modem of ${machine.name} sent it to ${sent} of ${numbers.length} numbers` +
        (arrived ? "" : `; look at ${smsSpool}/outbox and error there, and at journalctl -u sms-bridge`);
    return { receiver: "sms", arrived, note };
}

/** Shell text that counts the sent messages with a word. gammu writes them in UTF-16. */
export const sentTexts = (word: string, folder = `${smsSpool}/sent`) =>
    `count=0
for file in ${folder}/*; do
    if tr -d '\\000' < "$file" 2>/dev/null | grep -aqF ${quote(word)}; then count=$((count + 1)); fi
done
echo "$count"`;

/**
 * To every monitor, as Prometheus does it. They tell each other who has told whom. Alertmanager ends the alarm after ten
 * minutes by itself; nobody hears of it.
 */
async function send(lab: RunningLab, receiver: ReceiverName, test: string): Promise<void> {
    const alarm = {
        labels: { alertname: testAlarm, severity: "info", receiver, test },
        annotations: {
            summary: `Test alarm ${test}`,
            description: "Somebody ran ./lab alarm test. Nothing has happened.",
        },
        endsAt: new Date(Date.now() + 600_000).toISOString(),
    };
    const post =
        `${directCurlText} -sS -f --max-time 10 -H 'Content-Type: application/json' ` +
        `-d ${quote(JSON.stringify([alarm]))} http://127.0.0.1:${alertmanagerPort}/api/v2/alerts`;
    // One that takes the alarm is enough: another monitor may be down.
    await Promise.any(lab.requireMachines("monitor").map((monitor) => lab.sh(monitor, post))).catch(
        ({ errors: [first] }: AggregateError) => {
            throw first;
        },
    );
}

/** The notifications of a receiver, of all Alertmanagers together: any of them may be the one that sends. */
async function notifications(lab: RunningLab, receiver: string) {
    const texts = await Promise.all(
        lab.machinesWith("monitor").map((monitor) =>
            lab
                .sh(monitor, `${directCurlText} -sS -f --max-time 10 http://127.0.0.1:${alertmanagerPort}/metrics`)
                // Another monitor may be down.
                .catch(() => ""),
        ),
    );
    return countsOf(texts.join("\n"), receiver);
}

/** Attempts of a receiver, from Alertmanager's own metrics. */
export function countsOf(metrics: string, receiver: string): { delivered: number; failed: number } {
    const sum = (metric: string) =>
        metrics
            .split("\n")
            .filter((line) => line.startsWith(`${metric}{`) && line.includes(`receiver_name="${receiver}"`))
            .reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
    const failed = sum("alertmanager_notification_requests_failed_total");
    return { delivered: sum("alertmanager_notification_requests_total") - failed, failed };
}

export const arrivalTable = (arrivals: Arrival[]): string =>
    `${alignColumns([
        ["receiver", "arrived", ""],
        ...arrivals.map(({ receiver, arrived, note }) => [receiver, arrived ? "yes" : "NO", note]),
    ])}\n`;
