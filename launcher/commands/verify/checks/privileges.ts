import { isSample, startPath } from "../../../../config/application";
import { roles } from "../../../../roles/index";
import { words } from "../../../../lib/shell";
import { databaseOf } from "../../../../config/chosen-database";
import { each, verdict, type Check } from "../check";
import { CannotRun, type RunningLab } from "../../../stack/running-lab";

/**
 * Programs that may run as root: programs that start processes of other users or open port 80, and the system's own.
 */
const rootPrograms = new RegExp(
    `^(${[
        "keepalived|nginx|tengine|apache2|httpd|check-web-serve|check-app-serve|sleep|ss",
        "systemd.*|init|\\(sd-pam\\)|sshd.*|dbus-daemon|agetty|login|cron|crond|sh|bash|ps|su|sudo|curl|kthreadd",
        // The lab's own scripts, and what they call.
        "connections|drain-httpd|look-for-drift|dump-database|count-copies|mariadb-dump|mysqldump|gzip",
        "seq|flock|sha256sum|stat|grep|tr|cut|sort|touch|mkdir|chmod|mv|cp|pgrep|systemctl|ip|readlink",
        "apt.*|dpkg.*|unattended-upgr|nft|qemu-ga|cloud-init",
        "logrotate|rotatelogs|ls|tail|head|cat|sed|awk|mawk|gawk|journalctl|xargs|find|rm|rsyslogd|auditd|polkitd|NetworkManager|chronyd|tuned|irqbalance",
    ].join("|")})$`,
);

/** Tomcat, memcached, the database and everything that answers visitors have users of their own. */
export const users: Check = (lab) =>
    each(
        lab.access.machines,
        ({ name }) => name,
        async (machine) => {
            const { output } = await lab.ssh(machine, "ps -eo user:32=,ppid=,comm=");
            const processes = output
                .trim()
                .split("\n")
                .map((line) => line.trim().split(/\s+/))
                .map(([user = "", parent, ...name]) => ({ user, parent, name: name.join(" ") }));
            const asRoot = processes
                .filter(({ user, parent, name }) => user === "root" && parent !== "2" && !rootPrograms.test(name))
                .map(({ name }) => `${name} runs as root`);
            const missing = roles
                .filter((role) => machine.roles.includes(role.name))
                .flatMap((role) => role.processes?.(lab.platform) ?? [])
                .filter(
                    ({ program, user }) =>
                        !processes.some((process) => program.test(process.name) && process.user === user),
                )
                .map(({ program, user }) => `no process ${program.source} runs as ${user}`);
            const own = [
                ...new Set(processes.filter(({ user }) => user !== "root").map(({ user, name }) => `${name}: ${user}`)),
            ];
            return verdict(machine.name, [...new Set(asRoot), ...missing], own.join(", "));
        },
    );

/** Nobody can log in with a password, and root has none. */
export const logins: Check = (lab) =>
    each(
        lab.access.machines,
        ({ name }) => name,
        async (machine) => {
            const { code, output } = await lab.ssh(
                machine,
                "sshd=$(command -v sshd || echo /usr/sbin/sshd); $sshd -T && passwd -S root && " +
                    'awk -F: \'$2 == "" { print "no-password " $1 }\' /etc/shadow',
            );
            const settings = new Map(
                output
                    .toLowerCase()
                    .split("\n")
                    .map((line) => [line.split(" ")[0] ?? "", line]),
            );
            const problems = [
                ...(code === 0 ? [] : [`sshd -T or passwd failed: ${output.trim().split("\n").at(-1)}`]),
                ...["passwordauthentication", "kbdinteractiveauthentication", "permitemptypasswords"]
                    .filter((key) => settings.get(key) !== `${key} no`)
                    .map((key) => settings.get(key) ?? `${key} is unknown`),
                ...(["prohibit-password", "without-password", "no"].some(
                    (value) => settings.get("permitrootlogin") === `permitrootlogin ${value}`,
                )
                    ? []
                    : [settings.get("permitrootlogin") ?? "permitrootlogin is unknown"]),
                ...(settings.has("no-password") ? [settings.get("no-password") ?? ""] : []),
                ...(settings.get("root")?.startsWith("root l") || settings.get("root")?.startsWith("root *")
                    ? []
                    : ["root has a password"]),
            ];
            return verdict(machine.name, problems, "keys only; root's password is locked");
        },
    );

