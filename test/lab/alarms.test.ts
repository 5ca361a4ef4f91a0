/**
 * Alarms from a machine without power to a mailbox and to gammu's dummy phone, by night and by day, with a real SMTP
 * server and a webhook. Two monitors see everything, and each alarm is told once. Time of day: the stack's working
 * hours are chosen so that now is inside or outside of them.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { quote } from "../../lib/shell";
import { Checkout } from "../support/checkout";

let lab: Checkout;

/** Working days: all but today and its neighbours, or all. UTC, as the stack's time zone. */
const days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const today = new Date().getUTCDay();
const otherDays = [2, 3, 4, 5].map((more) => days[(today + more) % 7]);
const hours = (working: (string | undefined)[]) =>
    `workingHours: { days: [ ${working.join(", ")} ], from: "00:00", to: "24:00" }`;

const stackFile = `config:
  lab:machineKind: container
  lab:platform: debian-13
  lab:hypervisor: lxc:///system
  lab:isolated: true
  lab:packageProxy: 3142
  lab:virtualAddress: 192.168.0.111
  lab:machines:
    nod0: { address: 192.168.0.200, roles: [ app, memcached ] }
    nod1: { address: 192.168.0.201, roles: [ memcached, sms ] }
    nod3: { address: 192.168.0.203, roles: [ director ], priority: 180 }
    mysql: { address: 192.168.0.205, roles: [ database ] }
    nod5: { address: 192.168.0.206, roles: [ monitor ] }
    nod6: { address: 192.168.0.207, roles: [ monitor ] }
  lab:director: { source: nginx-1.26.3 }
  lab:sms: { device: dummy, numbers: [ "+15555550100" ] }
  lab:monitoring:
    smsPerHour: 60
    mail: { to: [ admin@example.org ], relay: "127.0.0.1:1025" }
    webhook: "http://127.0.0.1:8088/"
    ${hours(otherDays)}
`;

/** Each monitor has a mail server and a webhook's receiver of its own: so they show which monitor has told. */
const monitors = ["nod5", "nod6"];
const startMailbox =
    "systemd-run --quiet --unit=mailbox " +
    "/usr/bin/aiosmtpd -n -l 127.0.0.1:1025 -c aiosmtpd.handlers.Mailbox /root/mail";
const hook = `import http.server
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        with open("/root/hook", "ab") as file:
            file.write(self.rfile.read(int(self.headers["Content-Length"])) + b"\\n")
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", 8088), Hook).serve_forever()`;
const startHook = `printf '%s' ${quote(hook)} > /root/hook.py && systemd-run --quiet --unit=hook python3 /root/hook.py`;

beforeAll(async () => {
    lab = await Checkout.create("alarms");
    lab.write("Pulumi.alarms.yaml", stackFile);
    await lab.ok("up");
    const install = "apt-get install -y -qq --no-install-recommends python3-aiosmtpd >/dev/null";
    const script = `apt-get update -qq && ${install} && ${startMailbox} && ${startHook}`;
    await Promise.all(monitors.map((monitor) => lab.ok("ssh", monitor, script)));
});
afterAll(() => lab.remove());

const texts = async () =>
    (
        await lab.ok(
            "ssh",
            "nod1",
            `cd /var/spool/gammu/sent && for f in OUT*; do tr -d '\\000\\376\\377' < "$f"; echo; done`,
        )
    )
        .split("\n")
        .filter((line) => line.startsWith("www.test.com"));
/** Lines of all monitors that answer. */
const onMonitors = async (script: string, asked = monitors) =>
    (await Promise.all(asked.map((monitor) => lab.lab("ssh", monitor, `${script} || true`))))
        .flatMap(({ stdout }) => stdout.split("\n"))
        .filter(Boolean);
const mails = async (asked = monitors) =>
    (await onMonitors("grep -rh ^Subject: /root/mail/new", asked)).map((line) => line.replace("Subject: ", ""));
/** What the webhook was told: the group's status, and each alarm. */
const hooks = async (asked = monitors) =>
    (await onMonitors("cat /root/hook", asked)).map((line) => {
        const { status, alerts } = JSON.parse(line) as Notification;
        return `${status}: ${alerts.map(({ annotations }) => annotations.summary).join(", ")}`;
    });
interface Notification {
    status: string;
    alerts: { annotations: { summary: string } }[];
}
const virsh = (verb: string, machine: string) => lab.ok("exec", "virsh", "-q", "-c", "lxc:///system", verb, machine);
const soon = (seconds: number) => ({ timeout: seconds * 1000, interval: 1000 });
const down = (machine: string) => `${machine} does not answer`;

