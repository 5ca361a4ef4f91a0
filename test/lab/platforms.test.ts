/**
 * The platforms' commands and files, as far as a Debian can show: each command runs a second time on Debian 13, and
 * Debian's programs read CentOS's files. Files that are the same on all platforms are read by the services of any lab
 * (test/unit/catalog/platforms.test.ts says which differ).
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabDescription } from "../../config/description";
import { readDescription } from "../../roles/configuration";
import { accountName, accountsSql, retiredAccountsSql } from "../../roles/database-accounts";
import { Checkout } from "../support/checkout";
import { fileOf } from "../support/steps";

const machines = {
    nod0: { address: "192.168.0.200", roles: ["app", "memcached", "database"] },
    nod3: { address: "192.168.0.203", roles: ["director"], priority: 180 },
};
const settings = {
    machineKind: "container",
    platform: "debian-13",
    hypervisor: "lxc:///system",
    isolated: true,
    packageProxy: 3142,
    virtualAddress: "192.168.0.111",
    machines,
    sessions: { failoverNodes: [] },
    director: { source: "nginx-1.26.3" },
};
/** The same stack on another platform, with `changes`. */
const on = (platform: string, changes: object = {}) =>
    readDescription(
        {
            ...settings,
            machineKind: "vm",
            hypervisor: "qemu:///system",
            isolated: false,
            packageProxy: "none",
            platform,
            ...changes,
        },
        "test",
    );

let lab: Checkout;

beforeAll(async () => {
    lab = await Checkout.create();
    lab.write(
        "Pulumi.local.yaml",
        JSON.stringify({
            config: Object.fromEntries(Object.entries(settings).map(([key, value]) => [`lab:${key}`, value])),
        }),
    );
    await lab.ok("up");
});
afterAll(() => lab.remove());

/** Runs a shell script on a machine; `input` is its standard input. */
const run = (machine: string, script: string, input = "") =>
    lab.ok("ssh", machine, `echo ${Buffer.from(input).toString("base64")} | base64 -d | { ${script}\n}`);

describe("every command, a second time:", () => {
    const mark = "/run/before-the-second-time";
    /** The time of each service's last start. */
    const starts = (machine: string) =>
        run(
            machine,
            "systemctl show --property=Id,ActiveEnterTimestampMonotonic $(systemctl list-units --type=service --state=running --plain --no-legend | grep -v '^user@\\|^session' | cut -d' ' -f1)",
        );

    test("goes well, restarts nothing, and writes no file that services read", async () => {
        const before = await Promise.all(Object.keys(machines).map(starts));
        for (const machine of Object.keys(machines)) await run(machine, `touch ${mark}`);
        const summary = await lab.ok(
            "pulumi",
            "up",
            "--yes",
            "--skip-preview",
            "--suppress-progress",
            "--replace",
            "**command:remote:Command::**",
        );
        // All steps: packages, base, firewall and the roles' steps on each machine.
        expect(Number(/\+-(\d+) replaced/.exec(summary)?.[1])).toBeGreaterThanOrEqual(2 * 3 + 6 + 2);
        for (const machine of Object.keys(machines)) {
            const written = await run(
                machine,
                `find $(ls -d /etc /usr/local /tomcat 2>/dev/null) -xdev -type f -newer ${mark} ! -path '/usr/local/*/logs/*' ! -path '/usr/local/*/work/*' ! -path '/usr/local/*/temp/*'`,
            );
            expect(written.trim(), machine).toBe("");
        }
        expect(await Promise.all(Object.keys(machines).map(starts))).toEqual(before);
    });
});

