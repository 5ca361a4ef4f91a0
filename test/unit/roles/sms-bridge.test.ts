/** The bridge, run by this machine's Python, and a gammu-smsd-inject of the test's own. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { repository } from "../../support/repository";

let folder: string;
let ends: (() => void)[];

/** Its first number is refused as long as the file `refused` exists. It writes a line for each text. */
const inject = (at: string) => `#!/bin/sh
[ ! -e ${at}/refused ] || [ "$4" != "$(cat ${at}/refused)" ] || { echo 'no outbox' >&2; exit 1; }
number=$4
for text do :; done
case " $* " in *" -unicode "*) kind=unicode ;; *) kind=plain ;; esac
printf '%s %s %s\\n' "$number" "$kind" "$text" >> ${at}/texts
`;

beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), "sms-bridge-"));
    fs.mkdirSync(join(folder, "bin"));
    fs.writeFileSync(join(folder, "bin", "gammu-smsd-inject"), inject(folder), { mode: 0o755 });
    ends = [() => fs.rmSync(folder, { recursive: true })];
});
afterEach(() => {
    for (const end of ends.reverse()) end();
});

const texts = () => {
    const file = join(folder, "texts");
    return fs.existsSync(file) ? fs.readFileSync(file, "utf8").trimEnd().split("\n") : [];
};
const refuse = (number: string) => fs.writeFileSync(join(folder, "refused"), number);
const acceptAll = () => fs.rmSync(join(folder, "refused"));

const stateFile = () => join(folder, "state.json");
const readState = () => JSON.parse(fs.readFileSync(stateFile(), "utf8")) as Record<string, unknown>;
const writeState = (state: object) => fs.writeFileSync(stateFile(), JSON.stringify(state));

const never = ["--days=none"];
const always = [
    "--days=monday,tuesday,wednesday,thursday,friday,saturday,sunday",
    "--from-time=00:00",
    "--to-time=24:00",
];

/** Starts the bridge. Without other words it sends alarms alone. */
async function started(...words: string[]) {
    const child = spawn(
        "python3",
        [
            repository("files/usr/libexec/lab/sms-bridge"),
            "--listen=127.0.0.1:0",
            "--site=www.test.com",
            "--number=+86138",
            `--state=${folder}/state.json`,
            `--spool=${folder}`,
            "--tick-seconds=0.02",
            "--start-seconds=0",
            ...never,
            ...words,
        ],
        {
            env: { ...process.env, PATH: `${folder}/bin${delimiter}${process.env.PATH}` },
            stdio: ["ignore", "ignore", "pipe"],
        },
    );
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    const stop = async () => {
        child.kill();
        await ended;
    };
    ends.push(() => child.kill());
    await expect.poll(() => said, { timeout: 20_000 }).toMatch(/listening on port \d+/);
    const port = /port (\d+)/.exec(said)?.[1];
    const post = async (path: string, message: unknown) =>
        (await fetch(`http://127.0.0.1:${port}/${path}`, { method: "POST", body: JSON.stringify(message) })).status;
    return {
        stop,
        said: () => said,
        alarms: (...alerts: object[]) => post("alarms", message(alerts)),
        post,
        beat: () => post("heartbeat", message([alarm("The monitoring works")])),
        metrics: async () => await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
    };
}

const alarm = (summary: string, status = "firing") => ({
    status,
    labels: { alertname: "MachineDown", severity: "critical" },
    annotations: { summary },
});
/** Alertmanager's: the group fires as long as one of its alarms does. */
const message = (alerts: object[], more: object = {}) => ({
    version: "4",
    status: alerts.some((one) => (one as { status: string }).status === "firing") ? "firing" : "resolved",
    alerts,
    truncatedAlerts: 0,
    ...more,
});
const numbered = (count: number) => Array.from({ length: count }, (_, index) => alarm(`nod${index} is down`));

test("a group of alarms is one text to each number", async () => {
    const bridge = await started("--number=+49151");
    expect(await bridge.alarms(alarm("nod0 is down"), alarm("nod2 is down"))).toBe(200);
    expect(texts()).toEqual([
        "+86138 plain www.test.com: ALARM: nod0 is down; nod2 is down",
        "+49151 plain www.test.com: ALARM: nod0 is down; nod2 is down",
    ]);
});

