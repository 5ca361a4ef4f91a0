/** One tile a machine. Tiles are made once, and then only texts and classes change. */
import { element, setClass, setText } from "./dom.js";
import { percent } from "./format.js";

const stateTexts = { up: "up", warning: "needs a look", down: "down", unknown: "no data" };
const meters = [
    ["cpu", "CPU"],
    ["memory", "Memory"],
    ["disk", "Disk"],
];

export function tileOf(machine) {
    const state = element("span", { class: "state" });
    const bars = meters.map(([name, label]) => {
        const value = element("span", { class: "number" });
        const meter = element("meter", {
            min: "0",
            max: "100",
            high: "90",
            "aria-label": `${label} of ${machine.name}`,
        });
        return {
            name,
            value,
            meter,
            row: element("div", { class: "meter" }, element("span", {}, label), meter, value),
        };
    });
    const services = element("ul", { class: "services", "aria-label": `Services of ${machine.name}` });
    const node = element(
        "li",
        { class: "card tile", id: `machine-${machine.name}` },
        element("div", { class: "tile-head" }, element("h3", {}, machine.name), state),
        element("p", { class: "quiet" }, machine.roles.join(", "), element("br"), machine.address),
        ...bars.map(({ row }) => row),
        services,
    );
    return {
        node,
        update(now) {
            setClass(node, `card tile ${now.state}`);
            setText(state, stateTexts[now.state]);
            for (const { name, value, meter } of bars) {
                const number = now[name];
                setText(value, number === undefined ? "–" : percent(number));
                const height = String(Math.round(number ?? 0));
                if (meter.getAttribute("value") !== height) meter.setAttribute("value", height);
            }
            updateServices(services, now.services);
        },
    };
}

function updateServices(list, services) {
    const key = services.map(({ service, isUp }) => `${service} ${isUp}`).join();
    if (list.dataset.key === key) return;
    list.dataset.key = key;
    list.replaceChildren(
        ...services.map(({ service, isUp }) =>
            element("li", { class: isUp ? "up" : "down" }, `${service}${isUp ? "" : " down"}`),
        ),
    );
}
