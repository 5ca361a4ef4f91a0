import { randomUUID } from "node:crypto";
import { memcachedNodes } from "../../../../roles/sessions";
import { quote } from "../../../../lib/shell";
import { databaseOf } from "../../../../config/chosen-database";
import { isSample, startPath } from "../../../../config/application";
import { each, passed, verdict, type Check } from "../check";
import { CannotRun } from "../../../stack/running-lab";
import { Visitor } from "../visitor";
import { directCurlText } from "../../../../lib/proxies";

/** A visitor has one session, whichever app server answers. */
export const sessions: Check = (lab) => (isSample(lab.description) ? countedSessions(lab) : keptSessions(lab));

/**
 * A session of an application that is not known here: another app server finds it too. One that it does not find would
 * get another id.
 */
const keptSessions: Check = (lab) =>
    each(
        lab.machinesWith("app"),
        ({ name }) => name,
        async (first) => {
            const [director] = lab.machinesWith("director");
            if (!director) throw new CannotRun("the lab has no director, which alone may ask app servers");
            const path = startPath(lab.description);
            const visitor = new Visitor(lab, director);
            await visitor.open(`http://${first.address}${path}`);
            const id = visitor.sessionName;
            if (id === undefined) return passed(first.name, `the application makes no session at ${path}`);
            const others = lab.machinesWith("app").filter(({ name }) => name !== first.name);
            const lost: string[] = [];
            for (const other of [...others, first]) {
                await visitor.open(`http://${other.address}${path}`);
                if (visitor.sessionName !== id) lost.push(other.name);
            }
            return verdict(
                first.name,
                lost.map(
                    (name) => `${name} does not find its session (docs/your-site.md says what a session may hold)`,
                ),
                others.length === 0
                    ? "there is no other app server"
                    : `${others.map(({ name }) => name).join(" and ")} found it`,
            );
        },
    );

/** The sample counts every addition, through every director and for every page. */
const countedSessions: Check = (lab) =>
    each(
        ["first", "second", "third"],
        (name) => `${name} session`,
        async (name) => {
            const visitor = new Visitor(lab);
            const bases = [lab.access.url, ...lab.machinesWith("director").map(({ address }) => `http://${address}/`)];
            const counts: number[] = [];
            for (const page of ["a", "b", "c", "d"]) {
                for (const base of bases) counts.push(await visitor.add(base, page));
            }
            const problems = counts.every((count, index) => count === index + 1)
                ? []
                : [`it counted ${counts.join(", ")}`];
            return verdict(
                `${name} session`,
                problems,
                `${counts.length} additions at ${bases.length} addresses counted, ` +
                    `by ${[...visitor.nodes].join(" and ")}`,
            );
        },
    );

/**
 * Every memcached answers an app server, had room for all copies, and the one that a session's id names has that
 * session.
 */
export const memcached: Check = async (lab) => {
    const [asker] = lab.machinesWith("app");
    if (!asker) throw new CannotRun("the lab has no app server, which alone may ask memcached");
    const visitor = new Visitor(lab);
    if (isSample(lab.description)) await visitor.add(lab.access.url, "memcached");
    else await visitor.open(`${lab.access.url}${startPath(lab.description).slice(1)}`);
    const keptBy = /-([^.]+)/.exec(visitor.session ?? "")?.[1];
    return each(
        memcachedNodes(lab.description),
        ({ name }) => name,
        async ({ name, address, port }) => {
            const commands = `version\r\nget ${visitor.session}\r\nstats\r\nquit\r\n`;
            const { code, output } = await lab.ssh(
                asker,
                `printf %s ${quote(commands)} | ${directCurlText} -sS --max-time 5 telnet://${address}:${port} | ` +
                    `tr -c '[:print:]\\n' .`,
            );
            const holds = output.includes(`VALUE ${visitor.session}`);
            const problems = [
                ...(code === 0 && /^VERSION/m.test(output) ? [] : [`no answer: ${output.trim()}`]),
                ...evicted(output),
                ...(name === keptBy && !holds ? ["it lacks a session whose id names it"] : []),
            ];
            return verdict(
                name,
                problems,
                name === keptBy ? `has the session ${visitor.session}` : "answers; the session is on another memcached",
            );
        },
    );
};

/** What is wrong where memcached, by its statistics, has dropped copies of sessions that had not ended. */
export function evicted(statistics: string): string[] {
    const evictions = Number(/^STAT evictions (\d+)/m.exec(statistics)?.[1] ?? 0);
    return evictions === 0
        ? []
        : [
              `it had no room for ${evictions} copies of sessions since its start: ` +
                  "raise lab:sessions.memcachedMiB, or lower lab:sessions.max",
          ];
}

/** The database takes what app servers write. Only the sample's own table is written to. */
export const database: Check = (lab) => (isSample(lab.description) ? storedNotes(lab) : reachedDatabase(lab));

/** Every app server reaches the database. What is in it is the application's business. */
const reachedDatabase: Check = (lab) =>
    each(
        lab.machinesWith("app"),
        ({ name }) => name,
        async (machine) => {
            const [server] = lab.machinesWith("database");
            if (!server) throw new CannotRun("the lab has no database");
            // The server speaks first. curl then waits for more, until its time is over.
            const greeting = await lab.ssh(
                machine,
                `${directCurlText} -s --max-time 2 telnet://${server.address}:3306 < /dev/null | tr -c '[:print:]' .`,
            );
            const { code } = await lab.ssh(server, databaseOf(lab.description).ping);
            return verdict(
                machine.name,
                [
                    ...(code === 0 ? [] : ["the database does not answer on its own machine"]),
                    ...(greeting.output.trim() === "" ? ["it does not reach the database"] : []),
                ],
                `it reaches the database on ${server.name}`,
            );
        },
    );

/** A note that is stored through one app server is shown by all of them. It is removed again. */
const storedNotes: Check = (lab) =>
    each(
        lab.machinesWith("app"),
        ({ name }) => name,
        async (writer) => {
            const [director] = lab.machinesWith("director");
            const [server] = lab.machinesWith("database");
            if (!director || !server)
                throw new CannotRun("the lab has no director, which alone may ask app servers, or no database");
            const text = `verify ${randomUUID()}`;
            const url = ({ address }: { address: string }) => `http://${address}/`;
            const look = async () => {
                const stored = await lab.request(url(writer), { form: { text }, from: director });
                const readers = await Promise.all(
                    lab.machinesWith("app").map(async (reader) => ({
                        reader,
                        shows: (await lab.request(url(reader), { from: director })).body.includes(text),
                    })),
                );
                const problems = [
                    ...(stored.status === 303 ? [] : [`storing a note: HTTP ${stored.status}`]),
                    ...readers.filter(({ shows }) => !shows).map(({ reader }) => `${reader.name} does not show it`),
                ];
                return verdict(
                    writer.name,
                    problems,
                    `stored a note; ${readers.map(({ reader }) => reader.name).join(" and ")} showed it`,
                );
            };
            const remove =
                `${databaseOf(lab.description).client} ${lab.description.database.name} -e ` +
                `${quote(`DELETE FROM notes WHERE text = '${text}'`)}`;
            return look().finally(() => lab.ssh(server, remove));
        },
    );
