/** Alarms on their way to people: Alertmanager's file read by amtool, and the bridge with gammu's own daemon and phone. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../lib/run";
import { words } from "../../lib/shell";
import { alertmanagerText } from "../../roles/alertmanager-config";
import { render } from "../../roles/template";
import { articleLab, siteWith } from "../support/article";
import { amtool, gammu } from "../support/debian-programs";
import { repository } from "../support/repository";

let folder: string;
let children: ChildProcess[];
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "alarms-"));
    children = [];
});
afterEach(async () => {
    await Promise.all(children.map(stop));
    rmSync(folder, { recursive: true });
});

async function stop(child: ChildProcess) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const end = once(child, "exit");
    child.kill();
    await end;
}

describe("Alertmanager's file", () => {
    const description = siteWith({
        machines: {
            ...articleLab().machines,
            nod1: { address: "192.168.0.201", roles: ["memcached", "sms"] },
            nod5: { address: "192.168.0.206", roles: ["monitor"] },
        },
        monitoring: { mail: { to: ["a@example.org"], relay: "192.168.0.1:25" }, webhook: "http://192.168.0.1/x" },
        sms: { device: "dummy", numbers: ["+15555550100"] },
    });

    test.each([
        [["alertname=MachineDown", "severity=critical", "machine=nod0"], "sms,webhook,mail"],
        [["alertname=LoadHigh", "severity=warning"], "webhook,mail"],
        [["alertname=Other", "severity=info"], "page"],
        [["alertname=Watchdog", "severity=info"], "heartbeat"],
        [["alertname=TestAlarm", "receiver=mail", "test=1"], "mail-test"],
    ])("is accepted, and %j goes to %s", async (labels, receivers) => {
        const file = join(folder, "alertmanager.yml");
        writeFileSync(file, alertmanagerText(description));
        const program = await amtool();
        await run([program, "check-config", file]);
        const found = await run([program, "config", "routes", "test", `--config.file=${file}`, ...labels]);
        expect(found.trim()).toBe(receivers);
    });
});

describe("the bridge, with gammu's daemon and dummy phone", () => {
    const number = "+15555550100";
    const site = "www.test.com";
    let programs: Awaited<ReturnType<typeof gammu>>;
    let url: string;
    beforeAll(async () => {
        programs = await gammu();
    });

    beforeEach(async () => {
        const phone = ["", 1, 2, 3, 4, 5].map((kind) => `phone/sms/${kind}`);
        for (const name of ["bin", "inbox", "outbox", "sent", "error", ...phone])
            mkdirSync(join(folder, name), { recursive: true });
        const configuration = { isDummy: true, dummyFolder: join(folder, "phone"), device: "", spool: folder };
        writeFileSync(join(folder, "gammu-smsdrc"), render("etc/gammu-smsdrc", configuration));
        const inject = `#!/bin/sh\nexec ${words(programs.inject)} "$@"\n`;
        writeFileSync(join(folder, "bin", "gammu-smsd-inject"), inject, { mode: 0o755 });
        const bridge = spawn(
            "python3",
            [
                repository("files/usr/libexec/lab/sms-bridge"),
                "--listen=127.0.0.1:0",
                `--site=${site}`,
                `--number=${number}`,
                "--days=none",
                `--state=${folder}/state.json`,
                `--spool=${folder}`,
                `--configuration=${folder}/gammu-smsdrc`,
            ],
            {
                env: { ...process.env, PATH: `${folder}/bin${delimiter}${process.env.PATH}` },
                stdio: ["ignore", "ignore", "pipe"],
            },
        );
        children.push(bridge);
        let said = "";
        bridge.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
        await expect.poll(() => said, { timeout: 20_000 }).toMatch(/listening on port \d+/);
        url = `http://127.0.0.1:${/port (\d+)/.exec(said)?.[1]}`;
    });

    const post = async (...alerts: { status: string }[]) =>
        (await fetch(`${url}/alarms`, { method: "POST", body: JSON.stringify({ status: alerts[0]?.status, alerts }) }))
            .status;
    const alarm = (summary: string, status = "firing") => ({ status, labels: {}, annotations: { summary } });
    const metrics = async () => (await fetch(`${url}/metrics`)).text();
    /** Files of a folder. gammu-smsd keeps each message of a text in one, in UTF-16. */
    const messages = (name: string) =>
        readdirSync(join(folder, name))
            .filter((file) => file.startsWith("OUT"))
            .sort()
            .map((file) =>
                new TextDecoder("utf-16be").decode(readFileSync(join(folder, name, file))).replace(/^\uFEFF/, ""),
            );
    const startDaemon = () => {
        const [program = "", ...more] = programs.daemon;
        children.push(spawn(program, [...more, "--config", join(folder, "gammu-smsdrc")], { stdio: "ignore" }));
    };

    test("an alarm comes out of the phone, and its end, in any script", async () => {
        expect(await post(alarm("nod0 is down"))).toBe(200);
        expect(await post(alarm("nod0 没有回答", "resolved"))).toBe(200);
        expect(await metrics()).toContain('lab_sms_messages{folder="outbox"} 2\n');
        startDaemon();
        await expect.poll(() => messages("sent"), { timeout: 60_000 }).toHaveLength(2);
        expect(messages("sent").sort()).toEqual([`${site}: ALARM: nod0 is down`, `${site}: resolved: nod0 没有回答`]);
        const now = await metrics();
        expect(now).toContain("lab_sms_texts_sent_total 2\n");
        expect(now).toContain('lab_sms_messages{folder="outbox"} 0\n');
        expect(now).toContain('lab_sms_messages{folder="sent"} 2\n');
    });

    test("a long text is several messages, and whole", async () => {
        const summaries = Array.from({ length: 5 }, (_, index) => `nod${index} ${"x".repeat(60)}`);
        expect(await post(...summaries.map((summary) => alarm(summary)))).toBe(200);
        const parts = messages("outbox");
        expect(parts.length).toBeGreaterThan(1);
        expect(parts.join("")).toBe(`${site}: ALARM: ${summaries.join("; ")}`);
    });

    test("without gammu's folder the answer is 503, and 200 when it is back", async () => {
        rmSync(join(folder, "outbox"), { recursive: true });
        expect(await post(alarm("nod0 is down"))).toBe(503);
        mkdirSync(join(folder, "outbox"));
        expect(await post(alarm("nod0 is down"))).toBe(200);
        expect(messages("outbox")).toEqual([`${site}: ALARM: nod0 is down`]);
        expect(await metrics()).toContain("lab_sms_texts_failed_total 1\n");
    });
});
