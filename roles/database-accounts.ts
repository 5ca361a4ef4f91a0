/** The accounts of the application in the database, as SQL. */
import * as crypto from "node:crypto";
import { databaseOf } from "../config/chosen-database";
import { stepFolder } from "./apply";
import { machinesWith, type LabDescription } from "../config/description";

/** On the database machine: every `database.user` that accounts were ever made for, one a line. */
export const accountNamesFile = `${stepFolder("database")}/users`;

/**
 * The account that the application logs in as. Another password makes another account, so app servers with the old and
 * with the new password work side by side during the change. 24 bits of the password's hash tell passwords apart and
 * reveal none.
 */
export const accountName = (description: LabDescription, password: string) =>
    `${description.database.user}_${crypto.createHash("sha256").update(password).digest("hex").slice(0, 6)}`;

/** Idempotent SQL that makes the database and its accounts. App servers alone may use the accounts. */
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

/**
 * SQL that drops the application's accounts for earlier passwords and earlier names (`database.user`), and for machines
 * that are no app servers any more. It reads the variable `@users`: every name that there was, separated by `|`.
 */
export function retiredAccountsSql(description: LabDescription, password: string): string {
    const addresses = machinesWith(description, "app")
        .map(({ address }) => `'${address}'`)
        .join(", ");
    return [
        "SET SESSION group_concat_max_len = 1000000;",
        "SET @gone = (SELECT GROUP_CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.user " +
            "WHERE user REGEXP CONCAT('^(', @users, ')(_[0-9a-f]{6})?$') AND NOT " +
            `(user = '${accountName(description, password)}' AND host IN (${addresses})));`,
        "SET @statement = IF(@gone IS NULL, 'DO 0', CONCAT('DROP USER ', @gone));",
        "PREPARE forget FROM @statement;",
        "EXECUTE forget;",
        "",
    ].join("\n");
}

const sqlString = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
