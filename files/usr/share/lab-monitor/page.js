/** Asks every two seconds what the lab does, and shows it. Says so when the answers are old. */
import { shownAlarms, updateAlarms } from "./alarms.js";
import { readAlarms, readChanges, readLive, readSite } from "./data.js";
import { byId, element, setClass, setText } from "./dom.js";
import { dayAndTime, plural, timeOf } from "./format.js";
import { graphIn, ranges } from "./graphs.js";
import { stateOfLab } from "./lab.js";
import { pictureIn } from "./picture.js";
import { tileOf } from "./tiles.js";

const pollMs = 2000;
const graphsMs = 10_000;
/** Numbers older than this are shown as old. */
const oldMs = 6000;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** site.json only changes with the lab, so the page asks until it has it. */
async function siteWhenThere() {
    for (;;) {
        try {
            return await readSite();
        } catch (error) {
            showTrouble(`The monitor does not answer (${error.message}). Asking again.`);
            await wait(pollMs);
        }
    }
}

function showTrouble(text) {
    byId("trouble").hidden = text === undefined;
    setText(byId("trouble"), text ?? "");
}

function showVerdict(site, { machines, holders }, alarms) {
    const down = machines.filter(({ state }) => state === "down").map(({ name }) => name);
    const firing = alarms.filter(({ isQuiet }) => !isQuiet).length;
    const poor = machines.filter(({ state }) => state !== "up").length;
    const [text, kind] =
        down.length > 0
            ? [`${down.join(", ")} down`, "down"]
            : alarms.some(({ labels, isQuiet }) => labels.severity === "critical" && !isQuiet)
              ? [plural(firing, "alarm"), "down"]
              : firing > 0
                ? [plural(firing, "alarm"), "warning"]
                : poor > 0
                  ? [`${plural(poor, "machine")} to look at`, "warning"]
                  : ["All well", "up"];
    setText(byId("verdict"), text);
    setClass(byId("verdict"), `pill ${kind}`);
    const named = holders.map(({ name }) => name).join(" and ");
    setText(byId("address"), `${site.virtualAddress} ${named === "" ? "on no director" : `on ${named}`}`);
    document.title = kind === "up" ? `${site.siteName}: all well` : `(!) ${text}: ${site.siteName}`;
}

function showAge(site, newest, problem) {
    const age = Date.now() - newest;
    const isOld = age > oldMs;
    document.body.classList.toggle("old", isOld);
    setText(byId("age"), isOld ? `${Math.round(age / 1000)} s old` : `live, ${timeOf(new Date(newest))}`);
    if (isOld)
        showTrouble(
            `Prometheus does not answer (${problem}). What you see is from ${timeOf(new Date(newest))}, ` +
                `${Math.round(age / 1000)} s ago.`,
        );
    else if (problem === "blind")
        showTrouble("Prometheus answers, but gets no numbers from any machine. Is its network or its disk all right?");
    else showTrouble(undefined);
}

function showChanges(list, changes) {
    const newest = changes.slice(-8).reverse();
    list.replaceChildren(
        ...(newest.length === 0
            ? [element("li", { class: "quiet" }, "None yet: ./lab up and ./lab drill write theirs here.")]
            : newest.map(({ time, what }) => {
                  const date = new Date(time * 1000);
                  return element(
                      "li",
                      {},
                      element("time", { datetime: date.toISOString() }, dayAndTime(date)),
                      ` ${what}`,
                  );
              })),
    );
}

async function watchLab(site) {
    const tiles = site.machines.map((machine) => tileOf(machine));
    byId("machines").append(...tiles.map(({ node }) => node));
    const updatePicture = pictureIn(byId("picture"), site);
    let newest = Date.now();
    let problem = "no answer yet";
    setInterval(() => showAge(site, newest, problem), 1000);
    for (;;) {
        const began = Date.now();
        try {
            const [rows, { alarms, from }] = await Promise.all([readLive(site.scrapeSeconds), readAlarms()]);
            const lab = stateOfLab(site, rows);
            const shown = shownAlarms(alarms);
            newest = Date.now();
            problem = lab.isBlind ? "blind" : "";
            lab.machines.forEach((machine, index) => tiles[index].update(machine));
            updatePicture(lab);
            updateAlarms(byId("alarms"), shown);
            setText(byId("alarms-title"), from === "Alertmanager" ? "Alarms" : "Alarms (Alertmanager does not answer)");
            showVerdict(site, lab, shown);
        } catch (error) {
            problem = error.message;
        }
        showAge(site, newest, problem);
        await wait(Math.max(500, pollMs - (Date.now() - began)));
    }
}

async function showGraphs(site) {
    const graphs = site.graphs.map((graph) => graphIn(byId("graphs"), graph, site));
    let [range] = ranges;
    let marks = [];
    const showAll = () => graphs.forEach(({ show }) => void show({ range, marks, now: Date.now() / 1000 }));
    const buttons = ranges.map((own) => {
        const button = element("button", { type: "button", "aria-pressed": String(own === range) }, own.label);
        button.addEventListener("click", () => {
            range = own;
            buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
            showAll();
        });
        return button;
    });
    byId("ranges").append(...buttons);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
        graphs.forEach(({ redraw }) => redraw()),
    );
    for (;;) {
        try {
            marks = await readChanges();
            showChanges(byId("changes"), marks);
        } catch {
            // The header says that the monitor does not answer.
        }
        showAll();
        await wait(graphsMs);
    }
}

const site = await siteWhenThere();
setText(byId("site"), site.siteName);
void watchLab(site);
void showGraphs(site);
