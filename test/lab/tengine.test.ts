/**
 * Tengine's active checks and consistent hashing. No package registry has Tengine's source: without
 * LAB_CACHE/artifacts/tengine-3.1.0.tar.gz these tests are skipped, and say so.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingArtifacts } from "../../artifacts/cache";
import { cacheFolder } from "../../lib/environment";
import { Checkout } from "../support/checkout";
import { eventually } from "../support/host-state";

const isMissing = (await missingArtifacts(["tengine-3.1.0"], cacheFolder())).length > 0;
if (isMissing)
    process.stderr.write("SKIPPED: Tengine's tests. Lay tengine-3.1.0.tar.gz into LAB_CACHE/artifacts to run them.\n");

/** Two app servers and a director, with release maintained: Tomcat 9 and session manager 2.3.2. */
const stackFile = `config:
  lab:machineKind: container
  lab:platform: debian-13
  lab:release: maintained
  lab:hypervisor: lxc:///system
  lab:isolated: true
  lab:packageProxy: 3142
  lab:virtualAddress: 192.168.0.111
  lab:machines:
    nod0: { address: 192.168.0.200, roles: [ app, memcached, database ] }
    nod2: { address: 192.168.0.202, roles: [ app ] }
    nod3: { address: 192.168.0.203, roles: [ director ], priority: 180 }
  lab:sessions:
    failoverNodes: []
`;
const site = "http://192.168.0.111";

describe.skipIf(isMissing)("Tengine 3.1.0", () => {
    let lab: Checkout;

    beforeAll(async () => {
        lab = await Checkout.create();
        lab.write("Pulumi.local.yaml", stackFile);
        // There is no published sum, so this checkout accepts the file in the cache.
        await lab.ok("accept", "tengine-3.1.0");
        await lab.ok("up");
    });
    afterAll(() => lab.remove());

    /** The result of the director's checks, by app server. */
    const checks = async () =>
        (await lab.ok("curl", "-sS", "--fail", "http://192.168.0.203/status?format=csv"))
            .trim()
            .split("\n")
            .map((line) => line.split(","))
            .map(([, upstream, server, state]) => `${upstream} ${server} ${state}`)
            .sort();
    const add = async (cookies: string) =>
        JSON.parse(
            await lab.inside(
                `curl -sS --fail --max-time 10 -b '${cookies}' -c '${cookies}' -X POST '${site}/counter.jsp?op=add'`,
            ),
        ) as { node: string; count: number };

    test("rows 17 and 18: it is Tengine, with jemalloc compiled in", async () => {
        expect(await lab.ok("ssh", "nod3", "/usr/local/tengine/sbin/nginx -v 2>&1")).toContain(
            "Tengine version: Tengine/3.1.0",
        );
        expect(
            await lab.ok("ssh", "nod3", "MALLOC_CONF=stats_print:true /usr/local/tengine/sbin/nginx -v 2>&1"),
        ).toContain("Begin jemalloc statistics");
    });

    test("row 19: its checks find both app servers up", async () => {
        await eventually(checks, (found) => found.every((line) => line.endsWith(" up")), 60);
        // All upstreams: both servers, and for each server's sessions that server with the other one as a backup.
        expect(await checks()).toEqual(
            ["be_jvm200", "be_jvm202", "be_server1"].flatMap((upstream) => [
                `${upstream} 192.168.0.200:80 up`,
                `${upstream} 192.168.0.202:80 up`,
            ]),
        );
    });

    test("row 20: /status is for the lab's net only", async () => {
        expect(await lab.ok("ssh", "nod3", "curl -sS -o /dev/null -w %{http_code} http://127.0.0.1/status")).toBe(
            "403",
        );
    });

    test("row 19: sessions spread over both app servers, and each stays with its own", async () => {
        const nodes = new Set<string>();
        for (let session = 0; session < 12; session++) {
            const cookies = `${lab.home}/session-${session}`;
            // The first answer brings the session's id, which decides on the server of all later requests.
            await add(cookies);
            const { node } = await add(cookies);
            expect(await add(cookies)).toEqual(expect.objectContaining({ node, count: 3 }));
            nodes.add(node);
        }
        expect([...nodes].sort()).toEqual(["nod0", "nod2"]);
    });

    test("an app server without its Tomcat is found out, and its sessions go on at the other", async () => {
        await lab.ok("ssh", "nod2", "systemctl stop tomcat");
        await eventually(checks, (found) => found.includes("be_server1 192.168.0.202:80 down"), 60);
        for (let session = 0; session < 12; session++) {
            expect(await add(`${lab.home}/session-${session}`)).toEqual(
                expect.objectContaining({ node: "nod0", count: 4 }),
            );
        }
        await lab.ok("ssh", "nod2", "systemctl start tomcat");
        await eventually(checks, (found) => found.includes("be_server1 192.168.0.202:80 up"), 60);
    });
});
