import { expect, test } from "vitest";
import { problemsOf, readLooks } from "../../../../../launcher/commands/verify/checks/logs";

const bounds = { days: 3, maxMiB: 40, journalMiB: 50 };
const patterns = ["/var/log/tengine/*.log", "/var/log/tomcat/*_access_log..txt", "/var/log/apache2/access.log"];
const day = 86_400;
const well = [
    "timer ActiveState=active",
    "timer UnitFileState=enabled",
    "rotation Result=success",
    "open /var/log/apache2/access.log.1795737600",
    "open /var/log/journal/1/system.journal",
    "open /var/log/tengine/access.log",
    "open /var/log/tomcat/nod0_access_log..txt",
    `file 1000 ${100 * day}.5 /var/log/tengine/access.log`,
    `file 1000 ${98 * day}.5 /var/log/tengine/access.log.2`,
    "journal 8388608\t/var/log/journal",
    `now ${100 * day}`,
];
const problems = (...more: string[]) => problemsOf(readLooks([...well, ...more].join("\n")), patterns, bounds);
const without = (line: string, ...more: string[]) =>
    problemsOf(readLooks([...well.filter((each) => each !== line), ...more].join("\n")), patterns, bounds);

test("logs that are rotated, young and small are well", () => {
    expect(problems()).toEqual([]);
});

test("a log that nothing rotates is named, and so is a file that was rotated away and is still written", () => {
    expect(problems("open /var/log/apache2/other_vhosts_access.log")).toEqual([
        "nothing rotates /var/log/apache2/other_vhosts_access.log",
    ]);
    expect(problems("open /var/log/tengine/access.log.15 (deleted)")).toEqual([
        "a process still writes to /var/log/tengine/access.log.15 (deleted), which was rotated away",
    ]);
});

test("rotation that does not happen is named: by its timer, its result, and by files that are large or old", () => {
    expect(without("timer ActiveState=active", "timer ActiveState=inactive")).toEqual([
        "lab-logrotate.timer is inactive, and enabled at boot",
    ]);
    expect(without("rotation Result=success", "rotation Result=exit-code")).toEqual([
        "the last rotation ended with exit-code",
    ]);
    expect(problems(`file ${21 * 1024 ** 2} ${100 * day} /var/log/tengine/error.log`)).toEqual([
        "/var/log/tengine/error.log was not rotated: 21 MiB",
    ]);
    expect(problems(`file 1 ${94 * day} /var/log/tengine/error.log.9`)).toEqual([
        "/var/log/tengine/error.log.9 is 6 days old",
    ]);
});

test("a log near its bound is named, with all of its old files, and so is a journal above its bound", () => {
    const files = [1, 2, 3, 4].map(
        (number) => `file ${9.5 * 1024 ** 2} ${100 * day} /var/log/apache2/access.log.${number}`,
    );
    expect(problems(...files)).toEqual([
        "/var/log/apache2/access.log takes 38 MiB of the 40 MiB of lab:logs.maxMiB, so it is kept for fewer days",
    ]);
    expect(without("journal 8388608\t/var/log/journal", `journal ${60 * 1024 ** 2}\t/var/log/journal`)).toEqual([
        "the journal takes 60 MiB, more than the 50 MiB of lab:logs.journalMiB",
    ]);
});