test("at night a machine without power is told by mail and text within 75 s, what follows from it is not", async () => {
    await virsh("destroy", "nod0");
    const told = Promise.all([
        expect.poll(texts, soon(75)).toContain(`www.test.com: ALARM: ${down("nod0")}`),
        expect.poll(mails, soon(75)).toContain(`ALARM www.test.com: ${down("nod0")}`),
    ]);
    await told;
    // Of memcached on the same machine nobody hears.
    expect((await mails()).join("\n")).not.toMatch(/memcached/i);
});

test("the end of the alarm is told once", async () => {
    await virsh("start", "nod0");
    await expect.poll(texts, soon(150)).toContain(`www.test.com: resolved: ${down("nod0")}`);
    await expect.poll(mails, soon(150)).toContain(`resolved www.test.com: ${down("nod0")}`);
    expect((await texts()).filter((text) => text.includes(down("nod0")))).toHaveLength(2);
    expect((await mails()).filter((text) => text.includes(down("nod0")))).toHaveLength(2);
    await expect.poll(hooks, soon(75)).toContain(`resolved: ${down("nod0")}`);
});

test("./lab alarm test says what arrived, and fails when the relay is away", async () => {
    const well = await lab.lab("alarm", "test");
    expect(well.all).toMatch(/^sms +yes +the modem of nod1 sent it to 1 of 1 numbers$/m);
    expect(well.all).toMatch(/^mail +yes/m);
    expect(well.all).toMatch(/^webhook +yes/m);
    expect(well.code).toBe(0);
    await Promise.all(monitors.map((monitor) => lab.ok("ssh", monitor, "systemctl stop mailbox")));
    const refused = await lab.lab("alarm", "test");
    expect(refused.all).toMatch(/^mail +NO +refused/m);
    expect(refused.code).toBe(1);
    await Promise.all(monitors.map((monitor) => lab.ok("ssh", monitor, startMailbox)));
});

test("of two monitors one has told, also long after the other one could have", async () => {
    const about = (told: string[]) => told.filter((text) => text.includes(down("nod0")));
    expect(about(await texts())).toHaveLength(2);
    expect(about(await mails())).toHaveLength(2);
    expect(about(await hooks())).toEqual([`firing: ${down("nod0")}`, `resolved: ${down("nod0")}`]);
});

test("by day there is mail alone, and a text is the test message of the day", async () => {
    lab.edit("Pulumi.alarms.yaml", hours(otherDays), hours(days));
    await lab.ok("up");
    await expect.poll(texts, soon(30)).toContainEqual(expect.stringContaining("test message of the day"));
    const before = await texts();
    await virsh("destroy", "mysql");
    await expect.poll(mails, soon(75)).toContain(`ALARM www.test.com: ${down("mysql")}`);
    expect(await texts()).toEqual(before);
});

test("when a monitor is down, the other one tells of it, once", async () => {
    const [gone = "", rest = ""] = monitors;
    await virsh("destroy", gone);
    // The database is down, too: both are one group.
    const isTold = (text: string) => text.startsWith("firing: ") && text.includes(down(gone));
    await expect.poll(() => hooks([rest]), soon(75)).toContainEqual(expect.toSatisfy(isTold));
    await expect.poll(() => mails([rest]), soon(30)).toContainEqual(expect.stringMatching(/^ALARM .* and 1 more$/));
    expect((await hooks([rest])).filter(isTold)).toHaveLength(1);
});

test("when the last monitor's Alertmanager stops, the bridge says that the monitoring is silent", async () => {
    await lab.ok("ssh", "nod6", "systemctl stop prometheus-alertmanager");
    // Shorter times than five minutes, and than those after a start.
    await lab.ok(
        "ssh",
        "nod1",
        "mkdir -p /etc/systemd/system/sms-bridge.service.d && " +
            "{ echo '[Service]'; echo ExecStart=; sed -n '/^ExecStart/,/state=/p' /etc/systemd/system/sms-bridge.service " +
            "| sed 's/--listen/--silence-seconds=5 --start-seconds=0 --listen/'; } > /etc/systemd/system/sms-bridge.service.d/test.conf && " +
            "systemctl daemon-reload && systemctl restart sms-bridge",
    );
    await expect
        .poll(texts, soon(60))
        .toContainEqual(expect.stringMatching(/monitoring is silent for \d+ s\. Look at the monitors/));
});
