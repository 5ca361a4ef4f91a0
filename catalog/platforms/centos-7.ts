import type { Platform } from "./platform";
import { bindAdministrator, grantUsage, mysqlOn } from "./database-servers";
import { installPackages, redHat } from "./red-hat";

/**
 * CentOS 7, the article's distribution. Its end was in June 2024: no mirror carries it any more, the project's archive does. Package and
 * path names: the distribution's 7.9.2009 package lists and Red Hat Enterprise Linux 7's System Administrator's Guide.
 */
const repositories = [
    "# shellcheck disable=SC2016 # yum knows $releasever",
    "sed -i -e 's/^mirrorlist=/#mirrorlist=/' -e 's|^#*baseurl=.*/centos/$releasever/|baseurl=https://vault.centos.org/7.9.2009/|' /etc/yum.repos.d/CentOS-Base.repo",
];

export const centos7: Platform = {
    ...redHat,
    name: "centos-7",
    loginUser: "centos",
    // With semanage.
    packages: { ...redHat.packages, httpd: ["httpd", "policycoreutils-python"] },
    image: {
        // The last one published; the sum is from the publisher's sha256sum.txt.
        source: "https://cloud.centos.org/centos/7/images/CentOS-7-x86_64-GenericCloud-2211.qcow2",
        sha256: "284aab2b23d91318f169ff464bce4d53404a15a0618ceb34562838c59af4adea",
    },
    installPackages: installPackages(repositories),
    databases: {
        mysql: mysqlOn(7),
        // 5.5, which took MySQL's place in the distribution.
        mariadb: {
            packages: ["mariadb-server"],
            unit: "mariadb.service",
            configurationFile: "/etc/my.cnf.d/lab.cnf",
            settings: ["plugin-load = unix_socket=auth_socket.so"],
            prepare: [],
            client: "mysql",
            ping: "mysqladmin --silent ping",
            administrator: bindAdministrator,
            account: grantUsage,
        },
    },
    keepalived: {
        unit: "keepalived.service",
        // SELinux lets keepalived become another user only since September 2019 (selinux-policy, keepalived.te), and whether that came to CentOS 7 is
        // not known. A check that could not run would keep the address from both directors. As root it takes no such right.
        scriptUser: "root",
        // 1.3.5 has no --config-test, and counts a script's interval in whole seconds (its vrrp_parser.c).
        test: undefined,
        shortestCheckInterval: 1,
    },
};
