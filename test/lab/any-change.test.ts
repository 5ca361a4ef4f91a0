/** Packages and roles that change under load, and what has drifted, on a lab of this test. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DrillResult } from "../../launcher/commands/drill/run-drill";
import { Checkout } from "../support/checkout";

let lab: Checkout;

beforeAll(async () => {
    lab = await Checkout.create();
    await lab.ok("up");
});
afterAll(() => lab.remove());

describe("what has drifted", () => {
    const virtualHost = "/etc/apache2/sites-enabled/virtual.conf";

    test("is nothing after up", async () => {
        expect(await lab.lab("drift")).toMatchObject({ code: 0, stdout: "Nothing has drifted.\n" });
    });

    test("is named by drift and by preview, and mended by the next up, once", async () => {
        await lab.ok(
            "ssh",
            "nod2",
            `rm ${virtualHost}; systemctl disable --now memcached; chmod 666 /usr/local/tomcat/conf/server.xml`,
        );
        const expected = [
            `nod2: httpd: ${virtualHost} is gone`,
            "nod2: memcached: memcached.service does not run",
            "nod2: memcached: memcached.service does not start at boot",
            "nod2: tomcat: /usr/local/tomcat/conf/server.xml has another mode or owner",
        ];
        const looked = await lab.lab("drift");
        expect(looked.code).toBe(1);
        expect(looked.stdout.trim().split("\n").sort()).toEqual(expected);
        const preview = await lab.lab("preview");
        for (const line of expected) expect(preview.all).toContain(`${line}. The step is done again.`);
        expect(preview.all).toMatch(/nod2-memcached +replace/);
        const { code, all } = await lab.lab("up");
        expect(code, all).toBe(0);
        expect(await lab.lab("drift")).toMatchObject({ code: 0 });
        expect(await lab.ok("up")).not.toMatch(/replaced|updated/);
        await lab.ok("verify");
    });
});

describe("what changes under load:", () => {
    test.each([
        "packages-renewed",
        "memcached-added",
        "memcached-retired",
        "director-retired",
        "directors-restarted",
        "address-handed-over",
    ])("%s", async (name) => {
        const file = join(lab.home, "drill.json");
        const { code, all } = await lab.lab("drill", name, "--json", file);
        const [result] = JSON.parse(readFileSync(file, "utf8")) as DrillResult[];
        expect(result?.problems, all).toEqual([]);
        expect(code).toBe(0);
        expect(result?.measured?.adds.sent).toBeGreaterThan(200);
    });
});
