import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parseWrk, withoutJemalloc } from "../../../../../launcher/commands/bench/measure-site";
import { tengineBuild } from "../../../../../roles/tengine-build";
import { platforms } from "../../../../../catalog/platforms/index";
import { artifactsIn, siteWith } from "../../../../support/article";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "bench-"));
afterAll(() => fs.rmSync(folder, { recursive: true }));

describe("wrk's output", () => {
    const said = (more = "") => `Running 8s test @ http://192.168.0.111/counter/bench
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    12.34ms    5.10ms  99.99ms   80.00%
    Req/Sec     1.20k   100.00     1.50k    70.00%
  Latency Distribution
     50%  950.00us
     75%   15.00ms
     90%   20.00ms
     99%    1.20s
  9600 requests in 8.00s, 1.90MB read
${more}Requests/sec:   1200.50
Transfer/sec:    243.10KB
`;

    test("is read with its units", () => {
        expect(parseWrk("a way", said())).toEqual({
            what: "a way",
            requestsPerSecond: 1200.5,
            median: 0.95,
            p99: 1200,
            failed: 0,
        });
    });

    test("has all kinds of failures in one number", () => {
        expect(
            parseWrk(
                "a way",
                said("  Socket errors: connect 1, read 2, write 0, timeout 3\n  Non-2xx or 3xx responses: 10\n"),
            ).failed,
        ).toBe(16);
    });

    test("without results is an error, not a zero", () => {
        expect(() => parseWrk("a way", "unable to connect to 192.168.0.111:80 Connection refused\n")).toThrow(
            /Connection refused/,
        );
    });
});

test("the server without jemalloc differs from the lab's in jemalloc and its folder only", () => {
    const description = siteWith();
    const build = tengineBuild({
        description,
        platform: platforms[description.platform],
        artifacts: artifactsIn(folder),
    });
    const without = withoutJemalloc(build, description);
    expect(build.script).toMatch(/libjemalloc\.a/);
    expect(build.script).toContain("jemalloc statistics");
    expect(without.script).not.toMatch(/libjemalloc|jemalloc statistics|\/usr\/local\/tengine\//);
    expect(without.script).toContain("--prefix=/usr/local/tengine-without-jemalloc");
    expect(without.key).not.toBe(build.key);
});
