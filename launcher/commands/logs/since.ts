import { InvalidArgumentError } from "commander";

const units = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Parses `--since`. Returns whole seconds since 1970. */
export function parseSince(text: string, now = new Date()): number {
    const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
    if (number !== undefined)
        return Math.floor(now.getTime() / 1000) - Number(number) * units[unit as keyof typeof units];
    const isClock = /^\d\d:\d\d(:\d\d)?$/.test(text);
    const isDate = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$/.test(text);
    // Without a clock, Date.parse takes a date for UTC.
    const full = isClock ? `${dateOf(now)}T${text}` : text.length === 10 ? `${text}T00:00` : text.replace(" ", "T");
    const time = isClock || isDate ? Date.parse(full) : NaN;
    if (Number.isNaN(time))
        throw new InvalidArgumentError("For example: 10m, 2h, 3d, 08:30, 2026-11-28 or 2026-11-28T08:30:00Z.");
    return Math.floor(time / 1000);
}

const two = (number: number) => String(number).padStart(2, "0");
const dateOf = (time: Date) => `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;

/** `2026-11-28 08:30:00`, in the time zone of this machine. */
export const clockOf = (milliseconds: number) => {
    const time = new Date(milliseconds);
    return `${dateOf(time)} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
};
