/** Which session a director sees in a Cookie header. test/lab/lab.test.ts asks the real servers. */
import { describe, expect, test } from "vitest";
import { nginxConf, textOf } from "../../support/rendered";
import { siteWith } from "../../support/article";

const session = "0123456789ABCDEF-memcached1.jvm202";
const odd = [
    'p="open',
    'p="closed"',
    'p="a\\"b"',
    "p=\xe9\xff",
    "\xe9=1",
    "xJSESSIONID=F-memcached1.jvm200",
    "JSESSIONIDx=F-memcached1.jvm200",
    "jsessionid=F-memcached1.jvm200",
    "$Version",
    '$Version="1"',
    "a=1,b=2",
    "e=",
    "=",
    "",
    "JSESSIONID=",
    "JSESSIONID=stale",
    "JSESSIONID=F-memcached1.jvm209",
    `long=${"x".repeat(7000)}`,
];

/** Finds the session in a Cookie header by the rules of nginx's map: the first expression that matches. */
async function finder(affinity?: string) {
    const groupsOf = await matcher(affinity);
    return (header: string) => groupsOf(header)?.routed_id ?? groupsOf(header)?.other_id;
}

async function matcher(affinity = "session"): Promise<(header: string) => Record<string, string> | undefined> {
    const conf = await textOf(siteWith({ director: { source: "nginx-1.26.3", affinity } }), "nod3", nginxConf);
    const map = /map \$http_cookie \$session_id \{([^]*?)\n {4}\}/.exec(conf)?.[1] ?? "";
    const expressions = [...map.matchAll(/^ *"~(.*)" \$\w+;$/gm)].map(([, expression = ""]) => new RegExp(expression));
    expect(expressions).toHaveLength(2);
    return (header) => expressions.find((expression) => expression.test(header))?.exec(header)?.groups;
}

describe("a director finds the session", () => {
    test.each(["session", "uri"])("between any two other cookies, with affinity %s", async (affinity) => {
        const sessionIn = await finder(affinity);
        for (const before of odd)
            for (const after of odd)
                for (const cookie of [`JSESSIONID=${session}`, `JSESSIONID="${session}"`, `JSESSIONID = ${session}`])
                    expect(sessionIn([before, cookie, after].join("; "))).toBe(session);
    });

    test("after a comma, and without a blank", async () => {
        const sessionIn = await finder();
        expect(sessionIn(`$Version="1", JSESSIONID="${session}"; $Path="/"`)).toBe(session);
        expect(sessionIn(`a=1;JSESSIONID=${session};b=2`)).toBe(session);
    });

    test("of several, in the first one with an app server's route, else in the first one", async () => {
        const sessionIn = await finder();
        expect(sessionIn(`JSESSIONID=${session}; JSESSIONID=F-memcached1.jvm200`)).toBe(session);
        expect(sessionIn("JSESSIONID=A.jvm209; JSESSIONID=B.jvm208")).toBe("A.jvm209");
        expect(sessionIn(`JSESSIONID=A.jvm2022; JSESSIONID=${session}`)).toBe(session);
    });

    test("in no other cookie", async () => {
        const sessionIn = await finder();
        for (const cookie of odd.filter((text) => !/^JSESSIONID=./.test(text)))
            expect(sessionIn(cookie)).toBeUndefined();
    });

    test("and takes it out of the other cookies, because Tomcat looks up a session whose id comes twice before its time", async () => {
        const groupsOf = await matcher();
        for (const [before, after] of [
            ["a=1; ", "b=2"],
            ["", "b=2; JSESSIONID=stale"],
            ["a=1, ", ""],
            ["", ""],
            ['p="open; xJSESSIONID=1; ', 'q="x;'],
        ] as const) {
            const cookie = `JSESSIONID="${session}"${after === "" ? "" : "; "}`;
            expect(groupsOf(before + cookie + after)).toMatchObject({ cookies_before: before, cookies_after: after });
        }
    });
});
