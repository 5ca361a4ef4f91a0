import { words } from "../../lib/shell";
import { mariadbReading } from "./database-servers";
import type { Platform } from "./platform";

/** Debian names a package, its unit and its program alike. */
const prometheusProgram = (name: string) => ({
    package: name,
    unit: `${name}.service`,
    program: `/usr/bin/${name}`,
});

/** The second has names such as US/Pacific. */
const timeZones = ["tzdata", "tzdata-legacy"];

const isInstalled = `dpkg-query --show --showformat='\${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii'`;

/**
 * Installs missing packages with apt-get. policy-rc.d (exit code 101: "action forbidden") keeps services from starting,
 * because each role starts its service after writing its configuration. Package lists are downloaded only if they are a
 * day old or the installation fails.
 */
const installPackages = (packages: string[]) => `set -eu
export DEBIAN_FRONTEND=noninteractive
missing=
for package in ${words(packages)}; do
    ${isInstalled} || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
log=$(mktemp)
trap 'rm -f /usr/sbin/policy-rc.d "$log"' EXIT
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
apt="apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0"
dpkg --configure -a
# The output of apt-get is long. It is shown only after a failure.
# shellcheck disable=SC2086 # two lists of words
install() { $apt --yes --no-install-recommends -o Dpkg::Options::=--force-confold install $missing >"$log" 2>&1; }
with_new_lists() { $apt update >"$log" 2>&1 && install; }
lists=$(find /var/lib/apt/lists/partial -maxdepth 0 -mmin -1440 2>/dev/null || true)
if [ -z "$lists" ] || ! install; then
    with_new_lists || {
        # A proxy may have kept a damaged file. With this option it fetches every file anew.
        apt="$apt -o Acquire::http::No-Cache=true"
        with_new_lists
    } || { tail -n 30 "$log" >&2; exit 1; }
fi
`;

const aptGet = "DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0";

const newerPackages = `set -eu
${aptGet} update
${aptGet} --simulate dist-upgrade | sed -n 's/^Inst \\([^ ]*\\) .*(\\([^ ]*\\) .*/\\1 \\2/p'
`;

const upgradePackages = `set -eu
trap 'rm -f /usr/sbin/policy-rc.d' EXIT
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
dpkg --configure -a
${aptGet} --yes --no-install-recommends -o Dpkg::Options::=--force-confold dist-upgrade
`;

export const aptProxy = (address: string) => ({
    path: "/etc/apt/apt.conf.d/90lab-proxy",
    content: `Acquire::http::Proxy "${address}";\n`,
});

export const debian13: Platform = {
    name: "debian-13",
    kinds: ["container", "vm"],
    loginUser: "root",
    packages: {
        base: ["curl", "ca-certificates", "nftables", "logrotate"],
        memcached: ["memcached"],
        httpd: ["apache2"],
        keepalived: ["keepalived"],
        directorRuntime: ["libpcre2-8-0", "zlib1g", "libssl3t64", "libgd3"],
        directorBuild: ["gcc", "make", "bzip2", "libc6-dev", "libpcre2-dev", "zlib1g-dev", "libssl-dev", "libgd-dev"],
    },
    packageProxy: aptProxy,
    installPackages,
    newerPackages,
    upgradePackages,
    // Debian 13 has no JDK 8, so this one is from unstable. The image pins unstable, so that nothing else is installed
    // from there.
    jdks: { openjdk: { packages: ["openjdk-8-jre-headless"], home: "/usr/lib/jvm/java-8-openjdk-amd64" } },
    databases: {
        // 11.8. MySQL is not in Debian 13.
        mariadb: mariadbReading(
            "/etc/mysql/mariadb.conf.d/90-lab.cnf",
            { files: ["/var/log/mysql/*.log"], replaces: "/etc/logrotate.d/mariadb" },
            "/run/mysqld/mysqld.sock",
        ),
    },
    chrony: {
        unit: "chrony.service",
        user: "_chrony",
        configurationFile: "/etc/chrony/chrony.conf",
        pool: "2.debian.pool.ntp.org",
    },
    memcached: { unit: "memcached.service", user: "memcache", program: "/usr/bin/memcached" },
    httpd: {
        logFolder: "/var/log/apache2",
        rotation: "/etc/logrotate.d/apache2",
        rotatelogs: "/usr/bin/rotatelogs",
        unit: "apache2.service",
        user: "www-data",
        pidFile: "/run/apache2/apache2.pid",
        virtualHostFile: "/etc/apache2/sites-enabled/virtual.conf",
        test: "apache2ctl -t",
        hasResponseFieldSize: true,
        hasHeaderExpressions: true,
        prepare: () => [
            "rm -f /etc/apache2/sites-enabled/000-default.conf",
            "rm -f /etc/apache2/conf-enabled/other-vhosts-access-log.conf",
            "a2enmod --quiet headers proxy proxy_http remoteip >/dev/null",
        ],
    },
    keepalived: {
        unit: "keepalived.service",
        scriptUser: "keepalived_script",
        test: (file) => `keepalived --config-test --use-file ${file}`,
        shortestCheckInterval: 0.1,
        keepsConnections: true,
    },
    firewall: {
        unit: "nftables.service",
        program: "/usr/sbin/nft",
        configurationFile: "/etc/nftables.conf",
        finish: [],
    },
    monitoring: {
        user: "prometheus",
        prometheus: {
            ...prometheusProgram("prometheus"),
            configurationFolder: "/etc/prometheus",
            dataFolder: "/var/lib/prometheus/metrics2",
        },
        alertmanager: {
            ...prometheusProgram("prometheus-alertmanager"),
            dataFolder: "/var/lib/prometheus/alertmanager",
        },
        nodeExporter: {
            ...prometheusProgram("prometheus-node-exporter"),
            textFolder: "/var/lib/prometheus/node-exporter",
        },
        directorExporter: prometheusProgram("prometheus-nginx-exporter"),
        databaseExporter: prometheusProgram("prometheus-mysqld-exporter"),
        httpdExporter: prometheusProgram("prometheus-apache-exporter"),
        siteExporter: prometheusProgram("prometheus-blackbox-exporter"),
        timeZones,
    },
    sms: {
        packages: ["gammu-smsd", "python3", ...timeZones],
        unit: "gammu-smsd.service",
        user: "gammu",
        program: "/usr/bin/gammu-smsd",
    },
    systemLogs: [],
    sshUnit: "ssh.service",
    noLogin: "/usr/sbin/nologin",
    noNewPrivileges: true,
};
