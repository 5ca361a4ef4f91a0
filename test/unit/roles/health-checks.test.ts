/** The directors' health checks: the scripts themselves, with a curl that answers what the test wants. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LabDescription } from "../../../config/description";
import { appServerLists } from "../../../roles/health-checks";
import { articleLab, siteWith } from "../../support/article";
import { textOf } from "../../support/rendered";
import { rolesOf } from "../../support/steps";

const [first, second, third] = ["192.168.0.200", "192.168.0.202", "192.168.0.206"] as const;
const three = siteWith({
    machines: { ...articleLab().machines, nod5: { address: third, roles: ["app"] } },
});

let folder: string;
let children: ChildProcess[];
const at = (name: string) => path.join(folder, name);
const read = (name: string) => (fs.existsSync(at(name)) ? fs.readFileSync(at(name), "utf8") : "");
const program = (name: string, text: string) => {
    fs.writeFileSync(at(`bin/${name}`), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
};
const environment = () => ({ ...process.env, PATH: `${at("bin")}:${process.env["PATH"]}` });

beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "lab-checks-"));
    children = [];
    fs.mkdirSync(at("bin"));
    fs.mkdirSync(at("answers"));
    // What curl prints, and its exit code, is in a file for each address: `7 0.001`. A file once-ADDRESS fails one call.
    program(
        "curl",
        `for url; do :; done
address=\${url#http://}
address=\${address%%/*}
if rm ${at("once-")}"$address" 2>/dev/null; then exit 7; fi
read -r code seconds < ${at("answers")}/"$address"
echo "$seconds"
exit "$code"`,
    );
});
afterEach(() => {
    for (const child of children) child.kill("SIGKILL");
    // Questions that the killed checks had asked may still write their answers (ENOTEMPTY).
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
});

const answer = (address: string, code: number, seconds = "0.010") => {
    fs.writeFileSync(at(`answers/${address}.new`), `${code} ${seconds}\n`);
    fs.renameSync(at(`answers/${address}.new`), at(`answers/${address}`));
};
/** curl's exit codes. */
const [well, refused, timeOut] = [0, 7, 28];