describe("the words of CentOS 7's MariaDB 5.5, which newer ones understand too:", () => {
    const description = on("centos-7", { database: { server: "mariadb" } });
    const account = (password: string) => accountName(description, password);
    const login = (password: string) =>
        run(
            "nod0",
            `mariadb -h ${machines.nod0.address} -u ${account(password)} -p${password} -e 'SELECT 1' ${description.database.name} 2>&1 || true`,
        );

    test("an account is made, may be made again, and goes when another takes its place; root is the machine's root alone", async () => {
        await run("nod0", "mariadb -e \"CREATE USER IF NOT EXISTS ''@'localhost', 'root'@'elsewhere'\"");
        for (const password of ["First-Passw0rd", "First-Passw0rd", "Second-Passw0rd"]) {
            await run("nod0", "mariadb", accountsSql(description, password));
            expect(await login(password)).toMatch(/^1\n1\n$/);
        }
        const retire = (of: LabDescription, users: string) =>
            run("nod0", "mariadb", `SET @users = '${users}';\n${retiredAccountsSql(of, "Second-Passw0rd")}`);
        await retire(description, "site");
        expect(await login("First-Passw0rd")).toContain("Access denied");
        expect(await login("Second-Passw0rd")).toMatch(/^1\n1\n$/);
        expect(await run("nod0", "mariadb -N -e \"SELECT host FROM mysql.user WHERE user IN ('', 'root')\"")).toBe(
            "localhost\n",
        );
        // Another name takes another account's place in the same way, and leaves alone whatever was never the program's.
        await run("nod0", "mariadb -e \"CREATE USER 'site_report'@'%'\"");
        const renamed = on("centos-7", { database: { server: "mariadb", user: "shop" } });
        await run("nod0", "mariadb", accountsSql(renamed, "Second-Passw0rd"));
        await retire(renamed, "site|shop");
        expect(
            await run(
                "nod0",
                "mariadb -N -e \"SELECT DISTINCT user FROM mysql.user WHERE user REGEXP '^(site|shop)' ORDER BY user\"",
            ),
        ).toBe(`${accountName(renamed, "Second-Passw0rd")}\nsite_report\n`);
        expect(await run("nod0", "runuser -u nobody -- mariadb -u root -e 'SELECT 1' 2>&1 || true")).toContain(
            "Access denied",
        );
    });
});

describe.each(["centos-7", "centos-stream-9"])("what %s would read is accepted by", (platform) => {
    const description = on(platform, { database: { server: "mariadb" } });
    const read = async (machine: string, file: string) => (await fileOf(description, machine, file)).text;

    test("httpd", async () => {
        const main = [
            "ServerName test",
            "Listen 80",
            "PidFile /run/check.pid",
            "ErrorLog /dev/null",
            ...["mpm_event", "authz_core", "env", "headers", "proxy", "proxy_http", "remoteip"].map(
                (module) => `LoadModule ${module}_module /usr/lib/apache2/modules/mod_${module}.so`,
            ),
            "Include /run/virtual.conf",
        ].join("\n");
        await run("nod0", "cat > /run/virtual.conf", await read("nod0", "/etc/httpd/conf.d/virtual.conf"));
        expect(await run("nod0", "cat > /run/main.conf; apache2 -t -f /run/main.conf 2>&1", main)).toContain(
            "Syntax OK",
        );
        await run("nod0", "echo NoSuchDirective >> /run/virtual.conf; ! apache2 -t -f /run/main.conf 2>&1");
    });

    test.each([0.2, 1])("keepalived, with an advert every %d s", async (advertInterval) => {
        const { text } = await fileOf(
            on(platform, { keepalived: { advertInterval, notify: { to: ["admin@example.org"] } } }),
            "nod3",
            "/etc/keepalived/keepalived.conf",
        );
        await run("nod3", "cat > /run/check.conf; keepalived --config-test --use-file /run/check.conf", text);
        await run(
            "nod3",
            "echo no_such_word >> /run/check.conf; ! keepalived --config-test --use-file /run/check.conf 2>&1",
        );
    });

    test("nft", async () => {
        for (const machine of Object.keys(machines)) {
            await run(
                machine,
                "cat > /run/check.nft; nft --check --file /run/check.nft",
                await read(machine, "/etc/sysconfig/nftables.conf"),
            );
        }
    });

    test("MariaDB", async () => {
        await run(
            "nod0",
            "cat > /run/check.cnf; mariadbd --defaults-file=/run/check.cnf --verbose --help >/dev/null",
            await read("nod0", "/etc/my.cnf.d/lab.cnf"),
        );
        await run(
            "nod0",
            "printf '[mysqld]\\nno_such_word = 1\\n' >> /run/check.cnf; ! mariadbd --defaults-file=/run/check.cnf --verbose --help >/dev/null 2>&1",
        );
    });

    test("systemd", async () => {
        const unit = await read("nod0", "/etc/systemd/system/tomcat.service");
        // The JDK is in another place here; the check is whether systemd understands each line.
        const said = await run(
            "nod0",
            "mkdir -p /run/check; cat > /run/check/tomcat.service; systemd-analyze verify /run/check/tomcat.service 2>&1 || true",
            unit,
        );
        expect(said).not.toMatch(/Unknown|Failed to parse|Invalid/);
    });
});
