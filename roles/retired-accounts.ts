import { databaseOf } from "../config/chosen-database";
import { accountNamesFile, retiredAccountsSql } from "./database-accounts";
import type { RoleConfiguration } from "./role-configuration";
import type { RoleContext, RoleDefinition } from "./role-definition";

/** Drops accounts that no app server uses any more, once all app servers work with the present one. */
export const retiredAccounts: RoleDefinition = {
    name: "database-retired-accounts",
    isImplied: ({ roles }) => roles.includes("database"),
    steps: [
        {
            name: "retired-accounts",
            component: "lab:RetiredAccounts",
            after: { roles: ["app"] },
            configuration: retiredAccountsConfiguration,
        },
    ],
    worksAfter: "retired-accounts",
};

export function retiredAccountsConfiguration({
    description,
    passwords,
}: Pick<RoleContext, "description" | "passwords">): RoleConfiguration {
    return {
        secrets: { "retired.sql": passwords.database.apply((text) => retiredAccountsSql(description, text)) },
        finish: [
            `users=$(paste -s -d '|' ${accountNamesFile})`,
            `{ echo "SET @users = '$users';"; cat "$secrets/retired.sql"; } | ${databaseOf(description).client}`,
        ],
    };
}
