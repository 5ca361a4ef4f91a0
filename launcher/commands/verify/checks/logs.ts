import { posix as path } from "node:path";
import { logsOf } from "../../../../roles/of-machine";
import { fileKiB } from "../../../../roles/log-size";
import { rotationUnit } from "../../../../roles/logs";
import { each, verdict, type Check } from "../check";

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

/** A path with `*` in its last part, as a regular expression's text. */
const asPattern = (pattern: string) => pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*");

/** What is logged has a bound in days and size: every log that is written is rotated, and none is near its bound. */
export const logs: Check = (lab) =>
    each(
        lab.description.machines,
        ({ name }) => name,
        async (machine) => {
            const { description } = lab;
            const patterns = logsOf(machine, description).flatMap(({ files }) => files);
            const folders = [...new Set(patterns.map((pattern) => path.dirname(pattern)))];
            const access = lab.access.machines.find(({ name }) => name === machine.name);
            if (!access) return verdict(machine.name, ["it is not among the stack's outputs"], "");
            const { output } = await lab.ssh(
                access,
                [
                    `systemctl show --property=ActiveState,UnitFileState ${rotationUnit}.timer | sed 's/^/timer /'`,
                    `systemctl show --property=Result ${rotationUnit}.service | sed 's/^/rotation /'`,
                    "find /proc/[0-9]*/fd -type l -printf 'open %l\\n' 2>/dev/null | grep -a '^open /var/log/' | sort -u",
                    ...folders.map(
                        (folder) => `find ${folder} -maxdepth 1 -type f -printf 'file %s %T@ %p\\n' 2>/dev/null`,
                    ),
                    "du --summarize --bytes /var/log/journal 2>/dev/null | sed 's/^/journal /'",
                    "date '+now %s'",
                ].join("; "),
            );
            const looks = readLooks(output);
            return verdict(
                machine.name,
                problemsOf(looks, patterns, description.logs),
                `${looks.written.length} files are written, all rotated; the journal takes ` +
                    `${Math.ceil(looks.journal / mebibyte)} of ${description.logs.journalMiB} MiB`,
            );
        },
    );

interface Looks {
    timer: Record<string, string>;
    rotation: Record<string, string>;
    /** Open files below /var/log, without the journal's. */
    written: string[];
    files: { path: string; bytes: number; ageDays: number }[];
    /** Bytes. */
    journal: number;
}

/** Reads what the machine has printed: one thing a line, with a word in front. */
export function readLooks(output: string): Looks {
    const rest = (word: string) =>
        output
            .split("\n")
            .filter((line) => line.startsWith(`${word} `))
            .map((line) => line.slice(word.length + 1));
    const properties = (word: string) =>
        Object.fromEntries(rest(word).map((line) => line.split("=", 2) as [string, string]));
    const now = Number(rest("now")[0]);
    return {
        timer: properties("timer"),
        rotation: properties("rotation"),
        written: rest("open").filter((file) => !file.startsWith("/var/log/journal/")),
        files: rest("file").map((line) => {
            const [bytes, time, ...name] = line.split(" ");
            return { path: name.join(" "), bytes: Number(bytes), ageDays: (now - Number(time)) / 86_400 };
        }),
        journal: Number(rest("journal")[0]?.split("\t")[0] ?? 0),
    };
}

/** What is wrong with a machine's logs. `patterns`: those that are rotated. */
export function problemsOf(
    { timer, rotation, written, files, journal }: Looks,
    patterns: string[],
    bounds: { days: number; maxMiB: number; journalMiB: number },
): string[] {
    const current = new RegExp(`^(${patterns.map(asPattern).join("|")})$`);
    /** The name of a rotated log, and of all its old files. */
    const family = new RegExp(`^(${patterns.map(asPattern).join("|")})[.][0-9]+$`);
    const logOf = (file: string) => family.exec(file)?.[1] ?? (current.test(file) ? file : undefined);
    const sizes = new Map<string, number>();
    for (const { path: file, bytes } of files) {
        const log = logOf(file);
        if (log !== undefined) sizes.set(log, (sizes.get(log) ?? 0) + bytes);
    }
    const mebibytes = (bytes: number) => `${Math.ceil(bytes / mebibyte)} MiB`;
    return [
        ...(timer.ActiveState === "active" && timer.UnitFileState === "enabled"
            ? []
            : [`${rotationUnit}.timer is ${timer.ActiveState}, and ${timer.UnitFileState} at boot`]),
        ...(rotation.Result === "success" ? [] : [`the last rotation ended with ${rotation.Result}`]),
        ...written
            .filter((file) => logOf(file.replace(/ \(deleted\)$/, "")) === undefined)
            .map((file) => `nothing rotates ${file}`),
        ...written
            .filter((file) => / \(deleted\)$/.test(file))
            .map((file) => `a process still writes to ${file}, which was rotated away`),
        ...files
            .filter(({ path: file, bytes }) => current.test(file) && bytes > 2 * fileKiB(bounds) * kibibyte)
            .map(({ path: file, bytes }) => `${file} was not rotated: ${mebibytes(bytes)}`),
        ...files
            .filter(({ path: file, ageDays }) => family.test(file) && ageDays > bounds.days + 2)
            .map(({ path: file, ageDays }) => `${file} is ${Math.floor(ageDays)} days old`),
        ...[...sizes]
            .filter(([, bytes]) => bytes > 0.9 * bounds.maxMiB * mebibyte)
            .map(
                ([log, bytes]) =>
                    `${log} takes ${mebibytes(bytes)} of the ${bounds.maxMiB} MiB of lab:logs.maxMiB, ` +
                    "so it is kept for fewer days",
            ),
        ...(journal > 1.1 * bounds.journalMiB * mebibyte
            ? [`the journal takes ${mebibytes(journal)}, more than the ${bounds.journalMiB} MiB of lab:logs.journalMiB`]
            : []),
    ];
}
