import { randomUUID } from "node:crypto";
import { memcachedNodes } from "../../../../roles/sessions";
import { quote } from "../../../../lib/shell";
import { databaseOf } from "../../../../config/chosen-database";
import { each, verdict, type Check } from "../check";
import { CannotRun } from "../../../stack/running-lab";
import { Visitor } from "../visitor";
import { directCurlText } from "../../../../lib/proxies";

/** A session counts every addition, through every director and for every page. */
export const sessions: Check = (lab) =>
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
    await visitor.add(lab.access.url, "memcached");
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

/** A note that is stored through one app server is shown by all of them. It is removed again. */
export const database: Check = (lab) =>
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
