/** Graphs by uPlot (https://github.com/leeoniya/uPlot, MIT), with marks where something was changed. */
import { element, setText } from "./dom.js";
import { readRange } from "./data.js";
import { dayAndTime, inUnit } from "./format.js";

export const ranges = [
    { label: "15 min", seconds: 900 },
    { label: "1 h", seconds: 3600 },
    { label: "6 h", seconds: 21_600 },
    { label: "1 d", seconds: 86_400 },
    { label: "7 d", seconds: 604_800 },
    { label: "30 d", seconds: 2_592_000 },
];

const points = 240;
const height = 150;
/** In style.css. A machine has the same colour in all graphs. */
const colours = 8;

/** Times of all points of a range, on multiples of the step: the same moments are asked again and again. */
export function timesOf({ seconds }, scrapeSeconds, now) {
    const step = Math.max(scrapeSeconds, Math.ceil(seconds / points));
    const end = Math.floor(now / step) * step;
    const count = Math.floor(seconds / step) + 1;
    return {
        step,
        start: end - (count - 1) * step,
        end,
        times: Array.from({ length: count }, (_, i) => end - (count - 1 - i) * step),
    };
}

const legendOf = (legend, labels) => legend.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => labels[name] ?? "");

/** All lines of a graph. A query of a service that the lab lacks has none. */
async function readLines(graph, { start, end, step }, scrapeSeconds) {
    const window = `${Math.max(step, scrapeSeconds * 4)}s`;
    const answers = await Promise.all(
        graph.queries.map(async ({ query, legend }) => {
            const lines = await readRange(query.replaceAll("$window", window), { start, end, step });
            return lines.map(({ labels, values }) => ({
                name: legendOf(legend, labels),
                machine: labels.machine,
                values,
            }));
        }),
    );
    return answers.flat().sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

const styleOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function graphIn(container, graph, site) {
    const title = element("figcaption", {}, graph.title);
    const state = element("span", { class: "quiet" }, "");
    const canvas = element("div", { class: "canvas", role: "img" });
    const node = element("figure", { class: "card graph" }, title, state, canvas);
    title.append(" ", state);
    container.append(node);
    const format = inUnit[graph.unit];
    const colourOf = (line, index) => {
        const machine = site.machines.findIndex(({ name }) => name === line.machine);
        return `--line-${((machine >= 0 && graph.queries.length === 1 ? machine : index) % colours) + 1}`;
    };
    let plot;
    let shape;
    let isVisible = false;
    let wanted;
    let newest = 0;
    let marks = [];

    new IntersectionObserver(
        ([entry]) => {
            isVisible = entry.isIntersecting;
            if (isVisible && wanted) void show(wanted);
        },
        { rootMargin: "400px" },
    ).observe(node);
    new ResizeObserver(() => plot?.setSize({ width: canvas.clientWidth, height })).observe(canvas);

    async function show(request) {
        wanted = request;
        if (!isVisible) return;
        wanted = undefined;
        const round = ++newest;
        const { range, now } = request;
        const span = timesOf(range, site.scrapeSeconds, now);
        try {
            const lines = await readLines(graph, span, site.scrapeSeconds);
            if (round !== newest) return;
            node.hidden = false;
            setText(state, lines.length === 0 ? "no data yet" : "");
            draw(lines, span, range, request.marks);
        } catch (error) {
            if (round === newest) setText(state, `no answer (${error.message})`);
        }
    }

    function draw(lines, span, range, newMarks) {
        marks = newMarks;
        const data = [span.times, ...lines.map(({ values }) => span.times.map((time) => values.get(time) ?? null))];
        const key = JSON.stringify([lines.map(({ name }) => name), range.seconds]);
        if (shape === key) {
            plot.setData(data);
        } else {
            shape = key;
            plot?.destroy();
            plot = lines.length === 0 ? undefined : new uPlot(optionsOf(lines, range), data, canvas);
        }
        const last = lines.map(({ name, values }) => `${name} ${format([...values.values()].at(-1))}`);
        canvas.setAttribute("aria-label", `${graph.title}, ${range.label}: ${last.join(", ") || "no data"}`);
    }

    const textOf = (value) => (value === null || value === undefined ? "–" : format(value));
    const optionsOf = (lines, range) => ({
        width: canvas.clientWidth,
        height,
        cursor: { sync: { key: "graphs" }, points: { size: 6 }, drag: { x: false, y: false } },
        legend: { live: true, markers: { width: 2 } },
        scales: {
            x: { range: (_, min, max) => [min, max] },
            y: {
                range: (_, min, max) => [
                    Math.min(0, min ?? 0),
                    graph.unit === "percent" ? Math.max(100, max ?? 0) : (max || 1) * 1.1,
                ],
            },
        },
        series: [
            { label: "Time", value: (_, time) => (time === null ? "newest" : timeIn(range, new Date(time * 1000))) },
            ...lines.map((line, index) => ({
                label: line.name,
                stroke: () => styleOf(colourOf(line, index)),
                width: 1.5,
                points: { show: false },
                value: (drawn, value, place, point) => textOf(point === null ? drawn.data[place].at(-1) : value),
            })),
        ],
        axes: [
            {
                ...axis(),
                values: (_, times) => times.map((time) => tick(new Date(time * 1000), range)),
                space: 60,
                size: 28,
            },
            {
                ...axis(),
                size: 62,
                ...(graph.unit === "count" ? { incrs: wholeSteps } : {}),
                values: (_, values) => values.map((value) => format(value)),
            },
        ],
        hooks: { draw: [(drawn) => drawMarks(drawn, marks)] },
    });

    return { node, show, redraw: () => plot?.redraw(false) };
}

const axis = () => ({
    stroke: () => styleOf("--muted"),
    grid: { stroke: () => styleOf("--line"), width: 1 },
    ticks: { stroke: () => styleOf("--line"), width: 1, size: 4 },
    font: '11px system-ui, "DejaVu Sans", sans-serif',
});

const tick = (date, { seconds }) => dayAndTime(date).slice(...(seconds > 86_400 ? [5, 10] : [11]));
/** At the mouse. */
const timeIn = ({ seconds }, date) => dayAndTime(date).slice(seconds > 86_400 ? 5 : 11);
/** Of what is counted there are no halves. */
const wholeSteps = [0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));

/** A dashed line at each change. Its text is in the list of changes, and appears above the line under the mouse. */
function drawMarks(plot, marks) {
    const { ctx, bbox, scales } = plot;
    ctx.save();
    ctx.strokeStyle = styleOf("--accent");
    ctx.fillStyle = styleOf("--accent");
    ctx.setLineDash([3, 4].map((length) => length * devicePixelRatio));
    ctx.lineWidth = devicePixelRatio;
    const within = marks.filter(({ time }) => time >= scales.x.min && time <= scales.x.max);
    for (const { time } of within) {
        const x = Math.round(plot.valToPos(time, "x", true)) + 0.5;
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        const size = 4 * devicePixelRatio;
        ctx.beginPath();
        ctx.moveTo(x - size, bbox.top);
        ctx.lineTo(x + size, bbox.top);
        ctx.lineTo(x, bbox.top + size * 1.5);
        ctx.fill();
    }
    ctx.restore();
    plot.over.querySelectorAll(".mark").forEach((node) => node.remove());
    for (const { time, what } of within) {
        const node = element("div", { class: "mark", title: `${dayAndTime(new Date(time * 1000))} ${what}` });
        node.style.left = `${Math.round(plot.valToPos(time, "x"))}px`;
        plot.over.append(node);
    }
}
