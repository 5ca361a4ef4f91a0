/** Debian's Chromium, as people have it, and pictures of what it shows. */
import * as fs from "node:fs";
import { launch, type Browser, type Page } from "puppeteer-core";
import { ensureHostPackages } from "../../launcher/isolated-host/host-packages";
import { silent } from "../../lib/progress";
import { repository } from "./repository";

/** CI keeps this folder. */
const pictures = repository("test-results");

/** Starts Chromium without a window. Installs it where this machine lacks it. */
export async function startBrowser(): Promise<Browser> {
    await ensureHostPackages("container", silent, [
        { anyOf: ["chromium"], package: "chromium" },
        { anyOf: ["/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"], package: "fonts-dejavu-core" },
    ]);
    return launch({
        executablePath: "/usr/bin/chromium",
        // Chromium's sandbox refuses root. The pages are this project's own.
        args: ["--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server"],
        protocolTimeout: 120_000,
    });
}

export interface OpenedPage {
    page: Page;
    /** Errors of the page and of its scripts, and what its security policy refused. */
    problems: string[];
}

/** Opens `url`. `dark`: as a browser of somebody who likes it dark. */
export async function openPage(
    browser: Browser,
    url: string,
    { width = 1280, height = 900, dark = false } = {},
): Promise<OpenedPage> {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
        if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
            problems.push(message.text());
    });
    await page.setViewport({ width, height });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }]);
    await page.goto(url);
    return { page, problems };
}

/** Waits until the JavaScript expression is true in the page. */
export const untilTrue = (page: Page, expression: string, seconds = 30) =>
    page.waitForFunction(expression, { timeout: seconds * 1000, polling: 100 });

/** Waits until the text of the element `selector` has `pattern` in it. */
export const untilShows = (page: Page, selector: string, pattern: RegExp, seconds = 30) =>
    untilTrue(
        page,
        `new RegExp(${JSON.stringify(pattern.source)}, ${JSON.stringify(pattern.flags)})` +
            `.test(document.querySelector(${JSON.stringify(selector)})?.textContent ?? "")`,
        seconds,
    );

/** The texts of all elements that fit. */
export const textsIn = async (page: Page, selector: string) =>
    (await page.evaluate(
        `[...document.querySelectorAll(${JSON.stringify(selector)})].map((node) => node.textContent)`,
    )) as string[];

/** The text of the first element that fits. */
export const textIn = async (page: Page, selector: string) => (await textsIn(page, selector))[0];

/** An attribute of all elements that fit. */
export const attributesIn = async (page: Page, selector: string, name: string) =>
    (await page.evaluate(
        `[...document.querySelectorAll(${JSON.stringify(selector)})].map((node) => node.getAttribute("${name}"))`,
    )) as string[];

/** Writes a picture of the whole page. Returns its path. */
export async function takePicture(page: Page, name: string, file: `${string}.png` = `${pictures}/${name}.png`) {
    fs.mkdirSync(pictures, { recursive: true });
    await page.screenshot({ path: file, fullPage: true });
    return file;
}
