import * as fs from "node:fs";
import * as path from "node:path";
import { platforms } from "../catalog/platforms/index";
import { isSample } from "../config/application";
import { mistakeIf } from "../config/checks/check";
import { databaseOf } from "../config/chosen-database";
import { machinesWith, type LabDescription } from "../config/description";
import type { Mistake } from "../config/mistakes";
import { checkout } from "../lib/environment";
import { quote } from "../lib/shell";
import { addressesOf } from "./addresses";
import { accountNamesFile, accountsSql } from "./database-accounts";
import { monitoringOf } from "./monitoring";
import { restarted } from "./restarted";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext, RoleDefinition } from "./role-definition";
import { render } from "./template";

/** Of MariaDB and MySQL. */
const port = 3306;

/** The database server with the application's database, account and schema (article, rows 7 and 15). */
export const database: RoleDefinition = {
    name: "database",
    withoutIt: "the site would have no database",
    onlyOne: "replication is not what this project does",
    holdsData: true,
    // The buffer pool has 128 MiB by default.
    memoryMiB: () => 192,
    mistakes: (description) => [...serverInstalls(description), ...schemaIsThere(description)],
    steps: [{ name: "database", component: "lab:Database", configuration: databaseConfiguration }],
    worksAfter: "database",
    packages: (description) => databaseOf(description).packages,
    repositories: (description) => {
        const { repository } = databaseOf(description);
        return repository ? [repository] : [];
    },
    logs: (description) => databaseOf(description).logs,
    units: (description) => [databaseOf(description).unit],
    processes: () => [{ program: /^(mariadbd|mysqld)$/, user: "mysql" }],
    exporters: ({ description, monitoring: { databaseExporter, prometheus, user } }) => {
        const file = `${prometheus.configurationFolder}/mysqld-exporter.cnf`;
        return [
            {
                job: "database",
                port: exporterPort,
                service: {
                    ...databaseExporter,
                    arguments: [
                        `--web.listen-address=:${exporterPort}`,
                        `--config.my-cnf=${file}`,
                        ...notCollected.map((name) => `--no-collect.${name}`),
                    ],
                    files: [
                        {
                            path: file,
                            content: render("etc/prometheus/mysqld-exporter.cnf", {
                                user,
                                socket: databaseOf(description).socket,
                            }),
                        },
                    ],
                },
            },
        ];
    },
    doors: (description) => [
        {
            what: "the database",
            port,
            on: machinesWith(description, "database"),
            from: addressesOf(machinesWith(description, "app")),
        },
    ],
};

const exporterPort = 9104;
/** What no rule and no graph reads. */
const notCollected = [
    "slave_status",
    "info_schema.innodb_cmp",
    "info_schema.innodb_cmpmem",
    "info_schema.query_response_time",
];

const schemaFile = "/usr/local/share/lab/schema.sql";
/** The text of the schema. Undefined for an application that makes its tables in another way. */
function schemaOf(description: LabDescription): string | undefined {
    const file = description.database.schema ?? (isSample(description) ? "site/schema.sql" : undefined);
    return file === undefined ? undefined : fs.readFileSync(path.resolve(checkout, file), "utf8");
}

function schemaIsThere({ database: { schema } }: LabDescription): Mistake[] {
    return mistakeIf(schema !== undefined && !fs.existsSync(path.resolve(checkout, schema)), () => ({
        path: "database.schema",
        problem: `${path.resolve(checkout, schema ?? "")} does not exist`,
        remedy: "put the file there, or name another one",
    }));
}

export function databaseConfiguration({
    description,
    machine,
    passwords,
}: Pick<RoleContext, "description" | "machine" | "passwords">): RoleConfiguration {
    const monitoring = monitoringOf(description);
    const { unit, configurationFile, settings, prepare, client, ping } = databaseOf(description);
    const schema = schemaOf(description);
    return {
        prepare: [...prepare, rememberUser(description.database.user)],
        files: [
            { path: configurationFile, content: render("etc/mysql/lab.cnf", { address: machine.address, settings }) },
            ...(schema === undefined ? [] : [{ path: schemaFile, content: schema }]),
            restarted(unit),
        ],
        service: { unit },
        secrets: { "accounts.sql": passwords.database.apply((text) => accountsSql(description, text)) },
        ready: { command: ping, seconds: 600 },
        // The schema is installed here alone, so it does not matter which app server comes first.
        finish: [
            `${client} < "$secrets/accounts.sql"`,
            ...(schema === undefined ? [] : [`${client} ${description.database.name} < ${schemaFile}`]),
            ...(monitoring ? [`${client} -e ${quote(exporterAccount(monitoring.user))}`] : []),
        ],
    };
}

/** It may see how the server is, and nothing of the data. */
const exporterAccount = (user: string) =>
    `CREATE USER IF NOT EXISTS '${user}'@'localhost' IDENTIFIED VIA unix_socket; ` +
    `GRANT PROCESS ON *.* TO '${user}'@'localhost';`;

/** An account can only be dropped by somebody who knows the name under which it was made. */
const rememberUser = (user: string) =>
    `grep -qxF ${user} ${accountNamesFile} 2>/dev/null || echo ${user} >> ${accountNamesFile}`;

function serverInstalls({ platform, database: { server } }: LabDescription): Mistake[] {
    const { databases } = platforms[platform];
    return mistakeIf(!databases[server], () => ({
        path: "database.server",
        problem: `no ${server} installs on ${platform}`,
        remedy: `choose from ${Object.keys(databases).join(", ")}, or leave it away`,
    }));
}
