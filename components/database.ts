import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { machinesWith, type Site } from "../config/site";
import type { RoleArgs, RoleContext } from "./role";
import type { RoleConfiguration } from "./role-configuration";
import { render } from "./template";

export interface DatabaseArgs extends RoleArgs {
    password: pulumi.Output<string>;
}

/** The database server with the site's database, its user and its schema (seed rows 7 and 15). */
export class Database extends pulumi.ComponentResource {
    constructor(name: string, args: DatabaseArgs, opts: pulumi.ComponentResourceOptions) {
        super("lab:Database", name, {}, opts);
        args.host.configure("database", databaseConfiguration(args), { parent: this });
        this.registerOutputs();
    }
}

/** The site's schema; installed here and nowhere else, so it does not matter which app server comes first. */
const schema = () => fs.readFileSync(path.join(__dirname, "..", "site", "schema.sql"), "utf8");
const schemaFile = "/usr/local/share/lab/schema.sql";

export function databaseConfiguration({ site, machine, platform, password }: RoleContext & { password: pulumi.Output<string> }): RoleConfiguration {
    const { unit, configurationFile, client, ping } = platform.database;
    return {
        files: [
            { path: configurationFile, content: render("etc/mysql/lab.cnf", { address: machine.address }) },
            { path: schemaFile, content: schema() },
        ],
        service: { unit },
        secrets: { "accounts.sql": password.apply((text) => accountsSql(site, text)) },
        ready: { command: ping, seconds: 120 },
        // Every statement bears being run again.
        finish: [`${client} < "$secrets/accounts.sql"`, `${client} ${site.database.name} < ${schemaFile}`],
    };
}

/**
 * Database and accounts, as SQL that may be run again and again. The user may log in from the app servers only; accounts for machines
 * that are no longer app servers go.
 */
export function accountsSql(site: Site, password: string): string {
    const { name, user } = site.database;
    const addresses = machinesWith(site, "app").map(({ address }) => address);
    const accounts = addresses.map((address) => `'${user}'@'${address}'`);
    return [
        `CREATE DATABASE IF NOT EXISTS \`${name}\` CHARACTER SET utf8mb4;`,
        ...accounts.flatMap((account) => [
            `CREATE USER IF NOT EXISTS ${account};`,
            `ALTER USER ${account} IDENTIFIED BY ${sqlString(password)};`,
            `GRANT SELECT, INSERT, UPDATE, DELETE ON \`${name}\`.* TO ${account};`,
        ]),
        `SET @gone = (SELECT GROUP_CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.user WHERE user = '${user}' AND host NOT IN (${addresses.map((address) => `'${address}'`).join(", ")}));`,
        "SET @statement = IF(@gone IS NULL, 'DO 0', CONCAT('DROP USER ', @gone));",
        "PREPARE forget FROM @statement;",
        "EXECUTE forget;",
        "",
    ].join("\n");
}

const sqlString = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