describe("tengine-checks.service", () => {
    /** Starts the checks, with rounds of 50 ms, beside a web server that counts how often it is told to reload. */
    async function start(description: LabDescription) {
        const { folder: lists } = appServerLists(description);
        const script = (await textOf(description, "nod3", "/usr/libexec/tengine/check-app-servers"))
            .replaceAll(lists, at("lists"))
            .replaceAll("/run/tengine.pid", at("pid"));
        fs.mkdirSync(at("lists"));
        program("sleep", "exec /bin/sleep 0.05");
        program("ss", `echo "$*" >> ${at("killed")}`);
        const server = spawn(process.execPath, [
            "-e",
            `process.on("SIGHUP", () => fs.appendFileSync(${JSON.stringify(at("reloads"))}, "reload\\n"));
            fs.writeFileSync(${JSON.stringify(at("pid"))}, String(process.pid)); setInterval(() => {}, 1000);`,
        ]);
        children.push(server);
        await expect.poll(() => read("pid"), { timeout: 5000 }).not.toBe("");
        fs.writeFileSync(at("checks"), script);
        children.push(spawn("sh", [at("checks")], { env: environment(), stdio: "ignore" }));
    }
    /** The addresses in a group's list: the server, then its backup. */
    const listed = (name: string) =>
        [...read(`lists/be_${name}.conf`).matchAll(/^server (\S+):80 max_fails=0( backup)?;$/gm)].map(
            ([, address, backup]) => `${address}${backup ?? ""}`,
        );
    const eventually = (name: string) => expect.poll(() => listed(name), { timeout: 5000 });
    const reloads = () => read("reloads").split("\n").length - 1;

    test("an app server that fails gives its place to the next one that works, and gets the place back", async () => {
        for (const address of [first, second, third]) answer(address, well);
        await start(three);
        answer(first, refused, "0.001");
        await eventually("jvm200").toEqual([second, `${third} backup`]);
        await eventually("jvm202").toEqual([second, `${third} backup`]);
        await eventually("jvm206").toEqual([third, `${second} backup`]);
        await expect.poll(reloads, { timeout: 5000 }).toBe(1);
        answer(second, 22);
        await eventually("jvm200").toEqual([third, `${first} backup`]);
        for (const address of [first, second]) answer(address, well);
        await eventually("jvm200").toEqual([first, `${second} backup`]);
        // No connection was to a machine that is gone.
        expect(read("killed")).toBe("");
    });

    test("when none works, all stay where they were", async () => {
        for (const address of [first, second]) answer(address, refused);
        await start(siteWith());
        await expect.poll(() => fs.existsSync(at(`lists/down/${second}`)), { timeout: 5000 }).toBe(true);
        await eventually("jvm200").toEqual([first, `${second} backup`]);
        await eventually("jvm202").toEqual([second, `${first} backup`]);
    });

    test("one failure changes nothing", async () => {
        for (const address of [first, second]) answer(address, well);
        await start(siteWith());
        fs.writeFileSync(at(`once-${first}`), "");
        await expect.poll(() => fs.existsSync(at(`once-${first}`)), { timeout: 5000 }).toBe(false);
        answer(second, refused);
        await eventually("jvm202").toEqual([first, `${second} backup`]);
        await expect.poll(reloads, { timeout: 5000 }).toBe(1);
        expect(listed("jvm200")).toEqual([first, `${second} backup`]);
    });

    test("connections to a machine that accepts none are ended; those to a server that is only slow stay", async () => {
        for (const address of [first, second, third]) answer(address, well);
        await start(three);
        answer(first, timeOut, "2.001");
        await eventually("jvm200").toEqual([second, `${third} backup`]);
        answer(second, timeOut, "1.001");
        await expect.poll(() => read("killed"), { timeout: 5000 }).toContain(`--kill dst ${second} dport = :80`);
        expect(read("killed")).not.toContain(first);
    });

    test("each set of app servers has its lists, which exist before the web server starts", async () => {
        const lines = async (description: LabDescription) =>
            (await textOf(description, "nod3", "/etc/tmpfiles.d/tengine.conf")).split("\n");
        const { folder: lists } = appServerLists(three);
        expect(lists).not.toBe(appServerLists(siteWith()).folder);
        expect((await lines(three)).map((line) => line.trim())).toEqual(
            expect.arrayContaining([
                `d ${lists} 0755 root root -`,
                `f ${lists}/be_jvm206.conf 0644 root root - ` +
                    `server ${third}:80 max_fails=0; server ${first}:80 max_fails=0 backup;`,
            ]),
        );
        const tengine = siteWith({ director: { source: "tengine-3.1.0" } });
        expect((await lines(tengine)).filter((line) => line.startsWith("f "))).toEqual([]);
        const { "health-checks": checks } = await rolesOf(tengine, "nod3");
        expect(checks?.files).toEqual([]);
        expect(checks?.script).toContain("systemctl disable --now tengine-checks.service");
    });
});

describe("keepalived's checks", () => {
    const check = async (here: number, other: number) => {
        answer("127.0.0.1", here);
        answer("192.168.0.204", other);
        const script = await textOf(siteWith(), "nod3", "/usr/libexec/keepalived/check-site");
        return spawnSync("sh", ["-c", script], { env: environment() }).status;
    };

    test("of the site fails on a director without app servers only if the other director has some", async () => {
        expect(await check(well, well)).toBe(0);
        expect(await check(22, well)).toBe(1);
        expect(await check(timeOut, refused)).toBe(0);
    });

    test("are not there for a single director, which could give the address to nobody", async () => {
        const { machines } = articleLab();
        delete machines["nod4"];
        const { keepalived } = await rolesOf(siteWith({ machines }), "nod3");
        const texts = keepalived?.files.map(({ path: name, text }) => `${name}\n${text}`).join("\n");
        expect(texts).not.toMatch(/check-site|check-web-server|track_script|vrrp_script/);
    });
});
