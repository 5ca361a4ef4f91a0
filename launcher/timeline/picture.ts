import { escapeXml } from "../../lib/xml";
import { duration, waited, type Timed } from "./critical-path";
import { parseResourceName, stepKind, type StepKind } from "../../config/resource-names";
import { summary, type Recording } from "./recording";
import type { ProcessorTime } from "./processors";

const width = 1400;
const left = 90;
const right = 20;
const top = 70;
const rowHeight = 16;
const laneGap = 8;
const chartHeight = 60;

const kinds: Record<StepKind, { label: string; colour: string }> = {
    machine: { label: "machine", colour: "#7a6ff0" },
    packages: { label: "packages", colour: "#e0992f" },
    build: { label: "compiled once", colour: "#b05fb8" },
    upload: { label: "upload", colour: "#8fa3b5" },
    role: { label: "role", colour: "#3b8f6e" },
};
const critical = "#d6263c";

/**
 * Arranges steps in rows, each in the first row that is free. So steps that ran at the same time are below each other.
 */
export function rows<T extends { start: number; end: number }>(steps: T[]): T[][] {
    const taken: T[][] = [];
    for (const step of [...steps].sort((a, b) => a.start - b.start)) {
        const free = taken.find((row) => (row.at(-1)?.end ?? 0) <= step.start);
        if (free) free.push(step);
        else taken.push([step]);
    }
    return taken;
}

/** The distance between the marks of a time axis: 1, 2, 5, 10, 20, ... seconds, so that there are at most twenty. */
export function tickSeconds(total: number): number {
    const power = 10 ** Math.floor(Math.log10(Math.max(total / 20, 0.1)));
    return [1, 2, 5, 10].map((factor) => factor * power).find((tick) => total / tick <= 20) ?? total;
}

/**
 * An `up` as an SVG picture. It has a lane for each machine, a bar for each step, the critical path in red, and the use
 * of the processors below.
 */
