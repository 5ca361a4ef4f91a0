/** lab-metrics.service, run by this machine's bash. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
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

const machine = (changes: object = {}) =>
    render("usr/libexec/lab/metrics/machine", { vcpus: 3, cgroup: folder, isVm: false, lookSeconds: 1, ...changes });
const groupFile = (name: string, text: string) => {
    fs.mkdirSync(dirname(join(folder, name)), { recursive: true });
    fs.writeFileSync(join(folder, name), text);
};
const pressure = (microseconds: number) =>
    `some avg10=1.00 avg60=2.00 avg300=3.00 total=9999999\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=${microseconds}\n`;

test.each([
    ["version 2", "cpu.stat", "io.pressure", "memory.stat", "pgmajfault 70\npgfault 99\n"],
    ["both", "unified/cpu.stat", "unified/io.pressure", "memory/memory.stat", "pgmajfault 1\ntotal_pgmajfault 70\n"],
])("a machine: its own processor time, waits and faults, %s of control groups", async (_, cpu, io, memory, faults) => {
    groupFile(cpu, "usage_usec 12000345\nuser_usec 1\n");
    groupFile(io, pressure(2_500_000));
    groupFile(memory, faults);
    const lines = await started(machine())((all) => all.length > 3);
    expect(lines.filter((line) => line.startsWith("lab_machine_"))).toEqual([
        "lab_machine_cpu_seconds_total 12.000345",
        "lab_machine_cpus 3",
        "lab_machine_disk_wait_seconds_total 2.500000",
        "lab_machine_major_faults_total 70",
    ]);
});

test("a container without these numbers does not tell the host's", async () => {
    const lines = await started(machine())((all) => all.length > 0);
    expect(lines.filter((line) => line.startsWith("lab_machine_"))).toEqual(["lab_machine_cpus 3"]);
});

test("a virtual machine: the faults of its kernel", async () => {
    const lines = await started(machine({ isVm: true }))((all) => all.length > 1);
    expect(lines.join("\n")).toMatch(/^lab_machine_major_faults_total [1-9]\d*$/m);
});

/** Puts a program of the test's own before the machine's. */
function program(name: string, text: string) {
    fs.writeFileSync(join(folder, name), `#!/bin/sh\n${text}`, { mode: 0o755 });
    vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
    ends.push(() => vi.unstubAllEnvs());
}

test("failed units, as long as they have failed", async () => {
    groupFile("failed", "tomcat.service loaded failed failed Tomcat\nfsck@a\\x2db.service loaded failed failed File\n");
    program("systemctl", `[ "$1 $2" = 'list-units --state=failed' ] && cat ${folder}/failed\n`);
    const metrics = started(machine());
    const isUnit = (line: string) => line.startsWith("lab_unit_failed");
    const lines = await metrics((all) => all.some(isUnit));
    expect(lines.filter(isUnit)).toEqual([
        'lab_unit_failed{unit="tomcat.service"} 1',
        'lab_unit_failed{unit="fsck@a\\\\x2db.service"} 1',
    ]);
    groupFile("failed", "");
    await metrics((all) => all.length > 0 && !all.some(isUnit));
});

test.skipIf(fs.statSync("/proc/self/fd").size === 0)("open files in percent of the process's limit", async () => {
    const script =
        'ulimit -n 50; printf lab-test >/proc/$BASHPID/comm; for n in {10..39}; do eval "exec $n</dev/null"; done; read -r';
    const child = spawn("bash", ["-c", script], { stdio: ["pipe", "ignore", "ignore"] });
    ends.push(() => child.kill());
    const name = 'lab_program_open_files_percent{program="lab-test"} ';
    // Thirty files, and those that each process has.
    const lines = await started(machine())((all) => all.some((line) => line.startsWith(name) && line >= `${name}6`));
    const percent = Number(lines.find((line) => line.startsWith(name))?.slice(name.length));
    expect(percent).toBeGreaterThanOrEqual(66);
    expect(percent).toBeLessThan(80);
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
