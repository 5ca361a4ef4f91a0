import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { arrivalTable, countsOf, sentTexts } from "../../../../launcher/commands/alarm";

/** Of two Alertmanagers. */
const metrics = `# TYPE alertmanager_notification_requests_total counter
alertmanager_notification_requests_total{integration="email",receiver_name="mail-test"} 3
alertmanager_notification_requests_total{integration="email",receiver_name="mail"} 40
alertmanager_notification_requests_total{integration="webhook",receiver_name="sms-test"} 1
alertmanager_notification_requests_failed_total{integration="email",receiver_name="mail-test"} 2
alertmanager_notification_requests_failed_total{integration="email",receiver_name="mail"} 5
alertmanager_notification_requests_total{integration="email",receiver_name="mail-test"} 1
`;

test("what a receiver got, from Alertmanager's metrics: its own alone, of all Alertmanagers", () => {
    expect(countsOf(metrics, "mail-test")).toEqual({ delivered: 2, failed: 2 });
    expect(countsOf(metrics, "sms-test")).toEqual({ delivered: 1, failed: 0 });
    expect(countsOf("", "mail-test")).toEqual({ delivered: 0, failed: 0 });
});

test("the table says of each receiver whether its alarm arrived", () => {
    const text = arrivalTable([
        { receiver: "sms", arrived: true, note: "the modem of nod1 sent 2 messages" },
        { receiver: "mail", arrived: false, note: "refused" },
    ]);
    expect(text.split("\n").map((line) => line.trimEnd())).toEqual([
        "receiver  arrived",
        "sms       yes      the modem of nod1 sent 2 messages",
        "mail      NO       refused",
        "",
        "",
    ]);
});

test("the sent messages with a test's word are counted, in gammu's UTF-16", () => {
    const folder = fs.mkdtempSync(join(tmpdir(), "lab-sent-"));
    const count = (word: string) => execFileSync("sh", ["-c", sentTexts(word, folder)], { encoding: "utf8" });
    try {
        expect(count("sms-a1")).toBe("0\n");
        for (const [name, text] of Object.entries({
            one: "Test alarm sms-a1",
            two: "Test alarm sms-a1",
            three: "sms-b2",
        }))
            fs.writeFileSync(join(folder, name), Buffer.from(`\ufeff${text}`, "utf16le").swap16());
        expect(count("sms-a1")).toBe("2\n");
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
});
