import { directCurl } from "../../../../lib/proxies";
import type { Stage } from "../drill";
import type { SlowPage } from "../faults/slow-page";

/** For each app server more requests than httpd has workers by default (150). */
const perAppServer = 160;

/**
 * Asks for the slow page many times at once. Throws an Error unless each request is answered with 200, each is carried
 * out once, and no app server is left out meanwhile.
 */
export async function askSlowPage(stage: Stage, page: SlowPage): Promise<void> {
    const { lab } = stage;
    const requests = perAppServer * lab.requireMachines("app").length;
    const [codes, leftOut] = await Promise.all([
        lab.inside([
            ...[...directCurl, "--silent", "--parallel", "--parallel-immediate"],
            ...["--parallel-max", String(requests), "--max-time", "60"],
            ...["--output", "/dev/null", "--write-out", "%{http_code}\\n"],
            `${lab.access.url}${page.path(`[1-${requests}]`)}`,
        ]),
        // The page takes 9 s, and two checks that fail take 4 s.
        stage.wait(8).then(() => leftOutBy(lab)),
    ]);
    const failed = codes
        .trim()
        .split("\n")
        .filter((code) => code !== "200");
    const runs = await page.runs();
    const problems = [
        ...(failed.length > 0
            ? [`${failed.length} of ${requests} requests failed: ${failed.slice(0, 5).join(", ")}`]
            : []),
        ...(runs.length === requests && new Set(runs).size === requests
            ? []
            : [`${requests} requests, but the page was run ${runs.length} times for ${new Set(runs).size} of them`]),
        ...leftOut.map((what) => `left out: ${what}`),
    ];
    if (problems.length > 0) throw new Error(problems.join("; "));
}

/** Asks for the slow page. An Error unless it is answered with 200. */
export async function askOnce({ lab }: Stage, page: SlowPage, number: string): Promise<void> {
    const code = await lab.inside([
        ...[...directCurl, "--silent", "--max-time", "20", "--output", "/dev/null", "--write-out", "%{http_code}"],
        `${lab.access.url}${page.path(number)}`,
    ]);
    if (code !== "200") throw new Error(`slow request ${number}: ${code}`);
}

/** The app servers that the directors' health checks have left out (roles/health-checks.ts). */
async function leftOutBy(lab: Stage["lab"]): Promise<string[]> {
    const found = await Promise.all(
        lab.machinesWith("director").map(async (director) => {
            const files = await lab.sh(director, "find /run/tengine -path '*/down/*' 2>/dev/null || true");
            return files
                .split("\n")
                .flatMap((file) => (file === "" ? [] : [`${file.split("/").at(-1)} by ${director.name}`]));
        }),
    );
    return found.flat();
}
