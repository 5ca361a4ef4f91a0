/** The monitor's page in a real browser, in front of a double of Prometheus and Alertmanager. */
import type { Browser, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { articleLab, siteWith } from "../support/article";
import {
    openPage,
    startBrowser,
    takePicture,
    textIn,
    textsIn,
    attributesIn,
    untilShows,
    untilTrue,
    type OpenedPage,
} from "../support/browser";
import { calmState, cutPower, monitorDouble, type DoubleState } from "../support/monitor-double";

const description = siteWith({
    machines: { ...articleLab().machines, nod5: { address: "192.168.0.206", roles: ["monitor"] } },
});

let browser: Browser;
let state: DoubleState;
let double: Awaited<ReturnType<typeof monitorDouble>>;
let opened: OpenedPage[];

beforeAll(async () => {
    browser = await startBrowser();
});
afterAll(() => browser?.close());
beforeEach(async () => {
    state = calmState(description);
    double = await monitorDouble(description, state);
    opened = [];
});
afterEach(async () => {
    await Promise.all(opened.map(({ page }) => page.close()));
    await double.close();
    // Nothing that the security policy refuses, and no error of a script.
    expect(opened.flatMap(({ problems }) => problems)).toEqual([]);
});

async function open(options?: Parameters<typeof openPage>[2]): Promise<Page> {
    const one = await openPage(browser, double.url, options);
    opened.push(one);
    await untilShows(one.page, "#verdict", /^(?!Loading)./);
    return one.page;
}

const down = {
    labels: { alertname: "MachineDown", severity: "critical", machine: "nod2" },
    annotations: {
        summary: "nod2 does not answer",
        description: "No exporter of nod2 has answered for 30 s.",
        runbook: "docs/runbooks/machine-down.md",
    },
    since: new Date(),
};
/** Sessions of nod0, from the picture's text for screen readers. */
const picture = (page: Page) => attributesIn(page, "#picture svg", "aria-label").then(([label]) => label);
const untilGraphs = (page: Page) => page.waitForSelector(".graph canvas");

test("calm: who holds the address, sessions, requests, a tile for each machine, and graphs", async () => {
    const page = await open({ height: 2400 });
    await untilGraphs(page);
    expect(await textIn(page, "#verdict")).toBe("All well");
    expect(await textIn(page, "#address")).toBe("192.168.0.111 on nod3");
    expect(await textIn(page, "#alarms")).toBe("No alarm is firing.");
    expect(await picture(page)).toMatch(/nod3, director: holds the address, for 3 h; nod4, director: standby/);
    expect(await picture(page)).toMatch(/nod0, app server: 212 sessions; nod2, app server: 219 sessions/);
    const rates = await textsIn(page, "#picture .rate");
    // From visitors to the holder, to each app server, to each memcached and to the database.
    expect(rates.filter(Boolean).sort()).toEqual(["21/s", "22/s", "44/s", "44/s", "45/s", "63/s"]);
    expect(await textsIn(page, "#machines > li.up h3")).toEqual(description.machines.map(({ name }) => name));
    expect(await textIn(page, "#changes")).toMatch(/drill app-server-dies: passed.*up: 3 updated/s);
    await takePicture(page, "monitor-double-calm");
});

test("a machine without power is red, and nothing of it is shown as if it were new", async () => {
    const page = await open();
    cutPower(state, "nod2");
    state.alarms.push(down);
    await untilShows(page, "#verdict", /nod2 down/, 10);
    await untilShows(page, "#machine-nod2 .state", /^down$/);
    expect(await textIn(page, "#machine-nod2")).not.toMatch(/\d %/);
    expect(await picture(page)).toMatch(/nod2, app server: down.*nod2, memcached: down/);
    expect(await textsIn(page, "#picture .arrow.broken").then(({ length }) => length)).toBeGreaterThan(0);
    expect(await page.title()).toBe("(!) nod2 down: www.test.com");
    await takePicture(page, "monitor-double-down");
});

test("a machine that Prometheus has not heard of for longer than a scrape is red before a scrape of it fails", async () => {
    const page = await open();
    state.live.age = (state.live.age ?? []).map((row) =>
        row.labels.machine === "nod1" ? { ...row, value: 7.5 } : row,
    );
    await untilShows(page, "#verdict", /nod1 down/, 10);
});

test("a service that is down is named, and its machine is not red", async () => {
    const page = await open();
    state.live.databaseUp = [{ labels: { machine: "mysql" }, value: 0 }];
    await untilShows(page, "#machine-mysql .state", /needs a look/, 10);
    expect(await textIn(page, "#machine-mysql .services")).toContain("database down");
});

test("an app server that the directors leave out is shown so", async () => {
    const page = await open();
    for (const row of state.live.appServerUp ?? []) if (row.labels.app_server === "nod0") row.value = 0;
    await untilTrue(
        page,
        "/nod0, app server: .*not in rotation/.test(document.querySelector('#picture svg').getAttribute('aria-label'))",
    );
});

describe("alarms", () => {
    test("the worst first, with what to do; Watchdog is none", async () => {
        const warning = {
            labels: { alertname: "DiskFilling", severity: "warning" },
            annotations: {},
            since: new Date(),
        };
        const watchdog = { labels: { alertname: "Watchdog", severity: "info" }, annotations: {}, since: new Date() };
        state.alarms.push(watchdog, warning, down);
        const page = await open();
        await untilShows(page, "#verdict", /^2 alarms$/);
        const alarms = await textsIn(page, ".alarm strong");
        expect(alarms).toEqual(["nod2 does not answer", "DiskFilling"]);
        const [link] = await attributesIn(page, ".alarm a", "href");
        expect(link).toBe("runbooks/machine-down.md");
        const runbook = await fetch(new URL(link ?? "", double.url));
        expect([runbook.status, runbook.headers.get("content-type")]).toEqual([200, "text/plain; charset=utf-8"]);
    });

    test("come from Prometheus when Alertmanager does not answer", async () => {
        state.alarms.push(down);
        state.alertmanager = false;
        const page = await open();
        await untilShows(page, "#alarms-title", /Alertmanager does not answer/);
        expect(await textIn(page, "#alarms")).toContain("nod2 does not answer");
    });

    test("their texts are texts, and their links are runbooks only", async () => {
        state.alarms.push({
            ...down,
            annotations: { summary: "<img src=x onerror=alert(1)>", runbook: "javascript:alert(1)//runbooks/a.md" },
        });
        state.changes = `${JSON.stringify({ time: Date.now() / 1000, what: "<b>up</b>" })}\nno JSON\n`;
        const page = await open();
        await untilShows(page, "#changes", /<b>up<\/b>/);
        expect(await textIn(page, ".alarm strong")).toBe("<img src=x onerror=alert(1)>");
        expect(await textsIn(page, "main img, #changes b").then(({ length }) => length)).toBe(0);
        expect(await attributesIn(page, ".alarm a", "href")).toEqual(["runbooks/a.md"]);
    });
});

test("says that its numbers are old when Prometheus stops to answer, and recovers", async () => {
    const page = await open();
    state.prometheus = false;
    await untilShows(page, "#trouble", /Prometheus does not answer \(status 503\).* s ago/, 15);
    expect(await attributesIn(page, "body", "class")).toEqual(["old"]);
    await takePicture(page, "monitor-double-old");
    state.prometheus = true;
    await untilTrue(page, "document.querySelector('#trouble').hidden", 15);
});

test("a graph shows the chosen time, with a rate's window that fits", async () => {
    const page = await open();
    await untilGraphs(page);
    double.asked.length = 0;
    await page.evaluate(
        '[...document.querySelectorAll("#ranges button")].find((button) => button.textContent === "7 d").click()',
    );
    await untilTrue(page, "document.querySelector('.canvas').getAttribute('aria-label').includes('7 d')");
    expect(double.asked.join("\n")).toContain("rate(lab_tomcat_requests_total[2520s])");
    expect(await textsIn(page, "#ranges [aria-pressed=true]")).toEqual(["7 d"]);
});

test.each([
    { name: "telephone", width: 360, dark: false },
    { name: "telephone-dark", width: 360, dark: true },
    { name: "dark", width: 1280, dark: true },
])("fits: $name", async ({ name, width, dark }) => {
    state.alarms.push(down);
    cutPower(state, "nod2");
    const page = await open({ width, dark, height: width < 400 ? 6000 : 2400 });
    await untilGraphs(page);
    const size = await page.evaluate("document.documentElement.scrollWidth");
    expect(size).toBeLessThanOrEqual(width);
    const background = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(background).toBe(dark ? "rgb(15, 19, 26)" : "rgb(244, 245, 247)");
    await takePicture(page, `monitor-double-${name}`);
});
