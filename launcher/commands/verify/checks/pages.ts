import type { MachineAccess } from "../../../../config/access";
import { each, verdict, type Check } from "../check";
import type { Answer, RunningLab } from "../../../stack/running-lab";
import { directCurl } from "../../../../lib/proxies";

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

const pageProblems = ({ status, body }: Answer) => [
    ...(status === 200 ? [] : [`HTTP ${status}`]),
    ...["node", "session", "notes"].filter((id) => !body.includes(`id="${id}"`)).map((id) => `the page has no ${id}`),
    ...(body.includes('class="problem"') ? ["the page shows a problem"] : []),
];

/** The page and /health, everywhere where the site answers. */
export const pages: Check = (lab) =>
    each(
        places(lab),
        ({ name }) => name,
        async ({ name, url, from }) => {
            const [page, health] = await Promise.all([
                lab.request(url, { from }),
                lab.request(`${url}health`, { from }),
            ]);
            const problems = [
                ...pageProblems(page),
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
export const appServers: Check = (lab) =>
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
