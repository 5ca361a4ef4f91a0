/**
 * Makes the pictures of docs/monitoring.md: `npm run pictures STACK`, default: cluster. The lab of the stack has to be
 * up and well. It takes three minutes, with some visitors, and an app server is without power for one of them.
 */
import { spawn } from "node:child_process";
import type { Browser } from "puppeteer-core";
import { openPage, startBrowser, untilShows, untilTrue } from "./support/browser";
import { repository } from "./support/repository";

const port = 8190;
const url = `http://127.0.0.1:${port}/monitor/`;

/** What is read of the page's site.json. */
interface Site {
    virtualAddress: string;
    machines: { name: string; roles: string[] }[];
}

const wide = { width: 1280, height: 1060 };

/** Starts `./lab`; `ended` gives its exit code. */
function startLab(stack: string, ...words: string[]) {
    const child = spawn("./lab", ["-s", stack, ...words], { cwd: repository(), stdio: ["ignore", "inherit", "pipe"] });
    const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
    /** Resolves when the program has said `text`. */
    const said = (text: string) =>
        new Promise<void>((resolve, reject) => {
            let all = "";
            child.stderr.setEncoding("utf8").on("data", (part: string) => {
                all += part;
                if (all.includes(text)) resolve();
            });
            void ended.then(() => reject(new Error(all)));
        });
    return { child, ended, said };
}

async function picture(
    browser: Browser,
    name: string,
    verdict: RegExp,
    settleSeconds: number,
    options?: Parameters<typeof openPage>[2],
): Promise<void> {
    const { page } = await openPage(browser, url, options);
    await untilShows(page, "#verdict", verdict, 120);
    await untilTrue(page, "document.querySelector('.graph canvas') !== null || innerWidth < 500");
    // Rates are means over the last seconds.
    await new Promise((resolve) => setTimeout(resolve, settleSeconds * 1000));
    await page.screenshot({ path: `${repository("docs", "pictures", name)}.png` });
    await page.close();
}

/** Six visitors, each with a new session after twenty requests, for as long as the pictures take. */
const visit = (address: string) =>
    `for visitor in 1 2 3 4 5 6; do
        (while :; do
            curl -sS --noproxy '*' --rate 20/s --cookie '' --output /dev/null "http://${address}/?[1-20]"
        done) &
    done
    wait`;

async function main(stack = "cluster"): Promise<void> {
    const dashboard = startLab(stack, "dashboard", String(port));
    await dashboard.said("until Ctrl-C");
    const { virtualAddress, machines } = (await (await fetch(`${url}site.json`)).json()) as Site;
    const victim = machines.find(({ roles }) => roles.includes("app"))?.name ?? "";
    const power = (action: string) => startLab(stack, "exec", "virsh", "-c", "lxc:///system", action, victim).ended;
    const visitors = startLab(stack, "exec", "timeout", "180", "sh", "-c", visit(virtualAddress));
    const browser = await startBrowser();
    try {
        await picture(browser, "monitor-calm", /All well/, 45, wide);
        await power("destroy");
        // One after the other: a browser draws no graphs in a tab behind another one. The alarm fires meanwhile.
        await picture(browser, "monitor-without-power", /down/, 40, wide);
        await picture(browser, "monitor-telephone", /down/, 5, { width: 360, height: 1000, dark: true });
    } finally {
        await power("start");
        await browser.close();
        dashboard.child.kill("SIGTERM");
    }
    await visitors.ended;
}

void main(...process.argv.slice(2, 3));
