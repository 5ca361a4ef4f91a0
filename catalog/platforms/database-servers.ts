/**
 * Database servers independent of the platform: SQL for accounts, MariaDB of a distribution, MySQL of its publisher.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import type { DatabaseServer, LogFiles } from "./platform";

/**
 * For MariaDB since 10.1 and MySQL since 5.7. A new account has its password from the start; an existing one gets the
 * new password.
 */
export const createUser = (account: string, password: string) => [
    `CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY ${password};`,
    `ALTER USER ${account} IDENTIFIED BY ${password};`,
];

/** The server is asked only if it runs: `client` fails otherwise, and there is nothing to open then. */
const reopen = (unit: string, client: string) =>
    `! systemctl --quiet is-active ${unit} || ${client} -e 'FLUSH LOCAL ERROR LOGS, SLOW LOGS'`;

/** The log files of the Red Hat family's MariaDB. `mysql` is the client's name in all of its versions. */
export const mariadbLogs: LogFiles = {
    files: ["/var/log/mariadb/*.log"],
    create: "640 mysql mysql",
    reopen: reopen("mariadb.service", "mysql"),
    replaces: "/etc/logrotate.d/mariadb",
};

/**
 * Since 11.4, MariaDB makes an RSA key of 4096 bits at each start where it has no certificate: 0.1 to 3 s. The
 * application's driver uses no TLS, and the administrator uses the local socket.
 */
const withoutTls = ["skip-ssl", "", "[client]", "# Newer clients insist on TLS by default.", "loose-skip-ssl"];

/** The distribution's MariaDB, version 10.4 or newer: its programs are called mariadb. */
export const mariadbReading = (configurationFile: string, logs: LogFiles, socket: string): DatabaseServer => ({
    packages: ["mariadb-server"],
    unit: "mariadb.service",
    logs: [{ ...logs, create: "640 mysql mysql", reopen: reopen("mariadb.service", "mariadb") }],
    configurationFile,
    settings: withoutTls,
    prepare: [],
    client: "mariadb",
    dump: "mariadb-dump",
    socket,
    ping: "mariadb-admin --silent ping",
    administrator: [],
    account: createUser,
});

/**
 * For MariaDB 5.5, which has neither IF NOT EXISTS nor ALTER USER. GRANT makes an account or changes its password (its
 * SQL reference, GRANT).
 */
export const grantUsage = (account: string, password: string) => [
    `GRANT USAGE ON *.* TO ${account} IDENTIFIED BY ${password};`,
];

/**
 * For MariaDB 5.5, which is installed with accounts without a password. Binds root's account to the machine's user root
 * (plugin unix_socket) and removes the others. Newer versions are installed in this state.
 */
export const bindAdministrator = [
    "GRANT ALL PRIVILEGES ON *.* TO 'root'@'localhost' IDENTIFIED VIA unix_socket WITH GRANT OPTION;",
    "SET @open = (SELECT GROUP_CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.user " +
        "WHERE user = '' OR (user = 'root' AND host <> 'localhost'));",
    "SET @statement = IF(@open IS NULL, 'DO 0', CONCAT('DROP USER ', @open));",
    "PREPARE close_accounts FROM @statement;",
    "EXECUTE close_accounts;",
];

const key = fs.readFileSync(
    path.join(__dirname, "..", "..", "files", "etc", "pki", "rpm-gpg", "RPM-GPG-KEY-mysql"),
    "utf8",
);

const data = "/var/lib/mysql";

/**
 * MySQL 8.4 LTS (supported until 2032) from its publisher's repository for Enterprise Linux (manual, "Installing MySQL
 * on Linux Using the MySQL Yum Repository"). The key is from the manual's "Signature Checking Using GnuPG": BCA4 3417
 * C3B4 85DD 128E C6D4 B7B3 B788 A8D3 785C. It signs 8.4.7 and newer, and expires on 2027-10-23.
 */
export const mysqlOn = (enterpriseLinux: number): DatabaseServer => ({
    packages: ["mysql-community-server"],
    repository: {
        name: "mysql",
        title: "MySQL 8.4 LTS, by its publisher",
        address: `https://repo.mysql.com/yum/mysql-8.4-community/el/${enterpriseLinux}/$basearch/`,
        key,
    },
    unit: "mysqld.service",
    logs: [
        {
            files: ["/var/log/mysqld.log"],
            create: "640 mysql mysql",
            reopen: reopen("mysqld.service", "mysql"),
            replaces: "/etc/logrotate.d/mysql",
        },
    ],
    configurationFile: "/etc/my.cnf.d/lab.cnf",
    // Nothing here uses the X protocol, which would open another port, nor the binary logs of 30 days.
    settings: ["mysqlx = OFF", "skip-log-bin"],
    prepare: [
        "# Without this, the first start generates a password for root and logs it (mysqld_pre_systemd). " +
            "Here root logs in through",
        "# the local socket without a password, as with the distribution's MariaDB.",
        `if [ ! -d ${data}/mysql ]; then`,
        `    rm -rf ${data} ${data}-new`,
        `    install -d -o mysql -g mysql -m 751 ${data}-new`,
        "    statements=$(mktemp)",
        '    chmod 644 "$statements"',
        "    cat > \"$statements\" <<'END'",
        "INSTALL PLUGIN auth_socket SONAME 'auth_socket.so';",
        "ALTER USER 'root'@'localhost' IDENTIFIED WITH auth_socket;",
        "END",
        `    quietly "mysqld --no-defaults --initialize-insecure --user=mysql --datadir=${data}-new ` +
            `--init-file=$statements"`,
        '    rm -f "$statements"',
        `    mv ${data}-new ${data}`,
        `    label ${data}`,
        "fi",
        "# MySQL's my.cnf does not include this folder.",
        "grep -qxF '!includedir /etc/my.cnf.d' /etc/my.cnf || { changed; " +
            "echo '!includedir /etc/my.cnf.d' >> /etc/my.cnf; }",
    ],
    client: "mysql",
    dump: "mysqldump",
    socket: `${data}/mysql.sock`,
    ping: "mysqladmin --silent ping",
    administrator: [],
    account: createUser,
});
