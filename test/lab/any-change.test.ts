/** Packages and roles that change under load, and what has drifted, on a lab of this test. */
import { readFileSync, writeFileSync } from "node:fs";
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

describe("the database", () => {
    const notes = () => lab.ok("ssh", "mysql", "mariadb -N site -e 'SELECT text FROM notes ORDER BY id'");
    const say = (sql: string) => lab.ok("ssh", "mysql", `mariadb site -e "${sql}"`);

    test.each(["site.sql", "site.sql.gz"])("comes back from %s as it was", async (name) => {
        await say("DELETE FROM notes; INSERT INTO notes (text, node) VALUES ('Grüße', 'nod0'), ('two', 'nod2')");
        const file = join(lab.home, name);
        await lab.ok("database", "dump", file);
        await say("DELETE FROM notes WHERE node = 'nod0'; INSERT INTO notes (text, node) VALUES ('three', 'nod0')");
        await lab.ok("database", "restore", file);
        expect(await notes()).toBe("Grüße\ntwo\n");
        expect(await lab.ok("ssh", "mysql", "cat /var/backups/lab/before-restore.sql")).toContain("'three'");
    });

    test("is dumped by the machine itself, which keeps the newest", async () => {
        const dumps = "/var/backups/lab/site-????-??-??T????.sql.gz";
        await lab.ok(
            "ssh",
            "mysql",
            "for day in $(seq 10 29); do : > /var/backups/lab/site-2020-01-${day}T0230.sql.gz; done",
        );
        await lab.ok("ssh", "mysql", "systemctl start lab-dump");
        const kept = (await lab.ok("ssh", "mysql", `ls ${dumps}`)).trim().split("\n");
        expect(kept).toHaveLength(14);
        expect(kept[0]).toContain("site-2020-01-17T0230");
        expect(await lab.ok("ssh", "mysql", `zcat ${kept.at(-1)} | tail -n 1`)).toContain("-- Dump completed");
    });

    test("stays as it is when a dump is cut off, or is refused half-way", async () => {
        const [whole, cut, wrong] = ["whole.sql", "cut.sql", "wrong.sql"].map((name) => join(lab.home, name));
        if (!whole || !cut || !wrong) return;
        await lab.ok("database", "dump", whole);
        const text = readFileSync(whole, "utf8");
        writeFileSync(cut, text.slice(0, text.length / 2));
        writeFileSync(wrong, text.replace("-- Dump completed", "INSERT INTO nowhere VALUES (1);\n-- Dump completed"));
        const before = await notes();
        const refused = await lab.lab("database", "restore", cut);
        expect([refused.code, refused.all]).toEqual([2, expect.stringContaining("This is no whole dump")]);
        const undone = await lab.lab("database", "restore", wrong);
        expect([undone.code, undone.all]).toEqual([2, expect.stringContaining("The database is what it was before.")]);
        expect(await notes()).toBe(before);
    });
});

describe("what changes under load:", () => {
    test.each(["packages-renewed", "memcached-added", "memcached-retired", "director-retired", "address-handed-over"])(
        "%s",
        async (name) => {
            const file = join(lab.home, "drill.json");
            const { code, all } = await lab.lab("drill", name, "--json", file);
            const [result] = JSON.parse(readFileSync(file, "utf8")) as DrillResult[];
            expect(result?.problems, all).toEqual([]);
            expect(code).toBe(0);
            expect(result?.measured?.adds.sent).toBeGreaterThan(200);
        },
    );
});
