/** Elements are made with text nodes and attributes only, so no value can become markup. */
const svgNamespace = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) if (value !== undefined) node.setAttribute(name, value);
    node.append(...children.filter((child) => child !== undefined));
    return node;
}

export const element = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
export const svg = (name, attributes = {}, ...children) =>
    fill(document.createElementNS(svgNamespace, name), attributes, children);

export const byId = (id) => document.getElementById(id);

/** Screen readers read a changed text again, so an equal text stays. */
export function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
}

export function setClass(node, name) {
    if (node.getAttribute("class") !== name) node.setAttribute("class", name);
}
