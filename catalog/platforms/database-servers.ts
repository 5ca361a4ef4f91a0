/** What database servers have in common wherever they run: their words for accounts, and MySQL as its publisher packages it. */
import * as fs from "node:fs";
import * as path from "node:path";
import type { DatabaseServer } from "./platform";

/** MariaDB since 10.1 and MySQL since 5.7. An account never is without its password, and one that is there gets the new one. */
export const createUser = (account: string, password: string) => [
    `CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY ${password};`,
    `ALTER USER ${account} IDENTIFIED BY ${password};`,
];

/** The distribution's MariaDB since 10.4, whose programs have its own name; `configurationFile` is what it reads last. */
export const mariadbReading = (configurationFile: string): DatabaseServer => ({
    packages: ["mariadb-server"],
    unit: "mariadb.service",
    configurationFile,
    settings: [],
    prepare: [],
    client: "mariadb",
    ping: "mariadb-admin --silent ping",
    administrator: [],
    account: createUser,
});

/** MariaDB 5.5 knows neither IF NOT EXISTS nor ALTER USER: GRANT makes the account where there is none, and changes its password where there is (its SQL reference, GRANT). */
export const grantUsage = (account: string, password: string) => [
    `GRANT USAGE ON *.* TO ${account} IDENTIFIED BY ${password};`,
];

/**
 * MariaDB 5.5 comes with accounts without a password, which anybody on the machine may use: root's own is bound to the machine's root
 * (its plugin unix_socket), the others go. Newer ones come so.
 */
export const bindAdministrator = [
    "GRANT ALL PRIVILEGES ON *.* TO 'root'@'localhost' IDENTIFIED VIA unix_socket WITH GRANT OPTION;",
    "SET @open = (SELECT GROUP_CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.user WHERE user = '' OR (user = 'root' AND host <> 'localhost'));",
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
 * MySQL 8.4, the series with long-term support (to 2032), from its publisher's repository for Enterprise Linux of that version (manual, "Installing MySQL on
 * Linux Using the MySQL Yum Repository"). The key is the one of the manual's "Signature Checking Using GnuPG": BCA4 3417 C3B4 85DD 128E C6D4 B7B3 B788
 * A8D3 785C, for 8.4.7 and newer, good until 2027-10-23.
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
    configurationFile: "/etc/my.cnf.d/lab.cnf",
    // The X protocol has a port of its own that nobody here speaks to.
    settings: ["mysqlx = OFF"],
    prepare: [
        "# Its first start would make up a password for root and write it to a log, and have passwords judged (mysqld_pre_systemd). What is initialised",
        "# already is left alone by that: root is whoever is root on the machine, as in the distribution's MariaDB.",
        `if [ ! -d ${data}/mysql ]; then`,
        `    rm -rf ${data} ${data}-new`,
        `    install -d -o mysql -g mysql -m 751 ${data}-new`,
        "    statements=$(mktemp)",
        '    chmod 644 "$statements"',
        "    cat > \"$statements\" <<'END'",
        "INSTALL PLUGIN auth_socket SONAME 'auth_socket.so';",
        "ALTER USER 'root'@'localhost' IDENTIFIED WITH auth_socket;",
        "END",
        `    quietly "mysqld --no-defaults --initialize-insecure --user=mysql --datadir=${data}-new --init-file=$statements"`,
        '    rm -f "$statements"',
        `    mv ${data}-new ${data}`,
        `    label ${data}`,
        "fi",
        "# Its my.cnf does not look there.",
        "grep -qxF '!includedir /etc/my.cnf.d' /etc/my.cnf || { changed; echo '!includedir /etc/my.cnf.d' >> /etc/my.cnf; }",
    ],
    client: "mysql",
    ping: "mysqladmin --silent ping",
    administrator: [],
    account: createUser,
});