test("resolved alarms are told as such, also beside those that go on", async () => {
    const bridge = await started();
    await bridge.alarms(alarm("nod0 is down", "resolved"), alarm("nod2 is down"));
    await bridge.alarms(alarm("nod2 is down", "resolved"));
    expect(texts()).toEqual([
        "+86138 plain www.test.com: ALARM: nod2 is down. resolved: nod0 is down",
        "+86138 plain www.test.com: resolved: nod2 is down",
    ]);
});

test("a text names five alarms, and how many there are beyond", async () => {
    const bridge = await started();
    await bridge.alarms(...numbered(7));
    await bridge.post("alarms", message(numbered(5), { truncatedAlerts: 4 }));
    const five = "nod0 is down; nod1 is down; nod2 is down; nod3 is down; nod4 is down";
    expect(texts()).toEqual([
        `+86138 plain www.test.com: ALARM: ${five}; and 2 more`,
        `+86138 plain www.test.com: ALARM: ${five}; and 4 more`,
    ]);
});

test("a text that GSM's alphabet lacks is Unicode, and one line", async () => {
    const bridge = await started();
    await bridge.alarms(alarm("nod0\n没有回答"));
    expect(texts()).toEqual(["+86138 unicode www.test.com: ALARM: nod0 没有回答"]);
});

test("when gammu-smsd refuses a text, Alertmanager hears of it and no number gets the text twice", async () => {
    const bridge = await started("--number=+49151");
    refuse("+49151");
    expect(await bridge.alarms(alarm("nod0 is down"))).toBe(503);
    expect(bridge.said()).toContain("+49151: no outbox");
    acceptAll();
    expect(await bridge.alarms(alarm("nod0 is down"))).toBe(200);
    expect(texts().map((line) => line.split(" ")[0])).toEqual(["+86138", "+49151"]);
    expect(await bridge.metrics()).toMatch(/texts_sent_total 1\nlab_sms_texts_failed_total 1\n/);
    // The same alarm on another day is a new text.
    expect(await bridge.alarms(alarm("nod0 is down"))).toBe(200);
    expect(texts()).toHaveLength(4);
});

test("without gammu-smsd-inject the answer is 503, too", async () => {
    fs.rmSync(join(folder, "bin", "gammu-smsd-inject"));
    const bridge = await started();
    expect(await bridge.alarms(alarm("nod0 is down"))).toBe(503);
});

test("the last text of an hour says so; more are suppressed, and Alertmanager does not repeat them", async () => {
    const bridge = await started("--per-hour=2");
    for (let count = 0; count < 4; count += 1) expect(await bridge.alarms(alarm(`alarm ${count}`))).toBe(200);
    expect(texts()).toEqual([
        "+86138 plain www.test.com: ALARM: alarm 0",
        "+86138 plain www.test.com: ALARM: alarm 1 (no more texts within the hour, see the mails)",
    ]);
    expect(await bridge.metrics()).toContain("lab_sms_texts_suppressed_total 2\n");
});

test("what is no message of Alertmanager gets 400, and nothing is sent", async () => {
    const bridge = await started();
    for (const wrong of [[], "text", {}, { alerts: [{}] }, { status: "firing", alerts: 7 }])
        expect(await bridge.post("alarms", wrong)).toBe(400);
    expect(await bridge.post("elsewhere", {})).toBe(404);
    expect(texts()).toEqual([]);
    expect(await bridge.alarms(alarm("nod0 is down"))).toBe(200);
});

test("without a heartbeat the monitoring is silent: told once, and once when it is back", async () => {
    const bridge = await started("--silence-seconds=0.3");
    await expect.poll(texts, { timeout: 20_000 }).toHaveLength(1);
    expect(texts()[0]).toMatch(/^\+86138 plain www\.test\.com: monitoring is silent for \d+ s\. Look at the monitors$/);
    expect(await bridge.metrics()).toContain("lab_sms_monitoring_silent 1\n");
    // Only an alarm that fires is a heartbeat.
    await bridge.post("heartbeat", message([alarm("The monitoring works", "resolved")]));
    expect(await bridge.metrics()).toContain("lab_sms_monitoring_silent 1\n");
    const beats = setInterval(() => void bridge.beat(), 20);
    ends.push(() => clearInterval(beats));
    await expect
        .poll(() => texts().slice(1), { timeout: 20_000 })
        .toEqual(["+86138 plain www.test.com: monitoring is back"]);
    await expect.poll(() => bridge.metrics(), { timeout: 20_000 }).toContain("lab_sms_monitoring_silent 0\n");
});

