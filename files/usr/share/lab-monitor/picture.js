/** The architecture as SVG: visitors, directors, app servers, and what these keep their data in. */
import { setClass, setText, svg } from "./dom.js";
import { perSecond, plural, seconds, short } from "./format.js";
import { stateOfRole } from "./lab.js";

const boxHeight = 66;
const gap = 14;
/** From here on, tiers are columns, else rows. */
const wideFrom = 820;

const hasRole = (role) => (machine) => machine.roles.includes(role);

/** What a box says about a machine in a tier. */
const describe = {
    director: (machine) => ({
        state: stateOfRole(machine, "director"),
        lines: machine.holdsAddress
            ? ["holds the address", machine.movedAgo === undefined ? "" : `for ${seconds(machine.movedAgo)}`]
            : [machine.state === "up" ? "standby" : "", ""],
        isActive: machine.holdsAddress,
    }),
    app: (machine, lab) => {
        const isOut = lab.inRotation.get(machine.name) === false;
        const state = ["httpd", "tomcat"].map((service) => stateOfRole(machine, service)).find((one) => one !== "up");
        return {
            state: state ?? (isOut ? "warning" : "up"),
            lines: [
                machine.sessions === undefined ? "" : plural(machine.sessions, "session"),
                isOut ? "not in rotation" : machine.withoutCopy > 0 ? `${short(machine.withoutCopy)} without copy` : "",
            ],
            isActive: !isOut,
        };
    },
    memcached: (machine) => ({
        state: stateOfRole(machine, "memcached"),
        lines: [machine.items === undefined ? "" : plural(machine.items, "session copy").replace("copys", "copies")],
        isActive: true,
    }),
    database: (machine) => ({ state: stateOfRole(machine, "database"), lines: [""], isActive: true }),
    monitor: (machine) => ({ state: machine.state, lines: ["watches all"], isActive: true }),
};

const titles = {
    director: "director",
    app: "app server",
    memcached: "memcached",
    database: "database",
    monitor: "monitor",
};

/** Boxes tier by tier, without places. */
function tiersOf(site) {
    const boxes = (role) =>
        site.machines.filter(hasRole(role)).map(({ name }) => ({ key: `${role} ${name}`, role, name }));
    return [
        [{ key: "visitors", role: "visitors", name: "Visitors" }],
        boxes("director"),
        boxes("app"),
        [...boxes("memcached"), ...boxes("database")],
    ];
}

/** Places for `width` pixels. */
function layOut(tiers, aside, width) {
    return width >= wideFrom ? columns(tiers, aside, width) : rows(tiers, aside, width);
}

function columns(tiers, aside, width) {
    const boxWidth = Math.min(200, Math.floor(width / tiers.length) - 90);
    const spread = (width - boxWidth) / (tiers.length - 1);
    const heightOf = (tier) => tier.length * (boxHeight + gap) - gap;
    const height = Math.max(...tiers.map(heightOf), aside.length > 0 ? 3.5 * (boxHeight + gap) : 0);
    const placed = tiers.flatMap((tier, column) =>
        tier.map((box, index) => ({
            ...box,
            x: Math.round(column * spread),
            y: Math.round((height - heightOf(tier)) / 2 + index * (boxHeight + gap)),
            width: boxWidth,
        })),
    );
    const others = aside.map((box, index) => ({
        ...box,
        x: 0,
        y: height - (index + 1) * (boxHeight + gap) + gap,
        width: boxWidth,
    }));
    return { boxes: [...placed, ...others], height, isWide: true };
}

function rows(tiers, aside, width) {
    const perRow = Math.max(1, Math.floor((width + gap) / (104 + gap)));
    let y = 0;
    const boxes = [];
    for (const tier of [...tiers, aside].filter((one) => one.length > 0)) {
        for (let first = 0; first < tier.length; first += perRow) {
            const row = tier.slice(first, first + perRow);
            const boxWidth = Math.min(190, Math.floor((width - gap * (row.length - 1)) / row.length));
            const left = (width - row.length * (boxWidth + gap) + gap) / 2;
            row.forEach((box, index) =>
                boxes.push({ ...box, x: Math.round(left + index * (boxWidth + gap)), y, width: boxWidth }),
            );
            y += boxHeight + gap;
        }
        y += 34;
    }
    return { boxes, height: y - 34 - gap, isWide: false };
}

