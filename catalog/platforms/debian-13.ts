import { words } from "../../lib/shell";
import { mariadbReading } from "./database-servers";
import type { Platform } from "./platform";

/**
 * `apt-get` run so that no freshly installed service starts: each starts when its role has written its configuration.
 * (policy-rc.d: Debian's invoke-rc.d interface; 101 means "action forbidden".) Nothing is asked of a mirror when nothing is missing, and its
 * lists, which take as long as some packages, only where those that are there are a day old, or name what the mirror has no more.
 */
const installPackages = (packages: string[]) => `set -eu
export DEBIAN_FRONTEND=noninteractive
missing=
for package in ${words(packages)}; do
    dpkg-query --show --showformat='\${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
log=$(mktemp)
trap 'rm -f /usr/sbin/policy-rc.d "$log"' EXIT
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
apt="apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0"
dpkg --configure -a
# Pages of what packages say about themselves: shown only when it fails.
# shellcheck disable=SC2086 # two lists of words
install() { $apt --yes --no-install-recommends -o Dpkg::Options::=--force-confold install $missing >"$log" 2>&1; }
lists=$(find /var/lib/apt/lists/partial -maxdepth 0 -mmin -1440 2>/dev/null || true)
if [ -z "$lists" ] || ! install; then
    $apt update
    install || { tail -n 30 "$log" >&2; exit 1; }
fi
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
        base: ["curl", "ca-certificates", "nftables"],
        memcached: ["memcached"],
        httpd: ["apache2"],
        keepalived: ["keepalived"],
        directorRuntime: ["libpcre2-8-0", "zlib1g", "libssl3t64", "libgd3"],
        directorBuild: ["gcc", "make", "bzip2", "libc6-dev", "libpcre2-dev", "zlib1g-dev", "libssl-dev", "libgd-dev"],
    },
    packageProxy: aptProxy,
    installPackages,
    // From unstable: Debian 13 itself has no JDK 8 (the image pins unstable so that only what is asked for by name comes from it).
    jdks: { openjdk: { packages: ["openjdk-8-jre-headless"], home: "/usr/lib/jvm/java-8-openjdk-amd64" } },
    databases: {
        // 11.8. MySQL is not in Debian 13.
        mariadb: mariadbReading("/etc/mysql/mariadb.conf.d/90-lab.cnf"),
    },
    memcached: { unit: "memcached.service", user: "memcache", program: "/usr/bin/memcached" },
    httpd: {
        unit: "apache2.service",
        user: "www-data",
        virtualHostFile: "/etc/apache2/sites-enabled/virtual.conf",
        test: "apache2ctl -t",
        prepare: () => [
            "rm -f /etc/apache2/sites-enabled/000-default.conf",
            "a2enmod --quiet proxy proxy_http >/dev/null",
        ],
    },
    keepalived: {
        unit: "keepalived.service",
        scriptUser: "keepalived_script",
        test: (file) => `keepalived --config-test --use-file ${file}`,
        shortestCheckInterval: 0.1,
    },
    firewall: {
        unit: "nftables.service",
        program: "/usr/sbin/nft",
        configurationFile: "/etc/nftables.conf",
        finish: [],
    },
    sshUnit: "ssh.service",
    noLogin: "/usr/sbin/nologin",
    noNewPrivileges: true,
};