test("silence that could not be told is told later, also beyond the limit of an hour", async () => {
    refuse("+86138");
    const bridge = await started("--silence-seconds=0.1", "--per-hour=1");
    await expect.poll(bridge.said, { timeout: 20_000 }).toContain("no outbox");
    acceptAll();
    await expect.poll(texts, { timeout: 20_000 }).toHaveLength(1);
    expect(texts()[0]).toContain("monitoring is silent");
});

test("a test message a day in working hours, also over a restart of the bridge", async () => {
    const first = await started(...always);
    await expect.poll(texts, { timeout: 20_000 }).toHaveLength(1);
    expect(texts()[0]).toContain("test message of the day");
    // It answers after it has written down what it has sent.
    await first.metrics();
    await first.stop();
    // The text about silence comes after many looks at the clock.
    const second = await started(...always, "--silence-seconds=0.3");
    await expect.poll(texts, { timeout: 20_000 }).toHaveLength(2);
    expect(texts()[1]).toContain("monitoring is silent");
    await second.stop();
    writeState({ ...readState(), heartbeat: Date.now() / 1000, knowSilence: [], tested: "2026-01-01" });
    await started(...always);
    await expect.poll(texts, { timeout: 20_000 }).toHaveLength(3);
});

test("no test message outside of working hours", async () => {
    await started(...always, "--from-time=00:00", "--to-time=00:00", "--silence-seconds=0.3");
    await expect.poll(texts, { timeout: 20_000 }).toHaveLength(1);
    expect(texts()[0]).toContain("monitoring is silent");
});

describe("over a restart", () => {
    test("the limit of an hour holds, until the texts are older than an hour", async () => {
        const first = await started("--per-hour=2");
        for (const name of ["nod0", "nod1"]) await first.alarms(alarm(`${name} is down`));
        await first.stop();
        const second = await started("--per-hour=2");
        expect(await second.alarms(alarm("nod2 is down"))).toBe(200);
        expect(await second.metrics()).toContain("lab_sms_texts_suppressed_total 1\n");
        expect(texts()).toHaveLength(2);
        await second.stop();
        const sent = readState().sent as number[];
        expect(sent).toHaveLength(2);
        writeState({ ...readState(), sent: sent.map((moment) => moment - 3600) });
        const third = await started("--per-hour=2");
        expect(await third.alarms(alarm("nod3 is down"))).toBe(200);
        expect(texts()).toEqual([
            expect.anything(),
            expect.anything(),
            "+86138 plain www.test.com: ALARM: nod3 is down",
        ]);
    });

    test("no number gets a text twice, and a number that was refused still gets it", async () => {
        const first = await started("--number=+49151");
        refuse("+49151");
        expect(await first.alarms(alarm("nod0 is down"))).toBe(503);
        await first.stop();
        acceptAll();
        const second = await started("--number=+49151");
        expect(await second.alarms(alarm("nod0 is down"))).toBe(200);
        expect(texts().map((line) => line.split(" ")[0])).toEqual(["+86138", "+49151"]);
    });

    test("after an hour the same alarm is a new text, also for a number that has it", async () => {
        const text = "www.test.com: ALARM: nod0 is down";
        const now = Date.now() / 1000;
        writeState({
            heartbeat: now,
            sent: [],
            partly: { [text]: [now - 3601, ["+86138"]] },
            knowSilence: [],
            tested: "",
        });
        const bridge = await started();
        expect(await bridge.alarms(alarm("nod0 is down"))).toBe(200);
        expect(texts()).toEqual([`+86138 plain ${text}`]);
    });

    test("the minutes without a heartbeat go on", async () => {
        const first = await started();
        await first.beat();
        await first.stop();
        const ago = (seconds: number) => writeState({ ...readState(), heartbeat: Date.now() / 1000 - seconds });
        ago(200);
        const second = await started();
        expect(await second.metrics()).toMatch(/heartbeat_age_seconds 2\d\d\.\d/);
        expect(texts()).toEqual([]);
        await second.stop();
        ago(301);
        await started();
        await expect.poll(texts, { timeout: 20_000 }).toHaveLength(1);
        expect(texts()[0]).toMatch(/monitoring is silent for 3\d\d s/);
    });

    test("after a long time without power the monitoring has a while to send its heartbeat", async () => {
        const first = await started();
        await first.beat();
        await first.stop();
        writeState({ ...readState(), heartbeat: Date.now() / 1000 - 5000 });
        const second = await started("--start-seconds=4");
        await second.beat();
        await expect.poll(() => second.metrics()).toMatch(/heartbeat_age_seconds 0\.\d/);
        await second.stop();
        // Of a monitoring that is away it tells afterwards.
        writeState({ ...readState(), heartbeat: Date.now() / 1000 - 5000 });
        await started("--start-seconds=4");
        await expect.poll(texts, { timeout: 20_000 }).toHaveLength(1);
        expect(texts()[0]).toMatch(/monitoring is silent for 50\d\d s/);
    });

    test("silence is told once, and its end too", async () => {
        const first = await started("--silence-seconds=0.3");
        await expect.poll(texts, { timeout: 20_000 }).toHaveLength(1);
        await first.metrics();
        await first.stop();
        const second = await started("--silence-seconds=0.3");
        await expect.poll(() => second.metrics(), { timeout: 20_000 }).toContain("lab_sms_monitoring_silent 1\n");
        await second.stop();
        const third = await started("--silence-seconds=300");
        await third.beat();
        await expect
            .poll(() => texts().slice(1), { timeout: 20_000 })
            .toEqual(["+86138 plain www.test.com: monitoring is back"]);
    });
});

