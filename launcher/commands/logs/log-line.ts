/** Reads what read-logs.sh prints on a machine. */

export interface LogLine {
    machine: string;
    /** Who wrote the line: a program's name in the journal, or a file below /var/log. */
    source: string;
    text: string;
    /** Milliseconds since 1970. */
    time: number;
}

interface JournalEntry {
    __REALTIME_TIMESTAMP?: string;
    SYSLOG_IDENTIFIER?: Field;
    _SYSTEMD_UNIT?: Field;
    MESSAGE?: Field;
}

/** A field of the journal in JSON: text, bytes that are no text, several values, or nothing. */
type Field = string | number[] | string[] | null;

/** The lines of one machine. Tells `ended` when everything that was logged before has been read. */
export class MachineLog {
    ended = false;
    private zone = "+0000";
    /** A line without a time belongs to the line before it in the same file. */
    private readonly newest = new Map<string, number>();

    constructor(private readonly machine: string) {}

    /** The log lines in one line of the machine's output: none, one, or several of a message with line ends. */
    read(line: string): LogLine[] {
        if (line.startsWith("{")) return this.entry(line);
        const [source = "", ...rest] = line.split("\t");
        const text = rest.join("\t");
        if (source === "zone") this.zone = text;
        else if (source === "end") this.ended = true;
        else {
            const time = timeOf(text, this.zone) ?? this.newest.get(source) ?? 0;
            this.newest.set(source, time);
            return [{ machine: this.machine, source, text: printable(text), time }];
        }
        return [];
    }

    private entry(json: string): LogLine[] {
        const entry = parsed(json);
        if (entry === undefined) return [];
        const source = (textOf(entry.SYSLOG_IDENTIFIER) || textOf(entry._SYSTEMD_UNIT) || "journal").trim();
        return textOf(entry.MESSAGE)
            .split("\n")
            .map((text) => ({
                machine: this.machine,
                source: printable(source),
                text: printable(text),
                time: Number(entry.__REALTIME_TIMESTAMP) / 1000,
            }));
    }
}

/** Undefined for the half entry of a machine that went away. */
function parsed(json: string): JournalEntry | undefined {
    try {
        return JSON.parse(json) as JournalEntry;
    } catch {
        return undefined;
    }
}

function textOf(field: Field | undefined): string {
    if (typeof field === "string") return field;
    if (!field) return "";
    return typeof field[0] === "number" ? Buffer.from(field as number[]).toString("utf8") : field.join(" ");
}

/* eslint-disable no-control-regex */
/** What some programs colour their messages with (ECMA-48, SGR). */
const colour = /\u001b\[[0-9;]*m/g;
const control = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g;
/* eslint-enable no-control-regex */

/** Visitors write into logs. On a terminal, control characters would be commands. */
const printable = (text: string) => text.replace(/\r$/, "").replace(colour, "").replace(control, "?");

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** httpd, nginx and Tomcat: `28/Nov/2026:07:57:09 +0000`. */
const accessTime = /(\d\d)\/([A-Z][a-z][a-z])\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})/;
/** nginx's messages, MariaDB and MySQL: `2026/11/28 07:57:09`, `2026-11-28  7:57:09`, `2026-11-28T07:57:09.123456Z`. */
const messageTime = /^(\d{4})[-/](\d\d)[-/](\d\d)[T ] ?(\d?\d):(\d\d):(\d\d)(\.\d+)?(Z?)/;

/** Milliseconds since 1970; undefined for a line without a time. `zone`: that of lines which name none. */
export function timeOf(line: string, zone: string): number | undefined {
    const access = accessTime.exec(line);
    if (access) {
        const [, day, month = "", year, clock, offset] = access;
        return parseIso(`${year}-${twoDigits(months.indexOf(month) + 1)}-${day}`, clock ?? "", offset ?? "");
    }
    const [, year, month, day, hour, minute, second, fraction = "", utc] = messageTime.exec(line) ?? [];
    if (year === undefined) return undefined;
    const clock = `${twoDigits(Number(hour))}:${minute}:${second}${fraction.slice(0, 4)}`;
    return parseIso(`${year}-${month}-${day}`, clock, utc ? "+0000" : zone);
}

function parseIso(date: string, clock: string, offset: string): number | undefined {
    const time = Date.parse(`${date}T${clock}${offset.slice(0, 3)}:${offset.slice(3)}`);
    return Number.isNaN(time) ? undefined : time;
}

const twoDigits = (number: number) => String(number).padStart(2, "0");
