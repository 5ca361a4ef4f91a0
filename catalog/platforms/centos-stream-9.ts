import type { Platform } from "./platform";
import { mariadbLogs, mariadbReading, mysqlOn } from "./database-servers";
import { installPackages, redHat, rsyslogFiles } from "./red-hat";

/**
 * CentOS Stream 9 still gets fixes, and is the last Stream with JDK 8. Repository CRB, disabled by default, has
 * development packages.
 */
const repositories = ["sed -i '/^\\[crb\\]/,/^\\[/ s/^enabled=0/enabled=1/' /etc/yum.repos.d/centos.repo"];

const images = "https://cloud.centos.org/centos/9-stream/x86_64/images";

export const centosStream9: Platform = {
    ...redHat,
    name: "centos-stream-9",
    loginUser: "cloud-user",
    // The second package has semanage.
    packages: { ...redHat.packages, httpd: ["httpd", "policycoreutils-python-utils"] },
    // The newest image; its sum changes with each release. A stack file can pin an image (lab:image).
    image: {
        source: `${images}/CentOS-Stream-GenericCloud-9-latest.x86_64.qcow2`,
    },
    installPackages: installPackages(repositories),
    systemLogs: [rsyslogFiles("/etc/logrotate.d/rsyslog")],
    databases: {
        mysql: mysqlOn(9),
        // MariaDB 10.5.
        mariadb: mariadbReading("/etc/my.cnf.d/lab.cnf", mariadbLogs, "/var/lib/mysql/mysql.sock"),
    },
    keepalived: {
        unit: "keepalived.service",
        scriptUser: "keepalived_script",
        test: (file) => `keepalived --config-test --use-file ${file}`,
        shortestCheckInterval: 0.1,
        keepsConnections: true,
    },
};