test.each([["no JSON"], ["[]"], ['{"heartbeat": "yesterday"}'], ['{"heartbeat": 1, "sent": 7}'], [""]])(
    "a broken state file, %j, is told and replaced",
    async (content) => {
        fs.writeFileSync(stateFile(), content);
        const bridge = await started();
        expect(bridge.said()).toContain(`${stateFile()} is broken`);
        expect(await bridge.alarms(alarm("nod0 is down"))).toBe(200);
        expect(texts()).toHaveLength(1);
        expect(readState()).toMatchObject({ partly: {}, knowSilence: [], tested: "" });
        expect(readState().sent).toHaveLength(1);
        expect(fs.readdirSync(folder).filter((name) => name.endsWith(".new"))).toEqual([]);
    },
);

test("a state that cannot be written keeps no text back, and no test message comes twice", async () => {
    const bridge = await started(...always, `--state=${folder}/away/state.json`, "--silence-seconds=0.5");
    await expect.poll(texts, { timeout: 20_000 }).toHaveLength(2);
    expect(texts()[1]).toContain("monitoring is silent");
    expect(await bridge.alarms(alarm("nod0 is down"))).toBe(200);
    expect(bridge.said()).toContain("state.json cannot be written");
});

test("a number that was told of the silence is not told again because another one is refused", async () => {
    refuse("+49151");
    const bridge = await started("--number=+49151", "--silence-seconds=0.1");
    await expect.poll(() => bridge.said().split("no outbox").length, { timeout: 20_000 }).toBeGreaterThan(3);
    expect(texts()).toHaveLength(1);
    acceptAll();
    await expect.poll(texts, { timeout: 20_000 }).toHaveLength(2);
    expect(texts()[1]).toMatch(/^\+49151 plain .*monitoring is silent/);
});

test("its own numbers: files of gammu's folders, too", async () => {
    for (const name of ["outbox", "sent", "error"]) fs.mkdirSync(join(folder, name));
    fs.writeFileSync(join(folder, "sent", "OUT1"), "");
    const bridge = await started();
    const lines = (await bridge.metrics()).trimEnd().split("\n");
    expect(lines).toContain('lab_sms_messages{folder="outbox"} 0');
    expect(lines).toContain('lab_sms_messages{folder="sent"} 1');
    expect(lines.find((line) => line.startsWith("lab_sms_heartbeat_age_seconds"))).toMatch(/ \d+\.\d$/);
});
