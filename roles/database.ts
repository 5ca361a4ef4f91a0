import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { machinesWith, type LabDescription } from "../config/description";
import { databaseOf } from "../config/chosen-database";
import type { RoleArgs, RoleContext } from "../components/role";
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

/** Takes accounts away that no app server uses any more: for when all of them work with the new one. */
export class RetiredAccounts extends pulumi.ComponentResource {
    constructor(name: string, args: DatabaseArgs, opts: pulumi.ComponentResourceOptions) {
        super("lab:RetiredAccounts", name, {}, opts);
        args.host.configure("retired-accounts", retiredAccountsConfiguration(args), {
            parent: this,
            dependsOn: args.after,
        });
        this.registerOutputs();
    }
}

/** The site's schema; installed here and nowhere else, so it does not matter which app server comes first. */
const schema = () => fs.readFileSync(path.join(__dirname, "..", "site", "schema.sql"), "utf8");
const schemaFile = "/usr/local/share/lab/schema.sql";

export function databaseConfiguration({
    description,
    machine,
    password,
}: RoleContext & { password: pulumi.Output<string> }): RoleConfiguration {
    const { unit, configurationFile, settings, prepare, client, ping } = databaseOf(description);
    return {
        prepare,
        files: [
            { path: configurationFile, content: render("etc/mysql/lab.cnf", { address: machine.address, settings }) },
            { path: schemaFile, content: schema() },
        ],
        service: { unit },
        secrets: { "accounts.sql": password.apply((text) => accountsSql(description, text)) },
        ready: { command: ping, seconds: 600 },
        // Every statement bears being run again.
        finish: [`${client} < "$secrets/accounts.sql"`, `${client} ${description.database.name} < ${schemaFile}`],
    };
}

/**
 * The account that the site logs in as. Another password is another account: while it changes, app servers that still have the old one
 * go on working, and those that have the new one do already. 24 bits tell passwords apart and give none away.
 */
export const accountName = (description: LabDescription, password: string) =>
    `${description.database.user}_${crypto.createHash("sha256").update(password).digest("hex").slice(0, 6)}`;

/** Database and accounts, as SQL that may be run again and again. The account may be used from the app servers only. */
export function accountsSql(description: LabDescription, password: string): string {
    const { name } = description.database;
    const server = databaseOf(description);
    const accounts = machinesWith(description, "app").map(
        ({ address }) => `'${accountName(description, password)}'@'${address}'`,
    );
    return [
        ...server.administrator,
        `CREATE DATABASE IF NOT EXISTS \`${name}\` CHARACTER SET utf8mb4;`,
        ...accounts.flatMap((account) => [
            ...server.account(account, sqlString(password)),
            `GRANT SELECT, INSERT, UPDATE, DELETE ON \`${name}\`.* TO ${account};`,
        ]),
        "",
    ].join("\n");
}

/** Drops the site's other accounts: those of earlier passwords, and of machines that are no longer app servers. */
export function retiredAccountsSql(description: LabDescription, password: string): string {
    const { user } = description.database;
    const addresses = machinesWith(description, "app")
        .map(({ address }) => `'${address}'`)
        .join(", ");
    return [
        "SET @gone = (SELECT GROUP_CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.user " +
            `WHERE (user = '${user}' OR user REGEXP '^${user}_[0-9a-f]{6}$') AND NOT (user = '${accountName(description, password)}' AND host IN (${addresses})));`,
        "SET @statement = IF(@gone IS NULL, 'DO 0', CONCAT('DROP USER ', @gone));",
        "PREPARE forget FROM @statement;",
        "EXECUTE forget;",
        "",
    ].join("\n");
}

export const retiredAccountsConfiguration = ({
    description,
    password,
}: RoleContext & { password: pulumi.Output<string> }): RoleConfiguration => ({
    secrets: { "retired.sql": password.apply((text) => retiredAccountsSql(description, text)) },
    finish: [`${databaseOf(description).client} < "$secrets/retired.sql"`],
});

const sqlString = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