export function timelineSvg(recording: Recording): string {
    const { start, end, steps, machines } = recording;
    const x = (at: number) => left + ((at - start) / (end - start)) * (width - left - right);
    const stripes: string[] = [];
    const bars: string[] = [];
    const parsed = new Map(steps.map((step) => [step, parseResourceName(step.name, machines)]));
    const lanes = [undefined, ...machines]
        .map((machine) => ({
            name: machine ?? "network",
            rows: rows(steps.filter((step) => parsed.get(step)?.machine === machine)),
        }))
        .filter((lane) => lane.rows.length > 0);
    const onPath = new Set(recording.critical);
    let y = top;
    for (const [index, lane] of lanes.entries()) {
        const height = lane.rows.length * rowHeight + laneGap;
        if (index % 2 === 0) stripes.push(`<rect x="0" y="${y}" width="${width}" height="${height}" fill="#f4f5f7"/>`);
        stripes.push(`<text x="8" y="${y + laneGap / 2 + 12}" font-weight="bold">${escapeXml(lane.name)}</text>`);
        for (const [row, own] of lane.rows.entries()) {
            for (const step of own) bars.push(bar(step, y + laneGap / 2 + row * rowHeight, onPath.has(step)));
        }
        y += height;
    }
    const bottom = y;
    const height = bottom + chartHeight + 50;
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"
    font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="white"/>
${heading(recording)}
${stripes.join("\n")}
${marks()}
${bars.join("\n")}
${processorChart(recording, x, bottom + 24)}
</svg>
`;

    function bar(step: Timed, barTop: number, isCritical: boolean): string {
        const length = Math.max(1, x(step.end) - x(step.start));
        const own = parsed.get(step);
        const kind: StepKind = own && !step.type.startsWith("libvirt:") ? stepKind(own.step) : "machine";
        const label = own?.step ?? step.name;
        const text = `${label} ${(duration(step) / 1000).toFixed(1)}`;
        const tooltip =
            `${step.name}: ${step.op}, ${(duration(step) / 1000).toFixed(2)} s, ` +
            `from ${((step.start - start) / 1000).toFixed(2)} s on; ` +
            `could have begun ${(waited(step) / 1000).toFixed(2)} s earlier${step.failed ? "; FAILED" : ""}`;
        const barText =
            `<text x="${(x(step.start) + 4).toFixed(1)}" y="${barTop + 10}" fill="white">` +
            `${escapeXml(text)}</text>`;
        return (
            `<g><title>${escapeXml(tooltip)}</title>` +
            `<rect x="${x(step.start).toFixed(1)}" y="${barTop}" width="${length.toFixed(1)}" ` +
            `height="${rowHeight - 3}" rx="2" fill="${kinds[kind].colour}"` +
            `${isCritical ? ` stroke="${critical}" stroke-width="2"` : ""}/>` +
            // A letter takes about 6 px. A text that does not fit is only in the tooltip.
            `${text.length * 6 < length ? barText : ""}</g>`
        );
    }

    function marks(): string {
        const total = (end - start) / 1000;
        const tick = tickSeconds(total);
        return Array.from({ length: Math.floor(total / tick) + 1 }, (_, index) => {
            const at = x(start + index * tick * 1000).toFixed(1);
            return (
                `<line x1="${at}" y1="${top}" x2="${at}" y2="${bottom + chartHeight + 24}" stroke="#0002"/>` +
                `<text x="${at}" y="${top - 4}" text-anchor="middle" fill="#555">` +
                `${Number((index * tick).toFixed(1))}</text>`
            );
        }).join("\n");
    }
}

function heading(recording: Recording): string {
    const { wall, criticalPath, ratio, use } = summary(recording);
    const comparison =
        ratio === undefined
            ? ""
            : `, ${ratio.toFixed(2)} times its critical path of ${criticalPath.toFixed(1)} s (red)`;
    const text =
        `up: ${wall.toFixed(1)} s${comparison}; ${use.machine.toFixed(1)} of ${use.processors} processors busy. ` +
        "Seconds since ./lab was called.";
    const legend = Object.values(kinds).map(
        ({ label, colour }, index) =>
            `<rect x="${left + index * 130}" y="32" width="12" height="12" fill="${colour}"/>` +
            `<text x="${left + index * 130 + 17}" y="42">${label}</text>`,
    );
    return `<text x="${left}" y="20" font-size="14">${escapeXml(text)}</text>\n${legend.join("\n")}`;
}

/** The use of the processors over time: the area is the lab's part, the line is the whole machine. */
function processorChart({ processors: samples }: Recording, x: (at: number) => number, y: number): string {
    const { processors } = summary({
        start: 0,
        end: 1,
        steps: [],
        critical: [],
        processors: samples,
        machines: [],
    }).use;
    const level = (busy: number) => y + chartHeight - Math.min(1, busy / processors) * chartHeight;
    const points = (what: "machine" | "lab") =>
        samples.slice(1).map((sample, index) => {
            const before = samples[index] as ProcessorTime;
            const seconds = Math.max(0.001, (sample.at - before.at) / 1000);
            return `${x(sample.at).toFixed(1)},${level((sample[what] - before[what]) / seconds).toFixed(1)}`;
        });
    const corner = (sample: ProcessorTime) => `${x(sample.at).toFixed(1)},${y + chartHeight}`;
    const first = samples[0];
    const last = samples.at(-1);
    if (!first || !last) return "";
    return `<text x="8" y="${y + 12}" font-weight="bold">processors</text>
<text x="8" y="${y + 26}" fill="#555">lab filled,</text><text x="8" y="${y + 39}" fill="#555">all: line</text>
<rect x="${left}" y="${y}" width="${width - left - right}" height="${chartHeight}" fill="none" stroke="#0003"/>
<polygon points="${[corner(first), ...points("lab"), corner(last)].join(" ")}" fill="#4a90d955"/>
<polyline points="${points("machine").join(" ")}" fill="none" stroke="#2b5c8a"/>`;
}
