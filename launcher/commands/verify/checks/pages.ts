import { randomUUID } from "node:crypto";
import { healthPath, isSample, startPath } from "../../../../config/application";
import type { MachineAccess } from "../../../../config/access";
import { each, verdict, type Check } from "../check";
import type { Answer, RunningLab } from "../../../stack/running-lab";
import { directCurl } from "../../../../lib/proxies";

/** The session valve takes requests by this name for a crawler's: together they have one session. */
const crawler = "lab-verify (bot)";

interface Place {
    name: string;
    url: string;
    /** The machine that asks. App servers accept requests only from directors. */
    from?: MachineAccess;
}

/** Where the site answers: at the virtual address, at each director, and at each app server. */
function places(lab: RunningLab): Place[] {
    const [director] = lab.machinesWith("director");
    return [
        { name: "the virtual address", url: lab.access.url },
        ...lab.machinesWith("director").map(({ name, address }) => ({ name, url: `http://${address}/` })),
        ...lab.machinesWith("app").map(({ name, address }) => ({ name, url: `http://${address}/`, from: director })),
    ];
}

/** The sample's page shows who served it. */
const samplePageProblems = ({ status, body }: Answer) => [
    ...(status === 200 ? [] : [`HTTP ${status}`]),
    ...["node", "session", "notes"].filter((id) => !body.includes(`id="${id}"`)).map((id) => `the page has no ${id}`),
    ...(body.includes('class="problem"') ? ["the page shows a problem"] : []),
];

/** An application's answer, which may also send its visitor to another page. */
const answers = (status: number) => status >= 200 && status < 400;

/** The first page and the health check, everywhere where the site answers. */
export const pages: Check = (lab) => (isSample(lab.description) ? samplePages(lab) : ownPages(lab));

const ownPages: Check = (lab) => {
    const paths = [...new Set([startPath(lab.description), healthPath(lab.description)])];
    return each(
        places(lab),
        ({ name }) => name,
        async ({ name, url, from }) => {
            const statuses = await Promise.all(
                paths.map(async (path) => ({
                    path,
                    ...(await lab.request(`${url}${path.slice(1)}`, { from, headers: { "User-Agent": crawler } })),
                })),
            );
            return verdict(
                name,
                statuses
                    .filter(({ status }) => !answers(status))
                    .map(({ path, status }) => `HTTP ${status} at ${path}`),
                statuses.map(({ path, status }) => `${path} ${status}`).join(", "),
            );
        },
    );
};

const samplePages: Check = (lab) =>
    each(
        places(lab),
        ({ name }) => name,
        async ({ name, url, from }) => {
            const [page, health] = await Promise.all([
                lab.request(url, { from }),
                lab.request(`${url}health`, { from }),
            ]);
            const problems = [
                ...samplePageProblems(page),
                ...(health.status === 200 && health.body.trim() === "ok"
                    ? []
                    : [`/health: ${health.status} ${health.body.trim()}`]),
            ];
            const node = /id="node">([^<]*)</.exec(page.body)?.[1];
            return verdict(name, problems, `page by ${node}, /health ok`);
        },
    );

/** So many visitors that even one of ten app servers would hardly be left out by chance. */
const visitors = 40;

/** Every director uses every app server, and no other server. */
export const appServers: Check = (lab) => (isSample(lab.description) ? sampleAppServers(lab) : ownAppServers(lab));

/** The director's log tells which app server answered. */
const ownAppServers: Check = (lab) =>
    each(
        lab.machinesWith("director"),
        ({ name }) => name,
        async (director) => {
            const mark = `lab-verify-${randomUUID()}`;
            const page = `http://${director.address}${startPath(lab.description)}`;
            const urls = Array.from({ length: visitors }, (_, index) => `${page}?${mark}-${index}`);
            await lab.inside([
                ...[...directCurl, "-sS", "--max-time", "60", "--user-agent", crawler],
                ...urls.flatMap((url) => ["--output", "/dev/null", url]),
            ]);
            const { output } = await lab.ssh(director, `grep -F ${mark} /var/log/tengine/access.log`);
            const lines = output.trim().split("\n");
            const counts = lab.machinesWith("app").map(({ name, address }) => ({
                name,
                count: lines.filter((line) => line.includes(` ${address}:80 `)).length,
            }));
            const total = counts.reduce((sum, { count }) => sum + count, 0);
            return verdict(
                director.name,
                [
                    ...(total === visitors ? [] : [`${total} of ${visitors} visitors came to an app server`]),
                    ...counts.filter(({ count }) => count === 0).map(({ name }) => `${name} is not used`),
                ],
                counts.map(({ name, count }) => `${name} ${count}`).join(", "),
            );
        },
    );

const sampleAppServers: Check = (lab) =>
    each(
        lab.machinesWith("director"),
        ({ name }) => name,
        async (director) => {
            // One curl sends all requests, each without a session.
            const urls = Array.from(
                { length: visitors },
                (_, index) => `http://${director.address}/counter/visitor-${index}`,
            );
            const output = await lab.inside([...directCurl, "-sS", "--max-time", "20", ...urls]);
            const nodes = [...output.matchAll(/"node":"([^"]*)"/g)].map(([, node = ""]) => node);
            const names = lab.machinesWith("app").map(({ name }) => name);
            const counts = names.map((name) => `${name} ${nodes.filter((node) => node === name).length}`);
            const problems = [
                ...(nodes.length === visitors ? [] : [`${nodes.length} of ${visitors} visitors were answered`]),
                ...names.filter((name) => !nodes.includes(name)).map((name) => `${name} is not used`),
                ...nodes.filter((node) => !names.includes(node)).map((node) => `${node} answered`),
            ];
            return verdict(director.name, problems, counts.join(", "));
        },
    );
