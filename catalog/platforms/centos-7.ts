import type { Platform } from "./platform";
import { bindAdministrator, grantUsage, mariadbLogs, mysqlOn } from "./database-servers";
import { installPackages, redHat, rsyslogFiles } from "./red-hat";

/**
 * CentOS 7 is the article's distribution. It ended in June 2024, and only the project's archive still has its packages.
 * Source of package and path names: the package lists of 7.9.2009 and the System Administrator's Guide of Red Hat
 * Enterprise Linux 7.
 */
const repositories = [
    "# shellcheck disable=SC2016 # yum replaces $releasever",
    "sed -i -e 's/^mirrorlist=/#mirrorlist=/' -e " +
        "'s|^#*baseurl=.*/centos/$releasever/|baseurl=https://vault.centos.org/7.9.2009/|' " +
        "/etc/yum.repos.d/CentOS-Base.repo",
];

export const centos7: Platform = {
    ...redHat,
    name: "centos-7",
    loginUser: "centos",
    // The second package has semanage.
    packages: { ...redHat.packages, httpd: ["httpd", "policycoreutils-python"] },
    image: {
        // The last image that was published. The sum is from the publisher's sha256sum.txt.
        source: "https://cloud.centos.org/centos/7/images/CentOS-7-x86_64-GenericCloud-2211.qcow2",
        sha256: "284aab2b23d91318f169ff464bce4d53404a15a0618ceb34562838c59af4adea",
    },
    installPackages: installPackages(repositories),
    systemLogs: [rsyslogFiles("/etc/logrotate.d/syslog")],
    // httpd 2.4.6.
    httpd: { ...redHat.httpd, hasResponseFieldSize: false, hasHeaderExpressions: false },
    databases: {
        mysql: mysqlOn(7),
        // MariaDB 5.5, the distribution's replacement for MySQL.
        mariadb: {
            packages: ["mariadb-server"],
            unit: "mariadb.service",
            logs: [mariadbLogs],
            configurationFile: "/etc/my.cnf.d/lab.cnf",
            settings: ["plugin-load = unix_socket=auth_socket.so"],
            prepare: [],
            client: "mysql",
            dump: "mysqldump",
            socket: "/var/lib/mysql/mysql.sock",
            ping: "mysqladmin --silent ping",
            administrator: bindAdministrator,
            account: grantUsage,
        },
    },
    keepalived: {
        unit: "keepalived.service",
        // SELinux's policy lets keepalived change its user only since September 2019 (selinux-policy, keepalived.te),
        // and CentOS 7 may not have that. If the check cannot run, no director gets the virtual address; as root it
        // runs without that right.
        scriptUser: "root",
        // keepalived 1.3.5 has no --config-test, and reads a script's interval in whole seconds (its vrrp_parser.c).
        test: undefined,
        shortestCheckInterval: 1,
        keepsConnections: false,
    },
};
