import type { MachineAccess } from "../../../../config/access";
import type { Answer, LivingLab } from "../../../stack/running-lab";
import { each, verdict, type Check } from "../check";

interface Place {
    name: string;
    url: string;
    /** Whom an app server lets in. */
    from?: MachineAccess;
}

/** Where the site can be asked for: as a visitor does, at each director, and behind the directors' backs. */
function places(lab: LivingLab): Place[] {
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
    ...(body.includes('class="problem"') ? ["the page tells of a problem"] : []),
];

/** The page, and the health page behind it, at every place. */
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

/** How many visitors it takes until chance alone would hardly have left out an app server of ten. */
const visitors = 40;

/** Every director uses every app server, and none that it does not know. */
export const appServers: Check = (lab) =>
    each(
        lab.machinesWith("director"),
        ({ name }) => name,
        async (director) => {
            // One curl for all of them: each address is a request without a session.
            const urls = Array.from(
                { length: visitors },
                (_, index) => `http://${director.address}/counter/visitor-${index}`,
            );
            const output = await lab.inside(["curl", "-sS", "--max-time", "20", ...urls]);
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
