/** Numbers, times and sizes as text. */
const units = ["B", "KiB", "MiB", "GiB", "TiB"];

export function size(bytes) {
    const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
    return `${short(bytes / 1024 ** power)} ${units[power]}`;
}

/** At most three digits before the point, or all of them. */
export function short(value) {
    const magnitude = Math.abs(value);
    if (magnitude >= 100_000) return `${Math.round(value / 1000)}k`;
    if (magnitude >= 10 || Number.isInteger(value)) return String(Math.round(value));
    return magnitude >= 0.1 ? value.toFixed(1) : magnitude < 0.001 ? "0" : value.toFixed(3);
}

export const perSecond = (value) => `${short(value)}/s`;
export const percent = (value) => `${value > 0 && value < 1 ? "<1" : Math.round(value)} %`;

export function seconds(value) {
    if (value < 1) return `${short(value * 1000)} ms`;
    if (value < 90) return `${short(value)} s`;
    if (value < 90 * 60) return `${Math.round(value / 60)} min`;
    return value < 36 * 3600 ? `${Math.round(value / 3600)} h` : `${Math.round(value / 86_400)} d`;
}

/** By the units of roles/monitor-graphs.ts. */
export const inUnit = { percent, bytesPerSecond: (value) => `${size(value)}/s`, perSecond, seconds, count: short };

const pad = (number) => String(number).padStart(2, "0");
export const timeOf = (date) => `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
export const dayAndTime = (date) =>
    `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${timeOf(date).slice(0, 5)}`;
export const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