function pathBetween(from, to, isWide) {
    if (isWide) {
        const [x1, y1, x2, y2] = [from.x + from.width, from.y + boxHeight / 2, to.x - 5, to.y + boxHeight / 2];
        const bend = (x2 - x1) / 2;
        return {
            d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`,
            label: { x: x2 - 12, y: y2 - 7, anchor: "end" },
        };
    }
    const [x1, y1, x2, y2] = [from.x + from.width / 2, from.y + boxHeight, to.x + to.width / 2, to.y - 5];
    const bend = (y2 - y1) / 2;
    return {
        d: `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`,
        label: { x: x2 + 8, y: y2 - 6, anchor: "start" },
    };
}

/** A picture in `container`, which is drawn anew whenever its width changes. */
export function pictureIn(container, site) {
    let drawn;
    let newest;
    const draw = () => {
        const width = Math.floor(container.clientWidth - 2 * parseFloat(getComputedStyle(container).paddingLeft));
        if (width <= 0 || drawn?.width === width) return;
        drawn = { width, ...drawingOf(site, width) };
        container.replaceChildren(drawn.node);
        if (newest) drawn.update(newest);
    };
    new ResizeObserver(draw).observe(container);
    draw();
    return (lab) => {
        newest = lab;
        drawn?.update(lab);
    };
}

function drawingOf(site, width) {
    const tiers = tiersOf(site);
    const aside = site.machines
        .filter(hasRole("monitor"))
        .map(({ name }) => ({ key: `monitor ${name}`, role: "monitor", name }));
    const { boxes, height, isWide } = layOut(tiers, aside, width);
    const inTier = (tier) => boxes.filter(({ key }) => tiers[tier].some((box) => box.key === key));
    const arrows = [0, 1, 2]
        .flatMap((tier) => inTier(tier).flatMap((from) => inTier(tier + 1).map((to) => ({ from, to }))))
        .map((arrow) => arrowOf(arrow, isWide));
    const drawnBoxes = boxes.map((box) => boxOf(box, site));
    const node = svg(
        "svg",
        { width, height, viewBox: `0 0 ${width} ${height}`, role: "img" },
        svg(
            "defs",
            {},
            ...["active", "idle", "broken"].map((kind) =>
                svg(
                    "marker",
                    {
                        id: `head-${kind}`,
                        class: `head ${kind}`,
                        viewBox: "0 0 8 8",
                        refX: 4,
                        refY: 4,
                        markerWidth: 8,
                        markerHeight: 8,
                        markerUnits: "userSpaceOnUse",
                        orient: "auto",
                    },
                    svg("path", { d: "M0 0.5L7 4L0 7.5z" }),
                ),
            ),
        ),
        svg("g", {}, ...arrows.map(({ path }) => path)),
        ...drawnBoxes.map((box) => box.node),
        ...arrows.map(({ text }) => text),
    );
    return {
        node,
        update(lab) {
            const boxStates = new Map(drawnBoxes.map((box) => [box.key, box.update(lab)]));
            for (const arrow of arrows) arrow.update(lab, boxStates);
            const said = drawnBoxes.map((box) => box.said(boxStates)).join("; ");
            if (node.getAttribute("aria-label") !== said) node.setAttribute("aria-label", said);
        },
    };
}

function boxOf(box, site) {
    const { x, y, width, role, name, key } = box;
    const isVisitors = role === "visitors";
    const lines = [0, 1].map((line) => svg("text", { class: "line", x: x + 14, y: y + 40 + 15 * line }));
    const title = isVisitors
        ? []
        : [svg("text", { class: "role", x: x + width - 10, y: y + 19, "text-anchor": "end" }, titles[role])];
    const node = svg(
        "g",
        {},
        svg("rect", { class: "box", x, y, width, height: boxHeight, rx: 8 }),
        svg("rect", { class: "stripe", x: x + 1, y: y + 9, width: 4, height: boxHeight - 18, rx: 2 }),
        svg("text", { class: "name", x: x + 14, y: y + 20 }, name),
        ...(width >= 150 ? title : []),
        ...lines,
    );
    return {
        key,
        node,
        update(lab) {
            const machine = lab.machines.find((one) => one.name === name);
            const {
                state,
                lines: texts,
                isActive,
            } = isVisitors
                ? { state: "visitors", lines: [site.siteName, site.virtualAddress], isActive: true }
                : describe[role](machine, lab);
            setClass(node, `node ${state}${isActive ? " active" : ""}`);
            // Narrow boxes have no room for the role's title beside the name.
            const shown = state === "down" ? ["down", ""] : state === "unknown" ? ["no data", ""] : texts;
            const all = isVisitors || width >= 150 ? shown : [titles[role], shown.filter(Boolean).join(", ")];
            const room = Math.floor((width - 18) / 6.2);
            lines.forEach((line, index) => setText(line, shorten(all[index] ?? "", room)));
            return { state, isActive, text: shown.filter(Boolean).join(", ") };
        },
        said: (states) =>
            `${name}${isVisitors ? "" : `, ${titles[role]}`}: ${states.get(key).text || states.get(key).state}`,
    };
}

const shorten = (text, room) => (text.length > room ? `${text.slice(0, room - 1)}…` : text);

function arrowOf({ from, to }, isWide) {
    const { d, label } = pathBetween(from, to, isWide);
    const path = svg("path", { d });
    const text = svg("text", { class: "rate", x: label.x, y: label.y, "text-anchor": label.anchor });
    return {
        path,
        text,
        update(lab, states) {
            const [source, target] = [states.get(from.key), states.get(to.key)];
            const machine = lab.machines.find(({ name }) => name === to.name);
            const isBroken = ["down", "warning"].includes(target.state) && to.role !== "director";
            const carries = source.isActive && target.isActive && source.state !== "down" && target.state === "up";
            const kind = isBroken && source.isActive ? "broken" : carries ? "active" : "idle";
            const rate = {
                director: lab.requests,
                app: machine?.requests,
                memcached: machine?.commands,
                database: machine?.queries,
            }[to.role];
            if (path.getAttribute("class") !== `arrow ${kind}`) {
                path.setAttribute("class", `arrow ${kind}`);
                path.setAttribute("marker-end", `url(#head-${kind})`);
                // Behind the others an idle arrow hides none of them.
                if (kind === "idle") path.parentNode.prepend(path);
            }
            const thickness = kind === "active" ? 1.2 + Math.min(3, Math.log10(1 + (rate ?? 0))) : 1.2;
            path.setAttribute("stroke-width", thickness.toFixed(1));
            setText(text, kind === "active" && rate !== undefined && isFirst(lab, from) ? perSecond(rate) : "");
        },
    };
}

/** Several app servers ask one database: its rate stands at one of the arrows. */
function isFirst(lab, from) {
    if (from.role !== "app") return true;
    return lab.machines.find((machine) => machine.roles.includes("app") && machine.state === "up")?.name === from.name;
}