/** Text that tells a stranger which program answers, or in which version. */
const identifyingText =
    /nginx\/|tengine\/|apache\/|coyote|tomcat|jsp\/|servlet\/|openssl|debian|centos|php\/|\bat org\.|java\.lang/i;

/** What is asked for. What an application's own pages say is its own business. */
const bannerPages = (lab: RunningLab) =>
    isSample(lab.description)
        ? ["", "no-such-page", "health", "counter.jsp?op=%00", "%", "WEB-INF/web.xml", "status", "%C0%AE%C0%AE/x"]
        : ["%", "status", `${startPath(lab.description).slice(1)}WEB-INF/web.xml`];

/** Headers and error pages show no versions, programs or stack traces. */
export const banners: Check = (lab) =>
    each(
        bannerPages(lab),
        (page) => `/${page}`,
        async (page) => {
            const answer = await lab.request(`${lab.access.url}${page}`);
            const head = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`);
            const problems = [...head, answer.body]
                .flatMap((text) => identifyingText.exec(text)?.[0] ?? [])
                .map((word) => `the answer has "${word}"`);
            const wrong = page.endsWith("WEB-INF/web.xml") && answer.status === 200 ? ["the file is served"] : [];
            return verdict(
                `/${page}`,
                [...problems, ...wrong],
                `${answer.status}, Server: ${answer.headers.server ?? "-"}`,
            );
        },
    );

/**
 * Tomcat has no applications of its own, no shutdown port, no configuration files that others can read, and no programs
 * that its user can change.
 */
export const tomcat: Check = (lab) =>
    each(
        lab.machinesWith("app"),
        ({ name }) => name,
        async (machine) => {
            const { output } = await lab.ssh(
                machine,
                `ls /usr/local/tomcat/webapps
grep -c 'Server port="-1"' /usr/local/tomcat/conf/server.xml
find -L /usr/local/tomcat/conf -perm -o=r -type f | wc -l
find -L /usr/local/tomcat/bin /usr/local/tomcat/lib /usr/local/tomcat/conf -user tomcat | wc -l`,
            );
            const lines = output.trim().split("\n");
            const [shutdown, readable, writable] = lines.slice(-3);
            const applications = lines.slice(0, -3);
            return verdict(
                machine.name,
                [
                    ...applications.map((name) => `webapps has ${name}`),
                    ...(shutdown === "1" ? [] : ["server.xml has a shutdown port"]),
                    ...(readable === "0" ? [] : [`all users can read ${readable} of its configuration files`]),
                    ...(writable === "0" ? [] : [`its user owns ${writable} of its programs and configuration files`]),
                ],
                "no default applications, no shutdown port",
            );
        },
    );

const enterMounts = 'nsenter --target "$pid" --mount';
const checkNoNewPrivileges = `    [ "$(status NoNewPrivs)" = 1 ] || echo "$unit can gain privileges"\n`;

/**
 * The processes of our services have lost the privileges that roles/hardening.ts takes away. The processes are asked,
 * because systemd silently ignores a directive that it does not know or cannot carry out. Databases have the
 * distribution's own units.
 */
export const hardening: Check = (lab) =>
    each(
        lab.access.machines.filter(({ roles }) => roles.some((role) => role !== "database")),
        ({ name }) => name,
        async (machine) => {
            const { noNewPrivileges } = lab.platform;
            const units = machine.services.filter((unit) => unit !== databaseOf(lab.description).unit);
            const { output } = await lab.ssh(
                machine,
                `for unit in ${words(units)}; do
    pid=$(systemctl show --property=MainPID "$unit" | cut -d= -f2)
    status() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$pid/status"; }
    for folder in /usr /etc; do ! ${enterMounts} test -w $folder || echo "$unit can write to $folder"; done
    [ -z "$(${enterMounts} ls -A /home /root 2>/dev/null | grep -v :)" ] || echo "$unit sees /home or /root"
${noNewPrivileges ? checkNoNewPrivileges : ""}    # Bit 21: CAP_SYS_ADMIN, by which the rest could be undone.
    [ $(( 0x$(status CapBnd) >> 21 & 1 )) = 0 ] || echo "$unit keeps CAP_SYS_ADMIN"
done
echo looked`,
            );
            const lines = output.trim().split("\n");
            if (lines.pop() !== "looked") throw new CannotRun(output.trim());
            return verdict(
                machine.name,
                lines,
                `${units.map((unit) => unit.replace(/\.service$/, "")).join(", ")}: ` +
                    "no way to write to programs and configuration, or to gain privileges",
            );
        },
    );
