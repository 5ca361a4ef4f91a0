/** What distributions of the Red Hat family have in common. */
import { words } from "../../lib/shell";
import type { LogFiles, Platform, Repository } from "./platform";

/**
 * Installs missing packages with yum, whose options dnf understands, too. The family's packages neither enable nor
 * start services. `distribution`: shell lines that configure the distribution's own repositories.
 */
export const installPackages =
    (distribution: string[]) =>
    (packages: string[], repositories: Repository[] = []) => `set -eu
missing=
for package in ${words(packages)}; do
    rpm --query --quiet "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
${asLines([...distribution, ...repositories.map(addRepository)])}# shellcheck disable=SC2086 # a list of words
yum --quiet --assumeyes install $missing
`;

const asLines = (texts: string[]) => texts.map((text) => `${text}\n`).join("");

/** With `--assumeyes`, yum imports a repository's key, but only from the file that gpgkey names (yum.conf(5)). */
const addRepository = ({ name, title, address, key }: Repository) => `cat > /etc/pki/rpm-gpg/RPM-GPG-KEY-${name} <<'END'
${key.trimEnd()}
END
cat > /etc/yum.repos.d/${name}.repo <<'END'
[${name}]
name=${title}
baseurl=${address}
enabled=1
gpgcheck=1
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-${name}
END`;

/**
 * Sets a boolean of SELinux, which stays enforcing. Only where the policy has it and it is off, because setsebool -P
 * takes seconds.
 */
const allow = (boolean: string) =>
    `if getsebool ${boolean} 2>/dev/null | grep -q 'off$'; then setsebool -P ${boolean} on; fi`;

/** What rsyslog writes beside the journal. `replaces`: the distribution's logrotate configuration. */
export const rsyslogFiles = (replaces: string): LogFiles => ({
    files: ["messages", "secure", "maillog", "cron", "spooler"].map((name) => `/var/log/${name}`),
    reopen: "systemctl kill --kill-who=main --signal=HUP rsyslog.service || true",
    replaces,
});

/** The settings that are the same on all of these distributions. */
export const redHat = {
    kinds: ["vm"],
    // Exit code 100: there are some.
    newerPackages: `yum --quiet check-update > /run/lab-newer || [ $? = 100 ]
awk '/^Obsoleting/ { exit } NF == 3 { print $1, $2 }' /run/lab-newer
`,
    upgradePackages: "yum --quiet --assumeyes update\n",
    packages: {
        base: ["curl", "ca-certificates", "diffutils", "tar", "policycoreutils", "nftables", "logrotate"],
        memcached: ["memcached"],
        httpd: ["httpd"],
        keepalived: ["keepalived"],
        directorRuntime: ["pcre", "zlib", "openssl-libs", "gd"],
        // The article names pcre-devel and gd-devel (row 18).
        directorBuild: ["gcc", "make", "bzip2", "tar", "pcre-devel", "zlib-devel", "openssl-devel", "gd-devel"],
    },
    jdks: {
        openjdk: { packages: ["java-1.8.0-openjdk-headless"], home: "/usr/lib/jvm/jre-1.8.0-openjdk" },
        // Article, row 10.
        "oracle-rpm": { packages: [], rpm: "jdk-8u45", home: "/usr/java/jdk1.8.0_45" },
    },
    chrony: {
        unit: "chronyd.service",
        user: "chrony",
        configurationFile: "/etc/chrony.conf",
        pool: "2.centos.pool.ntp.org",
    },
    memcached: { unit: "memcached.service", user: "memcached", program: "/usr/bin/memcached" },
    httpd: {
        logFolder: "/var/log/httpd",
        rotation: "/etc/logrotate.d/httpd",
        rotatelogs: "/usr/sbin/rotatelogs",
        unit: "httpd.service",
        user: "apache",
        virtualHostFile: "/etc/httpd/conf.d/virtual.conf",
        test: "apachectl configtest 2>&1",
        hasResponseFieldSize: true,
        hasHeaderExpressions: true,
        prepare: (site: string) => [
            "# Disable the main server's site, its log and its welcome page (article, row 16).",
            "sed -i -e 's/^DocumentRoot /#&/' -e 's/^ *CustomLog /#&/' /etc/httpd/conf/httpd.conf",
            ": > /etc/httpd/conf.d/welcome.conf",
            "# httpd connects to Tomcat over the network (httpd_selinux(8)).",
            allow("httpd_can_network_connect"),
            "# httpd has to read its DocumentRoot, and the policy has no label for that folder (semanage-fcontext(8)).",
            `semanage fcontext --list --locallist | grep -qF '${site}(' || ` +
                `semanage fcontext --add --type httpd_sys_content_t '${site}(/.*)?'`,
            `label ${site}`,
        ],
    },
    firewall: {
        unit: "nftables.service",
        program: "/usr/sbin/nft",
        configurationFile: "/etc/sysconfig/nftables.conf",
        finish: [
            "# firewalld would block the lab's ports: two packet filters both have to accept a packet (RHEL 9, " +
                "Configuring",
            "# firewalls and packet filters). CentOS's cloud images have no firewalld, but other images may.",
            "if [ -e /usr/lib/systemd/system/firewalld.service ]; then " +
                "systemctl --quiet stop firewalld.service; systemctl --quiet mask firewalld.service; fi",
        ],
    },
    sshUnit: "sshd.service",
    noLogin: "/sbin/nologin",
    noNewPrivileges: false,
} satisfies Partial<Platform>;
