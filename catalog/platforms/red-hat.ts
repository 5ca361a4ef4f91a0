/** What the distributions of Red Hat's family have in common. */
import { words } from "../../lib/shell";
import type { Platform, Repository } from "./platform";

/**
 * yum (dnf has the same words). Its packages enable and start nothing by themselves. Nothing is asked of a mirror when nothing is missing.
 * `distribution`: shell lines that make the distribution's own repositories such that they can be used.
 */
export const installPackages =
    (distribution: string[]) =>
    (packages: string[], repositories: Repository[] = []) => `set -eu
missing=
for package in ${words(packages)}; do
    rpm --query --quiet "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
${[...distribution, ...repositories.map(addRepository)].map((line) => `${line}\n`).join("")}# shellcheck disable=SC2086 # a list of words
yum --quiet --assumeyes install $missing
`;

/** yum imports a repository's key by itself (`--assumeyes`), and that from nowhere but the file that is named (yum.conf(5), gpgkey). */
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

/** SELinux stays enforcing; what a role may do more is a boolean, set once (setsebool -P takes seconds) and where the policy knows it. */
const allow = (boolean: string) =>
    `if getsebool ${boolean} 2>/dev/null | grep -q 'off$'; then setsebool -P ${boolean} on; fi`;

/** The parts that do not differ between the family's members. */
export const redHat = {
    kinds: ["vm"],
    packages: {
        base: ["curl", "ca-certificates", "diffutils", "tar", "policycoreutils", "nftables"],
        memcached: ["memcached"],
        httpd: ["httpd"],
        keepalived: ["keepalived"],
        directorRuntime: ["pcre", "zlib", "openssl-libs", "gd"],
        // Seed row 18 names pcre-devel and gd-devel.
        directorBuild: ["gcc", "make", "bzip2", "tar", "pcre-devel", "zlib-devel", "openssl-devel", "gd-devel"],
    },
    jdks: {
        openjdk: { packages: ["java-1.8.0-openjdk-headless"], home: "/usr/lib/jvm/jre-1.8.0-openjdk" },
        // Seed row 10.
        "oracle-rpm": { packages: [], rpm: "jdk-8u45", home: "/usr/java/jdk1.8.0_45" },
    },
    memcached: { unit: "memcached.service", user: "memcached", program: "/usr/bin/memcached" },
    httpd: {
        unit: "httpd.service",
        user: "apache",
        virtualHostFile: "/etc/httpd/conf.d/virtual.conf",
        test: "apachectl configtest 2>&1",
        prepare: (site: string) => [
            "# The main server's own site, and the page that stands in for a missing one (seed row 16).",
            "sed -i 's/^DocumentRoot /#&/' /etc/httpd/conf/httpd.conf",
            ": > /etc/httpd/conf.d/welcome.conf",
            "# httpd_selinux(8): httpd speaks to Tomcat over the network.",
            allow("httpd_can_network_connect"),
            "# It looks whether its DocumentRoot is there, and the policy knows no such folder (semanage-fcontext(8)).",
            `semanage fcontext --list --locallist | grep -qF '${site}(' || semanage fcontext --add --type httpd_sys_content_t '${site}(/.*)?'`,
            `label ${site}`,
        ],
    },
    firewall: {
        unit: "nftables.service",
        program: "/usr/sbin/nft",
        configurationFile: "/etc/sysconfig/nftables.conf",
        finish: [
            "# Of two packet filters only what both let in gets in, and firewalld knows none of the lab's doors (RHEL 9, Configuring firewalls and packet",
            "# filters: run one of them only). CentOS's cloud images come without it (their kickstarts remove it); another image may not.",
            "if [ -e /usr/lib/systemd/system/firewalld.service ]; then systemctl --quiet stop firewalld.service; systemctl --quiet mask firewalld.service; fi",
        ],
    },
    sshUnit: "sshd.service",
    noLogin: "/sbin/nologin",
    noNewPrivileges: false,
} satisfies Partial<Platform>;
