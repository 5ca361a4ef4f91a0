/** lab-metrics.service, run by this machine's bash. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { render } from "../../../roles/template";

let folder: string;
let ends: (() => void)[];

beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), "lab-metrics-"));
    ends = [() => fs.rmSync(folder, { recursive: true })];
});
afterEach(() => {
    for (const end of ends.reverse()) end();
});

/** Starts the script with these texts. The function gives the newest metrics that `isThere`. */
function started(...texts: string[]) {
    const [script, file] = [join(folder, "metrics"), join(folder, "lab.prom")];
    fs.writeFileSync(script, render("usr/libexec/lab/metrics", { texts, seconds: 0.1 }));
    const child = spawn("bash", [script, file], { stdio: ["ignore", "ignore", "inherit"] });
    ends.push(() => child.kill());
    const read = () => (fs.existsSync(file) ? fs.readFileSync(file, "utf8").trimEnd().split("\n") : []);
    return async (isThere: (lines: string[]) => boolean) => {
        await expect.poll(() => isThere(read()), { timeout: 10_000 }).toBe(true);
        return read();
    };
}

/** A server that answers each connection with `answer` and closes it. */
async function server(answer: string): Promise<number> {
    const own = net.createServer((socket) => socket.once("data", () => socket.end(answer)));
    await new Promise<void>((resolve) => own.listen(0, "127.0.0.1", resolve));
    ends.push(() => own.close());
    return (own.address() as net.AddressInfo).port;
}

test("a machine: its own processor time", async () => {
    const metrics = started(render("usr/libexec/lab/metrics/machine", { vcpus: 3 }));
    const lines = await metrics((all) => all.length > 0);
    expect(lines).toContain("lab_machine_cpus 3");
});

test("memcached: what it says of itself, and whether it says anything", async () => {
    const port = await server(
        "STAT pid 7\r\nSTAT curr_items 12\r\nSTAT evictions 3\r\nSTAT get_misses 4\r\nSTAT version 1.6\r\nEND\r\n",
    );
    const metrics = started(render("usr/libexec/lab/metrics/memcached", { address: "127.0.0.1", port }));
    expect(await metrics((all) => all.includes("memcached_up 1"))).toEqual([
        "memcached_current_items 12",
        "memcached_items_evicted_total 3",
        'memcached_commands_total{command="get",status="miss"} 4',
        "memcached_up 1",
    ]);
    ends.pop()?.(); // the script
    ends.pop()?.(); // the server
    const without = started(render("usr/libexec/lab/metrics/memcached", { address: "127.0.0.1", port }));
    expect(await without((all) => all.includes("memcached_up 0"))).toEqual(["memcached_up 0"]);
});

const director = (changes: object) =>
    render("usr/libexec/lab/metrics/director", {
        virtualAddress: "192.0.2.1",
        tengine: false,
        keepsConnections: false,
        address: "127.0.0.1",
        listsFolder: folder,
        appServers: [
            { name: "nod0", address: "192.168.0.200" },
            { name: "nod2", address: "192.168.0.202" },
        ],
        ...changes,
    });

test("a director: whether it holds the address, and which app server is out of rotation", async () => {
    const metrics = started(director({}));
    const up = await metrics((all) => all.length > 4);
    expect(up).toContain("lab_keepalived_holds_address 0");
    expect(up).toContain("lab_keepalived_moves_total 0");
    expect(up).toContain('lab_app_server_up{app_server="nod0"} 1');
    fs.mkdirSync(join(folder, "down"));
    fs.writeFileSync(join(folder, "down", "192.168.0.202"), "");
    const down = await metrics((all) => all.includes('lab_app_server_up{app_server="nod2"} 0'));
    expect(down).toContain('lab_app_server_up{app_server="nod0"} 1');
});

test("a director that has the address", async () => {
    const metrics = started(director({ virtualAddress: "127.0.0.1" }));
    expect(await metrics((all) => all.length > 4)).toContain("lab_keepalived_holds_address 1");
});

test("a director that has a route of its own to the address, and not the address", async () => {
    const metrics = started(director({ virtualAddress: "127.0.0.1", keepsConnections: true }));
    expect(await metrics((all) => all.length > 4)).toContain("lab_keepalived_holds_address 0");
});
