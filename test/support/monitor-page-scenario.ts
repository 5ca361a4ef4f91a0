/** What a browser sees of a real monitor. The tests belong to the file that has built the lab. */
import { createServer, type AddressInfo } from "node:net";
import type { Browser } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPage, startBrowser, takePicture, textIn, untilShows, untilTrue } from "./browser";
import type { Call, Checkout } from "./checkout";
import { eventually } from "./host-state";

export const freePort = () =>
    new Promise<number>((resolve) => {
        const server = createServer().listen(0, "127.0.0.1", () => {
            const { port } = server.address() as AddressInfo;
            server.close(() => resolve(port));
        });
    });

/**
 * `lab`: a running lab whose stack has a monitor. `appServer`: a machine that may lose its power. `seconds`: how long
 * the lab may take until all is well again.
 */
export function testMonitorPage(
    lab: () => Checkout,
    {
        appServer,
        monitor,
        virtualAddress,
        seconds = 180,
    }: Record<"appServer" | "monitor" | "virtualAddress", string> & { seconds?: number },
): void {
    describe("the monitor's page in a browser", () => {
        let dashboard: Call;
        let browser: Browser;
        let url: string;

        beforeAll(async () => {
            browser = await startBrowser();
            const port = await freePort();
            url = `http://127.0.0.1:${port}/monitor/`;
            dashboard = lab().start(["dashboard", String(port)]);
            await eventually(
                () => Promise.resolve(dashboard.output()),
                (output) => output.includes(`${url} shows the page of ${monitor}`),
            );
        });
        afterAll(async () => {
            await browser?.close();
            dashboard?.child.kill("SIGTERM");
            expect((await dashboard?.ended)?.code).toBe(0);
        });

        test("calm: every machine is up, and up is a mark in the graphs", async () => {
            const { page, problems } = await openPage(browser, url, { height: 2500 });
            await untilShows(page, "#verdict", /^All well$/, seconds);
            await untilTrue(
                page,
                "document.querySelectorAll('#machines > li.up').length === document.querySelectorAll('#machines > li').length",
            );
            await untilShows(page, "#changes", /up: \d+ created/);
            await untilTrue(page, "document.querySelectorAll('.graph canvas').length > 10");
            expect(await textIn(page, "#address")).toMatch(new RegExp(`^${virtualAddress} on \\w+$`));
            expect(await textIn(page, "#picture")).toMatch(/holds the address.*\d sessions?/);
            await takePicture(page, "monitor-calm");
            expect(problems).toEqual([]);
            await page.close();
        });

        test("a machine without power is red within ten seconds, and all is well when it is back", async () => {
            const { page, problems } = await openPage(browser, url, { height: 2500 });
            await untilShows(page, "#verdict", /^All well$/, seconds);
            await lab().ok("exec", "virsh", "-c", "lxc:///system", "destroy", appServer);
            const start = Date.now();
            try {
                await untilShows(page, `#machine-${appServer} .state`, /^down$/, 20);
                expect((Date.now() - start) / 1000).toBeLessThan(10);
                expect(await textIn(page, "#verdict")).toBe(`${appServer} down`);
                await takePicture(page, "monitor-without-power");
            } finally {
                await lab().ok("exec", "virsh", "-c", "lxc:///system", "start", appServer);
            }
            await untilShows(page, "#verdict", /^All well$/, seconds);
            expect(problems).toEqual([]);
            await page.close();
        });

        test("nothing but reading passes: not through the monitor, and not through the directors", async () => {
            const status = async (...words: string[]) =>
                (await lab().ok("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", ...words)).trim();
            for (const host of [virtualAddress, new URL(url).host]) {
                // The loopback port is this machine's own.
                const ask = async (path: string, method = "GET") =>
                    host === virtualAddress
                        ? status("-X", method, `http://${host}/monitor/${path}`)
                        : String((await fetch(`http://${host}/monitor/${path}`, { method })).status);
                expect(await ask("")).toBe("200");
                expect(await ask("prometheus/api/v1/query?query=up")).toBe("200");
                expect(await ask("prometheus/api/v1/query", "DELETE")).toBe("403");
                expect(await ask("prometheus/api/v1/targets")).toBe("404");
                expect(await ask("prometheus/-/reload", "POST")).toBe("403");
                expect(await ask("alertmanager/api/v2/silences")).toBe("404");
                expect(await ask("alertmanager/api/v2/alerts", "POST")).toBe("403");
            }
        });

        test("a drill is two marks", async () => {
            expect((await lab().lab("drill", "calm")).code).toBe(0);
            const changes = await (await fetch(new URL("changes.jsonl", url))).text();
            expect(
                changes
                    .trimEnd()
                    .split("\n")
                    .slice(-2)
                    .map((line) => (JSON.parse(line) as { what: string }).what),
            ).toEqual(["drill calm: begins", "drill calm: passed"]);
        });
    });
}
