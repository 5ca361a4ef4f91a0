import { describe, expect, test } from "vitest";
import { accessOf } from "../../../../../roles/access";
import { readConfiguration } from "../../../../../roles/configuration";
import { chosenMachines, printer } from "../../../../../launcher/commands/logs/command";
import { InOrder } from "../../../../../launcher/commands/logs/follow";
import { MachineLog, timeOf } from "../../../../../launcher/commands/logs/log-line";
import { clockOf, parseSince } from "../../../../../launcher/commands/logs/since";
import { articleLab } from "../../../../support/article";

const { machines } = accessOf(readConfiguration(articleLab(), "test"));
const names = (words: string[]) => chosenMachines(machines, words).map(({ name }) => name);

test("machines are chosen by name and by role; a word that is neither is a mistake", () => {
    expect(names([])).toEqual(["mysql", "nod0", "nod1", "nod2", "nod3", "nod4"]);
    expect(names(["mysql", "director"])).toEqual(["mysql", "nod3", "nod4"]);
    expect(() => names(["nod3", "nod9"])).toThrow("No machine has the name or the role nod9.");
});

describe("--since", () => {
    const now = new Date(2026, 10, 28, 9, 0, 30);
    const seconds = (...parts: [number, number, number, number, number]) => new Date(...parts).getTime() / 1000;

    test.each([
        ["30s", seconds(2026, 10, 28, 9, 0)],
        ["10m", seconds(2026, 10, 28, 8, 50) + 30],
        ["2d", seconds(2026, 10, 26, 9, 0) + 30],
        ["08:30", seconds(2026, 10, 28, 8, 30)],
        ["2026-11-27", seconds(2026, 10, 27, 0, 0)],
        ["2026-11-27 08:30", seconds(2026, 10, 27, 8, 30)],
        ["2026-11-27T08:30:00Z", Date.UTC(2026, 10, 27, 8, 30) / 1000],
    ])("%s", (text, expected) => expect(parseSince(text, now)).toBe(expected));

    test.each(["", "yesterday", "10", "25:00", "2026-13-01"])("%s is no time", (text) =>
        expect(() => parseSince(text, now)).toThrow("For example: 10m"),
    );
});

describe("the time of a line", () => {
    test.each([
        ['1.2.3.4 - - [28/Nov/2026:07:57:09 +0100] "GET / HTTP/1.1" 200 5', "2026-11-28T06:57:09.000Z"],
        ["2026/11/28 07:57:09 [error] 1#1: no answer", "2026-11-28T05:57:09.000Z"],
        ["2026-11-28  7:57:09 0 [Note] MariaDB", "2026-11-28T05:57:09.000Z"],
        ["2026-11-28T07:57:09.123456Z 0 [System] MySQL", "2026-11-28T07:57:09.123Z"],
    ])("%s", (line, iso) => expect(new Date(timeOf(line, "+0200") ?? NaN).toISOString()).toBe(iso));

    test("a line without one has none", () => expect(timeOf("    at java.lang.Thread.run", "+0000")).toBeUndefined());
});

describe("what a machine sends", () => {
    test("entries of the journal, bytes that are no text and several lines among them", () => {
        const log = new MachineLog("nod0");
        const read = (entry: object) => log.read(JSON.stringify({ __REALTIME_TIMESTAMP: "1000500", ...entry }));
        expect(read({ SYSLOG_IDENTIFIER: "sshd", MESSAGE: "one\ntwo" })).toEqual([
            { machine: "nod0", source: "sshd", text: "one", time: 1000.5 },
            { machine: "nod0", source: "sshd", text: "two", time: 1000.5 },
        ]);
        expect(read({ _SYSTEMD_UNIT: "a.service", MESSAGE: [104, 105, 27] })).toEqual([
            { machine: "nod0", source: "a.service", text: "hi?", time: 1000.5 },
        ]);
        expect(read({ MESSAGE: "\u001b[33mwarn\u001b[m" })).toMatchObject([{ text: "warn" }]);
        expect(read({ MESSAGE: null })).toMatchObject([{ source: "journal", text: "" }]);
        expect(log.read('{"MESSAGE":"cut o')).toEqual([]);
    });

    test("lines of files in the machine's time zone; one without a time stays behind the one before it", () => {
        const log = new MachineLog("nod3");
        expect(log.read("zone\t+0100")).toEqual([]);
        const time = Date.UTC(2026, 10, 28, 7, 0, 0);
        expect(log.read("tengine/error.log\t2026/11/28 08:00:00 [crit]\ttab")).toEqual([
            { machine: "nod3", source: "tengine/error.log", text: "2026/11/28 08:00:00 [crit]\ttab", time },
        ]);
        expect(log.read("tengine/error.log\t  more")).toMatchObject([{ text: "  more", time }]);
        expect(log.ended).toBe(false);
        log.read("end\t");
        expect(log.ended).toBe(true);
    });
});

test("lines of several machines are put into the order of their times, also when they come late", () => {
    const order = new InOrder();
    const line = (machine: string, time: number) => ({ machine, time, source: "s", text: "" });
    const times = (lines: { time: number }[]) => lines.map(({ time }) => time);
    order.add([line("a", 3), line("a", 5)]);
    expect(times(order.turn())).toEqual([]);
    order.add([line("b", 4), line("b", 6)]);
    expect(times(order.turn())).toEqual([3, 4, 5]);
    order.add([line("a", 7)]);
    expect(times(order.rest())).toEqual([6, 7]);
    expect(order.rest()).toEqual([]);
});

test("each line has time, machine and source, and on a terminal a colour for each machine", () => {
    const lines = [
        { machine: "nod0", time: 0, source: "sshd", text: "a" },
        { machine: "mysql", time: 0, source: "sshd", text: "b" },
    ];
    const printed = (isColoured: boolean) => {
        let text = "";
        printer(["mysql", "nod0"], { isColoured, write: (part) => void (text += part) })(lines);
        return text;
    };
    const at = clockOf(0);
    expect(printed(false)).toBe(`${at} nod0  sshd: a\n${at} mysql sshd: b\n`);
    expect(printed(true)).toBe(`\u001b[33m${at} nod0  sshd: a\u001b[0m\n\u001b[36m${at} mysql sshd: b\u001b[0m\n`);
});
